"""Moves of refills between states: their history, and the events that tell of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from monitor.events.changes import REFILL_KINDS, RefillMoved
from monitor.events.event import Event, Subject
from monitor.events.kind import EventKind
from monitor.model.refill import RefillState
from storage import events
from storage.alert_tables import events as event_table
from storage.column_types import AnyRow
from storage.event_actor import last_actor
from storage.queue_signal import tell_queued
from storage.schema import orders, refill_events, refills, targets

_h = refill_events.c
_r = refills.c
_BEFORE = (
    select(_h.state)
    .where(_h.refill_id == _r.refill_id)
    .order_by(_h.event_id.desc())
    .limit(1)
    .scalar_subquery()
    .label("before")
)
_MOVED = (
    select(
        _r.refill_id,
        _r.order_id,
        _r.metric,
        _r.quantity,
        targets.c.link,
        orders.c.service,
        orders.c.provider,
        _BEFORE,
    )
    .join_from(refills, orders, orders.c.order_id == _r.order_id)
    .join(targets, targets.c.target_id == orders.c.target_id)
    .where(_r.refill_id.in_(bindparam("ids", expanding=True)))
    .order_by(_r.refill_id)
)

_MOVES = (*REFILL_KINDS.values(), EventKind.REFILL_DEAD)


def last_by(connection: Connection, order_id: str, refill_id: int) -> str:
    """Who moved a refill last; empty if that is not known."""
    return last_actor(connection, order_id, _MOVES, event_table.c.refill_id == refill_id)


def add(
    connection: Connection, refill_ids: Sequence[int], state: RefillState, now: datetime, why: str
) -> None:
    """Record that refills entered a state; that of a dead one is told by its alert."""
    if not refill_ids:
        return
    if state in REFILL_KINDS:
        moved = connection.execute(_MOVED, {"ids": list(refill_ids)}).all()
        events.add_all(connection, [_event(row, state, why) for row in moved], now)
    rows = [{"refill_id": i, "at": now, "state": state, "detail": why} for i in refill_ids]
    connection.execute(insert(refill_events), rows)
    if state is RefillState.QUEUED:
        tell_queued(connection)


def _event(row: AnyRow, state: RefillState, why: str) -> Event:
    subject = Subject(row.order_id, row.refill_id, row.link, row.metric, None, row.service, row.provider)
    return Event(REFILL_KINDS[state], RefillMoved(row.before, state, row.quantity, why), subject)
