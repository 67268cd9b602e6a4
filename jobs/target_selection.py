"""Turns: which requests go out next through an eye, by the cadence that is configured."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from jobs.configured_source import ConfiguredSource
from monitor.cadence.schedule import Observation, Priority, QueuePosition
from monitor.evaluation.target_state import TargetState
from monitor.model.order_state import OrderState
from storage import due
from storage.due import DueTarget
from storage.engine import Transaction

LOOK_AGAIN = timedelta(minutes=10)
"""A look that does not come back, because the process was killed, is taken again after so long."""


class TargetSelection(Protocol):
    """Whose turn it is."""

    def take(
        self, tx: Transaction, configured: ConfiguredSource, now: datetime, limit: int = 1
    ) -> list[list[TargetState]]:
        """Take the targets of so many requests, each request's together; none when nothing is due.

        What is taken is put off meanwhile, so that nobody else takes it.
        """

    def queue_position(
        self, tx: Transaction, row: TargetState, group: Sequence[OrderState], now: datetime
    ) -> QueuePosition | None:
        """The place of a target that is new to its source; None where only its date counts."""

    def observe(self, observations: Iterable[Observation]) -> None:
        """Queue what looks have shown, once their transaction is committed."""

    def learn(self, tx: Transaction, sources: Iterable[str]) -> None:
        """Learn what is queued of these sources; what is learned counts once the transaction is committed."""

    def persist(self, tx: Transaction, now: datetime) -> None:
        """Save what was learned, at intervals."""

    def save(self, tx: Transaction) -> None:
        """Save everything that was learned."""


@dataclass(frozen=True, slots=True)
class FixedSelection:
    """All by date: what is urgent first, then what is longest overdue."""

    def take(
        self, tx: Transaction, configured: ConfiguredSource, now: datetime, limit: int = 1
    ) -> list[list[TargetState]]:
        """Take what is urgent, then the rest by date: here no lane is for spare budget only."""
        source = configured.source.name
        heads = due.due_by_date(tx, source, Priority.URGENT, now, limit)
        left = limit - len(heads)
        rest = [
            h
            for priority in (Priority.ROUTINE, Priority.MAX_INTERVAL)
            for h in due.due_by_date(tx, source, priority, now, left)
        ]
        heads += sorted(rest, key=lambda head: head.due_at or now)[:left]
        return claim_requests(tx, configured, heads, now)

    def queue_position(
        self, tx: Transaction, row: TargetState, group: Sequence[OrderState], now: datetime
    ) -> QueuePosition | None:
        """No place: a new target has its date."""

    def observe(self, observations: Iterable[Observation]) -> None:
        """Learn nothing."""

    def learn(self, tx: Transaction, sources: Iterable[str]) -> None:
        """Learn nothing."""

    def persist(self, tx: Transaction, now: datetime) -> None:
        """Save nothing."""

    def save(self, tx: Transaction) -> None:
        """Save nothing."""


def claim_requests(
    tx: Transaction, configured: ConfiguredSource, heads: Sequence[DueTarget], now: datetime
) -> list[list[TargetState]]:
    """All that the requests of these heads show, as far as one reading goes; put off meanwhile."""
    shown: defaultdict[str, list[TargetState]] = defaultdict(list)
    names = list(dict.fromkeys(head.request_key for head in heads))
    for row in due.lock_by_request(tx, configured.source.name, names, now):
        shown[row.schedule.request_key].append(row)
    first = {head.target_id for head in heads}
    requests = []
    for name in names:
        rows = [row for row in shown[name] if row.target_id in first or _wanted(row, now)]
        rows.sort(key=lambda row: (row.target_id not in first, row.schedule.next_due_at or now))
        requests.append(rows[: configured.source.batch])
    due.claim_targets(tx, [row.target_id for rows in requests for row in rows], now + LOOK_AGAIN)
    return [rows for rows in requests if rows]


def _wanted(row: TargetState, now: datetime) -> bool:
    """What an earlier request of the same name has just shown need not be shown again before it is due."""
    just_seen = row.last_look_at is not None and now - row.last_look_at < LOOK_AGAIN
    return not just_seen or (row.schedule.next_due_at is not None and row.schedule.next_due_at <= now)
