"""Deleting old rows that nothing needs any more: events, requests of customers, messages, webhooks.

Each table is read once, in the order of its key, which is that of time. A row that is kept is not read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    or_,
    select,
    update,
)

from monitor.model.refill import RefillState
from storage.alert_tables import events
from storage.engine import advisory_lock, insert_into
from storage.metadata import metadata
from storage.partitions import PARTITIONED
from storage.pipeline_tables import notifications, problems, routed_alerts
from storage.retention_tables import retention_progress
from storage.schema import refill_events, refills, requests
from storage.webhook_tables import webhook_deliveries

_FINISHED = (RefillState.COMPLETED, RefillState.REJECTED, RefillState.CANCELLED)
_e = refill_events.c
_other = refill_events.alias("other_event").c
_q = requests.c
_later = requests.alias("later_request").c
_p = retention_progress.c
_n = notifications.c
_w = webhook_deliveries.c
_LAST_KEY = select(_p.last_key).where(_p.kind == bindparam("kind"))
_ADVANCE = update(retention_progress).where(_p.kind == bindparam("of")).values(last_key=bindparam("key"))


@dataclass(frozen=True, slots=True)
class _OldRows:
    """A table of which old rows are deleted."""

    table: Table
    key: Column[Any]
    at: Column[Any]
    deletable: ColumnElement[bool]


TABLES: Mapping[str, _OldRows] = {
    "refill_events": _OldRows(
        refill_events,
        _e.event_id,
        _e.at,
        and_(  # the first and the last event are in the timeline of the order, and in backtests
            exists().where(refills.c.refill_id == _e.refill_id, refills.c.state.in_(_FINISHED)),
            exists().where(_other.refill_id == _e.refill_id, _other.event_id < _e.event_id),
            exists().where(_other.refill_id == _e.refill_id, _other.event_id > _e.event_id),
        ),
    ),
    "requests": _OldRows(
        requests,
        _q.request_id,
        _q.at,
        and_(  # whether the next request leads to a look depends on the last one that did
            _q.answered_at.is_not(None),
            or_(
                ~_q.granted, exists().where(_later.order_id == _q.order_id, _later.granted, _later.at > _q.at)
            ),
        ),
    ),
    "events": _OldRows(
        events,
        events.c.event_id,
        events.c.at,
        and_(
            events.c.alert != "pending",
            ~exists().where(routed_alerts.c.event_id == events.c.event_id, routed_alerts.c.group_key != ""),
            ~exists().where(problems.c.event_id == events.c.event_id),
            ~exists().where(_w.event_id == events.c.event_id, _w.state == "pending"),
        ),
    ),
    "notifications": _OldRows(notifications, _n.notification_id, _n.at, _n.state != "pending"),
    "webhook_deliveries": _OldRows(webhook_deliveries, _w.delivery_id, _w.created_at, _w.state != "pending"),
}


def delete_batch(connection: Connection, table: str, before: datetime, limit: int) -> tuple[int, bool]:
    """Look at the next `limit` rows; return how many were deleted, and whether there may be more."""
    advisory_lock(connection, f"refilld retention {table}")
    old = TABLES[table]
    reached = connection.execute(_LAST_KEY, {"kind": table}).scalar()
    next_rows = select(old.key, old.at).where(old.key > (reached or 0)).order_by(old.key).limit(limit)
    passed = [row[0] for row in takewhile(lambda row: row[1] < before, connection.execute(next_rows).all())]
    if not passed:
        return 0, False
    # not in the query above, where PostgreSQL would read whole tables for it
    doomed = connection.execute(select(old.key).where(old.key.in_(passed), old.deletable)).scalars().all()
    for reference in _referring_to(old.key):
        connection.execute(delete(reference.table).where(reference.in_(doomed)))
    connection.execute(delete(old.table).where(old.key.in_(doomed)))
    _advance(connection, table, passed[-1], new=reached is None)
    return len(doomed), len(passed) == limit


def _referring_to(key: Column[Any]) -> list[Column[Any]]:
    """The columns that refer to an event, whose rows no foreign key deletes on PostgreSQL."""
    if key.table.name not in PARTITIONED:
        return []
    keys = (one for table in metadata.sorted_tables for one in table.foreign_keys)
    return [one.parent for one in keys if one.column is key]


def _advance(connection: Connection, table: str, key: int, *, new: bool) -> None:
    if new:
        connection.execute(insert_into(connection, retention_progress).values(kind=table, last_key=key))
    else:
        connection.execute(_ADVANCE, {"of": table, "key": key})
