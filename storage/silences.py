"""Silences of operators."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from monitor.alerts.matchers import Matcher, parse_matchers, text_of
from monitor.alerts.silences import Silence, SilenceState
from monitor.events.changes import SilenceChanged
from monitor.events.event import Event
from monitor.events.kind import EventKind
from storage import events
from storage.column_types import AnyRow
from storage.errors import NotFoundError, WrongStateError
from storage.pipeline_tables import silences

_s = silences.c
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class NewSilence:
    """A silence that an operator sets."""

    matchers: tuple[Matcher, ...]
    author: str
    comment: str
    starts_at: datetime
    ends_at: datetime
    unmatched_for: timedelta | None = None


def add(connection: Connection, new: NewSilence, now: datetime) -> int:
    """Store a silence, and an event that says so; returns its number."""
    values = {
        "matchers": text_of(new.matchers),
        "author": new.author,
        "comment": new.comment,
        "starts_at": new.starts_at,
        "ends_at": new.ends_at,
        "unmatched_seconds": None if new.unmatched_for is None else new.unmatched_for // _SECOND,
    }
    added = insert(silences).values(values).returning(_s.silence_id)
    silence_id = int(connection.execute(added).scalar_one())
    _note(connection, EventKind.SILENCE_ADDED, silence_id, now)
    return silence_id


def current(connection: Connection, now: datetime) -> tuple[Silence, ...]:
    """The silences that have not expired."""
    query = select(silences).where(_s.ends_at > now).order_by(_s.silence_id)
    found = map(_silence, connection.execute(query))
    return tuple(silence for silence in found if silence.state(now) is not SilenceState.EXPIRED)


def listed(connection: Connection, limit: int) -> list[Silence]:
    """Silences, newest first."""
    return [
        _silence(row)
        for row in connection.execute(select(silences).order_by(_s.silence_id.desc()).limit(limit))
    ]


def expire(connection: Connection, silence_id: int, now: datetime) -> None:
    """End a silence now, and store an event that says so.

    Raises NotFoundError, or WrongStateError if it has expired.
    """
    row = connection.execute(select(silences).where(_s.silence_id == silence_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no silence {silence_id}")
    if _silence(row).state(now) is SilenceState.EXPIRED:
        raise WrongStateError(f"silence {silence_id} has expired already")
    change = update(silences).where(_s.silence_id == silence_id)
    connection.execute(change.values(ends_at=now, starts_at=min(row.starts_at, now)))
    _note(connection, EventKind.SILENCE_EXPIRED, silence_id, now)


def _note(connection: Connection, kind: EventKind, silence_id: int, now: datetime) -> None:
    """Store for the audit trail that a silence was added or ended."""
    row = connection.execute(select(silences).where(_s.silence_id == silence_id)).one()
    payload = SilenceChanged(silence_id, row.matchers, row.ends_at, row.comment)
    events.add(connection, Event(kind, payload), now)


def matched(connection: Connection, silence_ids: Collection[int], now: datetime) -> None:
    """Note that alerts match these silences."""
    if silence_ids:
        change = update(silences).where(_s.silence_id.in_(silence_ids))
        connection.execute(change.values(matched_at=now))


def _silence(row: AnyRow) -> Silence:
    return Silence(
        row.silence_id,
        parse_matchers(row.matchers),
        row.author,
        row.comment,
        row.starts_at,
        row.ends_at,
        None if row.unmatched_seconds is None else row.unmatched_seconds * _SECOND,
        row.matched_at,
    )
