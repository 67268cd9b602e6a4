"""Snapshots: the result of every look, by target and time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select

from monitor.model.snapshot import Outcome, Snapshot
from storage.schema import snapshots


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """The result of one look at a target."""

    target_id: int
    at: datetime
    outcome: Outcome
    count: int | None
    """Set exactly when the outcome is a count."""
    source: str
    count_kind: str
    detail: str
    """Why there is no count."""
    count_offset: int
    """Added to the counts of this source to continue the series of the one before it."""


_INSERT = insert(snapshots)
_OF_TARGET = (
    select(*(snapshots.c[field.name] for field in fields(SnapshotRow)))
    .where(snapshots.c.target_id == bindparam("target_id"))
    .order_by(snapshots.c.at.desc())
    .limit(bindparam("limit"))
)
_FROM = snapshots.c.at >= bindparam("start")
_NUMBER = (
    select(func.count()).select_from(snapshots).where(snapshots.c.target_id == bindparam("target_id"), _FROM)
)
_OUTCOME = _NUMBER.where(snapshots.c.outcome == bindparam("outcome"))


def add(connection: Connection, target_id: int, snapshot: Snapshot) -> None:
    """Store the snapshot of a target."""
    add_all(connection, [(target_id, snapshot)])


def add_all(connection: Connection, found: Iterable[tuple[int, Snapshot]]) -> None:
    """Store snapshots, each with the id of its target."""
    rows = [
        {
            "target_id": target_id,
            "at": snapshot.at,
            "outcome": snapshot.outcome,
            "count": snapshot.count,
            "source": snapshot.source,
            "count_kind": snapshot.count_kind,
            "detail": snapshot.detail,
            "count_offset": snapshot.count_offset,
        }
        for target_id, snapshot in found
    ]
    if rows:
        connection.execute(_INSERT, rows)


def newest(connection: Connection, target_id: int, limit: int) -> Iterator[SnapshotRow]:
    """The newest snapshots of a target, newest first."""
    for row in connection.execute(_OF_TARGET, {"target_id": target_id, "limit": limit}):
        yield SnapshotRow(*row)


def since(connection: Connection, target_id: int, start: datetime, limit: int) -> list[SnapshotRow]:
    """The newest snapshots of a target from a time on, newest first."""
    query = {"target_id": target_id, "start": start, "limit": limit}
    return [SnapshotRow(*row) for row in connection.execute(_OF_TARGET.where(_FROM), query)]


def number_since(connection: Connection, target_id: int, start: datetime) -> int:
    """Number of snapshots of a target from a time on."""
    number: int = connection.execute(_NUMBER, {"target_id": target_id, "start": start}).scalar_one()
    return number


def any_since(connection: Connection, target_id: int, start: datetime, outcome: Outcome) -> bool:
    """Whether a look at a target since a time had this outcome."""
    wanted = {"target_id": target_id, "start": start, "outcome": outcome}
    return bool(connection.execute(_OUTCOME, wanted).scalar_one())
