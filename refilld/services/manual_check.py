"""Checking: a customer asks about an order; look at once if the budget allows, and answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from jobs import request_accounting, routing
from jobs.configured_source import ConfiguredSource
from jobs.sampling import Sampling
from jobs.target_selection import claim_requests
from monitor.evaluation.target_state import TargetState
from monitor.guarantee.customer_answers import Answer
from monitor.model.snapshot import Outcome
from monitor.sources.budget import Purpose
from refilld.services import refill_requests
from refilld.services.refill_requests import Recheck
from storage import order_states, routes, targets
from storage.due import DueTarget
from storage.engine import Database, Transaction

TOLD = frozenset({Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN, Outcome.NOT_FOUND, Outcome.UNAVAILABLE})
"""Outcomes that say something of the target itself."""


@dataclass(frozen=True, slots=True)
class ManualCheck:
    """Answers to customers' requests."""

    database: Database
    sampling: Sampling
    clock: Callable[[], datetime]

    def check(self, order_id: str, *, fresh: bool = False) -> tuple[Answer, Recheck]:
        """Record the request, look if that is possible now, and answer. Raises NotFoundError.

        The request of a covered order stands until a judged look finds nothing undecided: an old or a
        failed look is no answer. With `fresh` it looks even while the last answer stands.
        """
        now = self.clock()
        with self.database.write() as tx:
            row, recheck = refill_requests.request_refill(tx, order_id, now, fresh=fresh)
            configured, due = self._taken(tx, row, now) if recheck is Recheck.DUE else (None, [])
        if configured is None:
            return self._answer(order_id), recheck
        told = False
        while configured is not None:
            looks = self.sampling.look(configured, due, Purpose.CHECK)
            told = any(one.snapshot.target == row.target and one.snapshot.outcome in TOLD for one in looks)
            configured, due = self._passed_on(order_id, configured)
        return self._answer(order_id), Recheck.DONE if told else Recheck.FAILED

    def _answer(self, order_id: str) -> Answer:
        with self.database.read() as tx:
            return refill_requests.answer_now(tx, order_id, self.clock())

    def _passed_on(
        self, order_id: str, before: ConfiguredSource
    ) -> tuple[ConfiguredSource | None, list[TargetState]]:
        """The eye that has taken the target over from one that cannot see it, if it may look now."""
        with self.database.write() as tx:
            row = targets.of_order(tx, order_id, lock=True)
            if row.schedule.source == before.source.name:
                return None, []
            return self._taken(tx, row, self.clock())

    def _taken(
        self, tx: Transaction, row: TargetState, now: datetime
    ) -> tuple[ConfiguredSource | None, list[TargetState]]:
        """The eye that may look at the target now, and all that its request, paid for, will show."""
        row = self._routed(tx, row)
        for configured in self.sampling.sources:
            if configured.source.name == row.schedule.source and _may_look(tx, configured, now):
                head = DueTarget(row.target_id, row.schedule.request_key, "", None, None)
                due = next(iter(claim_requests(tx, configured, [head], now)), [])
                if due:
                    request_accounting.charge(tx, configured, now, len(due), Purpose.CHECK)
                    return configured, due
        return None, []

    def _routed(self, tx: Transaction, row: TargetState) -> TargetState:
        """The target on its way: one that is new has none yet."""
        router = self.sampling.policy.router
        if row.schedule.source or router is None:
            return row
        routed = routing.routed(router, row, order_states.of_target(tx, row.target_id))
        if routed.schedule.source:
            routes.routed(tx, [routed], {})
        return routed


def _may_look(tx: Transaction, configured: ConfiguredSource, now: datetime) -> bool:
    closed = request_accounting.closed_for(tx, configured, now, Purpose.CHECK)
    return closed is None and not request_accounting.canary_due(tx, configured)
