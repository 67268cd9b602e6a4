"""Snapshots: every look that was taken, kept by target and time."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select

from monitor.model.snapshot import Snapshot
from storage.column_types import AnyRow
from storage.schema import snapshots

_INSERT = insert(snapshots)
_OF_TARGET = (
    select(snapshots)
    .where(snapshots.c.target_id == bindparam("target_id"))
    .order_by(snapshots.c.at.desc())
    .limit(bindparam("limit"))
)
_FROM = snapshots.c.at >= bindparam("start")
_NUMBER = (
    select(func.count()).select_from(snapshots).where(snapshots.c.target_id == bindparam("target_id"), _FROM)
)


def add(connection: Connection, target_id: int, snapshot: Snapshot) -> None:
    """Keep one look."""
    add_all(connection, [(target_id, snapshot)])


def add_all(connection: Connection, looks: Iterable[tuple[int, Snapshot]]) -> None:
    """Keep looks, each with the id of its target."""
    rows = [
        {
            "target_id": target_id,
            "at": look.at,
            "outcome": look.outcome,
            "count": look.count,
            "source": look.source,
            "count_kind": look.count_kind,
            "detail": look.detail,
            "count_offset": look.count_offset,
        }
        for target_id, look in looks
    ]
    if rows:
        connection.execute(_INSERT, rows)


def newest(connection: Connection, target_id: int, limit: int) -> Iterator[AnyRow]:
    """The newest looks at a target, newest first."""
    yield from connection.execute(_OF_TARGET, {"target_id": target_id, "limit": limit})


def since(connection: Connection, target_id: int, start: datetime, limit: int) -> list[AnyRow]:
    """The newest looks at a target from a time on, newest first."""
    query = {"target_id": target_id, "start": start, "limit": limit}
    return list(connection.execute(_OF_TARGET.where(_FROM), query))


def number_since(connection: Connection, target_id: int, start: datetime) -> int:
    """How many looks at a target were taken from a time on."""
    number: int = connection.execute(_NUMBER, {"target_id": target_id, "start": start}).scalar_one()
    return number
