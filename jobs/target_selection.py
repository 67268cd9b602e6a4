"""Turns: which requests go out next through an eye, by the cadence that is configured."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from jobs.configured_source import Eye
from monitor.cadence.schedule import Lane, Seat
from monitor.model.order_state import Watched
from storage import due
from storage.due import Head
from storage.engine import Transaction
from storage.targets import TargetRow

LOOK_AGAIN = timedelta(minutes=10)
"""A look that does not come back, because the process was killed, is taken again after so long."""


class Turns(Protocol):
    """Whose turn it is."""

    def take(self, tx: Transaction, eye: Eye, now: datetime, limit: int = 1) -> list[list[TargetRow]]:
        """Take the targets of so many requests, each request's together; none when nothing is due.

        What is taken is put off meanwhile, so that nobody else takes it.
        """

    def seat(self, tx: Transaction, row: TargetRow, group: Sequence[Watched], now: datetime) -> Seat | None:
        """The place of a target that is new to its source; None where only its date counts."""

    def keep(self, tx: Transaction, now: datetime) -> None:
        """Put down what was learned, now and then."""

    def put_down(self, tx: Transaction, sources: Sequence[str]) -> None:
        """Put down everything that was learned of these sources' looks: the process ends."""


@dataclass(frozen=True, slots=True)
class FixedTurns:
    """All by date: what is urgent first, then what is longest overdue."""

    def take(self, tx: Transaction, eye: Eye, now: datetime, limit: int = 1) -> list[list[TargetRow]]:
        """Take what is urgent, then the rest by date: here no lane is for spare budget only."""
        source = eye.source.name
        heads = due.appointed(tx, source, Lane.FIRST, now, limit)
        left = limit - len(heads)
        rest = [
            h for lane in (Lane.ROUTINE, Lane.LONGEST) for h in due.appointed(tx, source, lane, now, left)
        ]
        heads += sorted(rest, key=lambda head: head.due_at or now)[:left]
        return taken(tx, eye, heads, now)

    def seat(self, tx: Transaction, row: TargetRow, group: Sequence[Watched], now: datetime) -> Seat | None:
        """No place: a new target has its date."""

    def keep(self, tx: Transaction, now: datetime) -> None:
        """Keep nothing."""

    def put_down(self, tx: Transaction, sources: Sequence[str]) -> None:
        """Keep nothing."""


def taken(tx: Transaction, eye: Eye, heads: Sequence[Head], now: datetime) -> list[list[TargetRow]]:
    """All that the requests of these heads show, as far as one reading goes; put off meanwhile."""
    shown: defaultdict[str, list[TargetRow]] = defaultdict(list)
    names = list(dict.fromkeys(head.together for head in heads))
    for row in due.together(tx, eye.source.name, names, now):
        shown[row.together].append(row)
    first = {head.target_id for head in heads}
    requests = []
    for name in names:
        rows = [row for row in shown[name] if row.target_id in first or _wanted(row, now)]
        rows.sort(key=lambda row: (row.target_id not in first, row.next_due_at or now))
        requests.append(rows[: eye.source.batch])
    due.push(tx, [row.target_id for rows in requests for row in rows], now + LOOK_AGAIN)
    return [rows for rows in requests if rows]


def _wanted(row: TargetRow, now: datetime) -> bool:
    """What an earlier request of the same name has just shown need not be shown again before it is due."""
    just_seen = row.last_look_at is not None and now - row.last_look_at < LOOK_AGAIN
    return not just_seen or (row.next_due_at is not None and row.next_due_at <= now)
