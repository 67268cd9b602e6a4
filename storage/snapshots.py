"""Snapshots: the result of every look, by target and time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from sqlalchemy import BigInteger, Connection, bindparam, func, insert, select, type_coerce

from monitor.model.snapshot import Outcome, Snapshot
from storage.column_types import instant
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


_JUDGED = itemgetter(1)
_INSERT = insert(snapshots)
_ALL_OF_TARGET = select(*(snapshots.c[field.name] for field in fields(SnapshotRow))).where(
    snapshots.c.target_id == bindparam("target_id")
)
_OF_TARGET = _ALL_OF_TARGET.order_by(snapshots.c.at.desc()).limit(bindparam("limit"))
_FROM = snapshots.c.at >= bindparam("start")
_NUMBER = (
    select(func.count()).select_from(snapshots).where(snapshots.c.target_id == bindparam("target_id"), _FROM)
)
_OUTCOME = _NUMBER.where(snapshots.c.outcome == bindparam("outcome"))
_POINTS = (
    select(type_coerce(snapshots.c.at, BigInteger), snapshots.c.count + snapshots.c.count_offset)
    .where(
        snapshots.c.target_id == bindparam("target_id"),
        snapshots.c.at.between(bindparam("start"), bindparam("end")),
    )
    .order_by(snapshots.c.at)
)
_AT = _ALL_OF_TARGET.where(snapshots.c.at.in_(bindparam("times", expanding=True))).order_by(
    snapshots.c.at.desc()
)


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


def thinned(
    connection: Connection, target_id: int, start: datetime, end: datetime, parts: int
) -> list[SnapshotRow]:
    """Looks that stand for all of those from a time to another, newest first.

    They are, of each of the equal parts of that time: the first and the last look, the lowest and the highest
    count, and the first and the last look without a count.
    """
    found = connection.execute(_POINTS, {"target_id": target_id, "start": start, "end": end}).all()
    width = max((end - start) // parts, timedelta.resolution) // timedelta.resolution
    kept: set[int] = set()
    for _, part in groupby(found, key=lambda row: row[0] // width):
        points = list(part)
        counts = [point for point in points if point[1] is not None]
        failed = [point for point in points if point[1] is None]
        kept.update(point[0] for some in (points, failed) for point in (some[:1] + some[-1:]))
        if counts:
            kept.update((min(counts, key=_JUDGED)[0], max(counts, key=_JUDGED)[0]))
    times = {"target_id": target_id, "times": [instant(at) for at in kept]}
    return [SnapshotRow(*row) for row in connection.execute(_AT, times)]


def number_since(connection: Connection, target_id: int, start: datetime) -> int:
    """Number of snapshots of a target from a time on."""
    number: int = connection.execute(_NUMBER, {"target_id": target_id, "start": start}).scalar_one()
    return number


def any_since(connection: Connection, target_id: int, start: datetime, outcome: Outcome) -> bool:
    """Whether a look at a target since a time had this outcome."""
    wanted = {"target_id": target_id, "start": start, "outcome": outcome}
    return bool(connection.execute(_OUTCOME, wanted).scalar_one())
