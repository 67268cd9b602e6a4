"""Moves of refills between states: their history, and the events that tell of them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from monitor.events.changes import REFILL_KINDS
from monitor.events.kind import EventKind
from monitor.model.refill import RefillState
from storage import refill_audit
from storage.alert_tables import events
from storage.event_actor import last_actor
from storage.queue_signal import tell_queued
from storage.schema import refill_events, refills

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
_WITH_BEFORE = (
    select(_r.refill_id, _BEFORE)
    .where(_r.refill_id.in_(bindparam("ids", expanding=True)))
    .order_by(_r.refill_id)
)
_MOVES = (*REFILL_KINDS.values(), EventKind.REFILL_DEAD)


def last_by(connection: Connection, order_id: str, refill_id: int) -> str:
    """Who moved a refill last; empty if that is not known."""
    return last_actor(connection, order_id, _MOVES, events.c.refill_id == refill_id)


def add(
    connection: Connection, refill_ids: Sequence[int], state: RefillState, now: datetime, why: str
) -> None:
    """Record that refills entered a state, which is not `dead`."""
    if not refill_ids:
        return
    by_state = defaultdict[RefillState | None, list[int]](list)
    for row in connection.execute(_WITH_BEFORE, {"ids": list(refill_ids)}):
        by_state[row.before].append(row.refill_id)
    for before, moved in by_state.items():
        refill_audit.record(connection, state, moved, refill_audit.audit_of(before, state, why, now))
    if state is RefillState.QUEUED:
        tell_queued(connection)
