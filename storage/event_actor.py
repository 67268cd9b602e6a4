"""Who did something to an order last: the actor of its newest event of some kinds."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select

from monitor.events.kind import EventKind
from storage.alert_tables import events
from storage.sqlite_hints import indexed_by

_e = events.c


def last_actor(
    connection: Connection, order_id: str, kinds: Sequence[EventKind], *conditions: ColumnElement[bool]
) -> str:
    """The actor of the newest event of these kinds that meets the conditions; empty if it is not known."""
    query = (
        select(_e.actor)
        .where(_e.order_id == order_id, _e.kind.in_(kinds), *conditions)
        .order_by(_e.event_id.desc())
        .limit(1)
        .with_hint(events, indexed_by("ix_events_order_id"), "sqlite")
    )
    return connection.execute(query).scalar() or ""


def by(actor: str) -> str:
    """The end of a sentence that tells who it was; empty if it is not known."""
    return f", by {actor}" if actor else ""
