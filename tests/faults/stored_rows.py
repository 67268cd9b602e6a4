"""What a database contains, read with the plain SQL of the drivers, in one transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import psycopg

Rows = Sequence[tuple[Any, ...]]


class Refill(NamedTuple):
    """A refill as it is."""

    refill_id: int
    order_id: str
    drop_id: int
    quantity: int
    state: str
    done_token: str | None
    done_action: str | None


class Step(NamedTuple):
    """A row of the history: a refill enters a state."""

    refill_id: int
    state: str


class Told(NamedTuple):
    """An event about a refill, and who caused it."""

    refill_id: int
    kind: str
    payload: str
    actor: str


class Owed(NamedTuple):
    """A decision that units are owed."""

    drop_id: int
    order_id: str
    units: int


class Queued(NamedTuple):
    """Units that were queued."""

    refill_id: int
    units: int


@dataclass
class StoredRows:
    """The rows of one moment."""

    orders: set[str] = field(default_factory=set)
    refills: list[Refill] = field(default_factory=list)
    history: list[Step] = field(default_factory=list)
    events: list[Told] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    queued: list[Queued] = field(default_factory=list)
    due: int = 0
    """Targets whose next look `judgement.look_again` has brought forward."""


def stored_rows(url: str) -> StoredRows:
    """Read a database of SQLAlchemy's URL."""
    return _sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else _postgresql(url)


def _sqlite(path: str) -> StoredRows:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        return _read(lambda query: connection.execute(query).fetchall())


def _postgresql(url: str) -> StoredRows:
    with psycopg.connect(plain(url)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return _read(lambda query: connection.execute(query.encode()).fetchall())


def plain(url: str) -> str:
    """The connection string of the driver."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return f"host={host} port={parts.port or 5432} user={parts.username} dbname={parts.path.lstrip('/')}"


def _read(rows: Callable[[str], Rows]) -> StoredRows:
    return StoredRows(
        {order_id for (order_id,) in rows("SELECT order_id FROM orders")},
        [Refill(*row) for row in rows(f"SELECT {', '.join(Refill._fields)} FROM refills")],  # names
        [Step(*row) for row in rows("SELECT refill_id, state FROM refill_events ORDER BY event_id")],
        [Told(*row) for row in rows(_EVENTS)],
        [Owed(*row) for row in rows(_OWED)],
        [Queued(*row) for row in rows("SELECT refill_id, units FROM queued_units")],
        len(rows("SELECT target_id FROM targets WHERE next_due_at = 1")),
    )


_EVENTS = (
    "SELECT refill_id, kind, payload, actor FROM events WHERE kind LIKE 'refill.%' "
    "AND kind <> 'refill.requested' AND refill_id IS NOT NULL ORDER BY event_id"
)
_OWED = "SELECT drop_id, order_id, quantity FROM decisions WHERE decision IN ('refill', 'hold')"
