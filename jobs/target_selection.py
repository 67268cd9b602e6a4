"""Target selection: which requests go to a source next, by the configured cadence."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from jobs.configured_source import ConfiguredSource
from monitor.cadence.schedule import Observation, Priority, QueuePosition
from monitor.evaluation.target_state import TargetState
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from storage import due
from storage.due import DueTarget
from storage.engine import Transaction

CLAIMED_FOR = timedelta(minutes=10)
"""Time for which a target is reserved for one process; the target of a killed process is free after it."""


class TargetSelection(Protocol):
    """Chooses the targets of the next requests, and learns from looks."""

    def claim_next(
        self, tx: Transaction, configured: ConfiguredSource, now: datetime, limit: int = 1, tried: int = 1
    ) -> list[list[TargetState]]:
        """Claim the targets of up to `limit` requests, in one list per request; empty when nothing is due.

        They are the first ones among the next `tried` requests that no other process has claimed; at least
        `limit` are tried. No other process can claim them for `CLAIMED_FOR`.
        """

    def queue_position(
        self, tx: Transaction, state: TargetState, orders: Sequence[OrderState], now: datetime
    ) -> QueuePosition | None:
        """The queue position of a target that is new to its source; None when it is due by date."""

    def observe(self, observations: Iterable[Observation]) -> None:
        """Queue the observations of looks whose transaction is committed."""

    def learn(self, tx: Transaction, sources: Iterable[str]) -> None:
        """Learn the queued observations of these sources; has effect when the transaction is committed."""

    def persist(self, tx: Transaction, now: datetime) -> None:
        """Save what was learned, at most once per interval."""

    def save(self, tx: Transaction) -> None:
        """Save everything that was learned."""


@dataclass(frozen=True, slots=True)
class FixedSelection:
    """Selection by date: urgent targets first, then the longest overdue."""

    def claim_next(
        self, tx: Transaction, configured: ConfiguredSource, now: datetime, limit: int = 1, tried: int = 1
    ) -> list[list[TargetState]]:
        """Claim urgent targets, then all others by date."""
        source, tried = configured.source.name, max(limit, tried)
        targets = due.due_by_date(tx, source, Priority.URGENT, now, tried)
        left = tried - len(targets)
        by_date = [
            target
            for priority in (Priority.ROUTINE, Priority.MAX_INTERVAL)
            for target in due.due_by_date(tx, source, priority, now, left)
        ]
        targets += sorted(by_date, key=lambda target: target.due_at or now)[:left]
        return claim_requests(tx, configured, targets, now, limit)

    def queue_position(
        self, tx: Transaction, state: TargetState, orders: Sequence[OrderState], now: datetime
    ) -> QueuePosition | None:
        """Return None: a new target is due by date."""

    def observe(self, observations: Iterable[Observation]) -> None:
        """Learn nothing."""

    def learn(self, tx: Transaction, sources: Iterable[str]) -> None:
        """Learn nothing."""

    def persist(self, tx: Transaction, now: datetime) -> None:
        """Save nothing."""

    def save(self, tx: Transaction) -> None:
        """Save nothing."""


def claim_requests(
    tx: Transaction, configured: ConfiguredSource, targets: Sequence[DueTarget], now: datetime, limit: int = 1
) -> list[list[TargetState]]:
    """Claim the targets of the first `limit` requests for these due targets that are free.

    A request is for all targets that it shows, up to the batch size of the source. Those that are not due are
    looked at too: the request shows their counts at no further cost.
    """
    shown: defaultdict[str, list[TargetState]] = defaultdict(list)
    request_keys = list(dict.fromkeys(target.request_key for target in targets))
    for state in due.lock_by_request(tx, configured.source.name, request_keys, now):
        shown[state.schedule.request_key].append(state)
    first = {target.target_id for target in targets}
    free = (_looked_at(shown[key], first, now)[: configured.source.batch] for key in request_keys)
    requests = list(islice((states for states in free if states), limit))
    due.claim_targets(tx, [state.target_id for states in requests for state in states], now + CLAIMED_FOR)
    return requests


def _looked_at(shown: Sequence[TargetState], first: Collection[int], now: datetime) -> list[TargetState]:
    """The targets of one request that it may look at: those that it is made for, then the others by date."""
    states = [state for state in shown if state.target_id in first or _costs_nothing(state, now)]
    return sorted(states, key=lambda state: (state.target_id not in first, state.schedule.next_due_at or now))


def _costs_nothing(state: TargetState, now: datetime) -> bool:
    """Whether a request that is sent anyway may look at this target too.

    A source that did not find a target has read as far as it can for it. That is done only when it is due.
    """
    is_due = state.schedule.next_due_at is not None and state.schedule.next_due_at <= now
    return is_due or state.last_outcome is not Outcome.UNAVAILABLE
