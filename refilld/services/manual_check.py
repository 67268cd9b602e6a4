"""Manual check: look at an order's target at once if the budget allows, and answer the customer."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from jobs import request_accounting, routing
from jobs.configured_source import ConfiguredSource
from jobs.look_recording import RecordedLook
from jobs.sampling import Sampling
from jobs.target_selection import CLAIMED_FOR, claim_requests
from monitor.evaluation.target_state import TargetState
from monitor.guarantee.customer_answers import Answer
from monitor.model.snapshot import Outcome
from monitor.sources.budget import Purpose
from refilld.services import refill_requests
from refilld.services.look_obstacle import opened
from refilld.services.refill_requests import Recheck
from storage import due, order_states, routes, targets
from storage.due import DueTarget
from storage.engine import Database, Transaction
from storage.errors import UnreachableError

CONCLUSIVE = frozenset(
    {Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN, Outcome.NOT_FOUND, Outcome.UNAVAILABLE}
)
"""Outcomes that describe the target, and not the source."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """The targets of one request, which no other process looks at until a time."""

    source: ConfiguredSource
    targets: list[TargetState]
    until: datetime


@dataclass(frozen=True, slots=True)
class ManualCheck:
    """Answers customers' requests."""

    database: Database
    sampling: Sampling
    clock: Callable[[], datetime]

    def check(self, order_id: str, *, fresh: bool = False, look_only: bool = False) -> tuple[Answer, Recheck]:
        """Record the request, look if that is possible now, and answer. Raises NotFoundError.

        The request of a covered order is pending until a judged count leaves no drop undecided. With `fresh`
        it looks even while the last answer stands. With `look_only` no request is recorded.
        """
        now = self.clock()
        request = refill_requests.request_look if look_only else refill_requests.request_refill
        with self.database.write() as tx:
            state, recheck = request(tx, order_id, now, fresh=fresh)
            claimed = self._claim(tx, state, now) if recheck is Recheck.DUE else None
        if claimed is None:
            return self._unlooked(order_id, recheck)
        conclusive = False
        while claimed is not None:
            looks = self._look(claimed)
            conclusive = any(
                one.snapshot.target == state.target and one.snapshot.outcome in CONCLUSIVE for one in looks
            )
            claimed = self._next_source(order_id, claimed.source)
        with self.database.read() as tx:
            answer = refill_requests.answer_now(tx, order_id, self.clock())
        return answer, Recheck.DONE if conclusive else Recheck.FAILED

    def _unlooked(self, order_id: str, recheck: Recheck) -> tuple[Answer, Recheck]:
        """The result of a check without a look."""
        enabled = opened(self.sampling.sources, self.sampling.policy.router)
        with self.database.read() as tx:
            now = self.clock()
            obstacle = refill_requests.obstacle_of(tx, order_id, recheck, enabled, now)
            answer = refill_requests.answer_now(tx, order_id, now, obstacle)
        return answer, refill_requests.hindered(recheck, obstacle)

    def _look(self, claimed: _Claimed) -> list[RecordedLook]:
        """Look at the claimed targets, and give them back if a fault of the database prevents that."""
        try:
            return self.sampling.look(claimed.source, claimed.targets, Purpose.CHECK)
        except UnreachableError:
            with suppress(UnreachableError), self.database.write() as tx:
                due.give_back(tx, [(one.target_id, claimed.until) for one in claimed.targets])
            raise

    def _next_source(self, order_id: str, before: ConfiguredSource) -> _Claimed | None:
        """Claim the target for the next source after one that could not see it; None when there is none."""
        with self.database.write() as tx:
            state = targets.of_order(tx, order_id, lock=True)
            if state.schedule.source == before.source.name:
                return None
            return self._claim(tx, state, self.clock())

    def _claim(self, tx: Transaction, state: TargetState, now: datetime) -> _Claimed | None:
        """Claim the targets of the request, and charge it; None when the source may not be used now."""
        state = self._routed(tx, state)
        for configured in self.sampling.sources:
            if configured.source.name == state.schedule.source and _may_look(tx, configured, now):
                target = DueTarget(state.target_id, state.schedule.request_key, "", None, None)
                for found in claim_requests(tx, configured, [target], now):
                    request_accounting.charge(tx, configured, now, len(found), Purpose.CHECK)
                    return _Claimed(configured, found, now + CLAIMED_FOR)
        return None

    def _routed(self, tx: Transaction, state: TargetState) -> TargetState:
        """The target with its source; a new one, or one of a source that is not enabled, is routed first."""
        router = self.sampling.policy.router
        enabled = {configured.source.name for configured in self.sampling.sources}
        if state.schedule.source in enabled or router is None:
            return state
        routed = routing.routed(router, state, order_states.of_target(tx, state.target_id))
        if routed.schedule.source:
            routes.save_routes(tx, [routed], {})
        return routed


def _may_look(tx: Transaction, configured: ConfiguredSource, now: datetime) -> bool:
    closed = request_accounting.closed_for(tx, configured, now, Purpose.CHECK)
    return closed is None and not request_accounting.canary_due(tx, configured)
