"""The outbox: alerts are stored first and sent later, so that they survive a restart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, text, update

from monitor.alerts.alert import Alert, AlertKind
from storage.column_types import AnyRow
from storage.schema import outbox

_o = outbox.c
BACKOFF = timedelta(seconds=30)
"""Delay after the first failed delivery; doubled after each further one."""
MAX_ATTEMPTS = 12
_PENDING = text("outbox.state = 'pending'")
_DUE = (
    select(outbox)
    .where(_PENDING, _o.next_try_at <= bindparam("now"))
    .order_by(_o.next_try_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert with the state of its delivery."""

    alert_id: int
    kind: AlertKind
    text: str
    order_id: str | None
    link: str | None
    created_at: datetime
    state: str
    """pending, sent, failed, or kept (there was no channel, or shadow mode was on)."""
    attempts: int
    next_try_at: datetime | None
    """Set exactly while the state is pending."""
    sent_at: datetime | None
    last_error: str | None


def add(connection: Connection, alert: Alert, now: datetime, *, keep: bool = False) -> None:
    """Store an alert, due at once; with `keep` it is listed, but never sent."""
    connection.execute(
        insert(outbox),
        {
            "kind": alert.kind,
            "text": alert.text,
            "order_id": alert.order_id,
            "link": alert.link,
            "created_at": now,
            "state": "kept" if keep else "pending",
            "next_try_at": None if keep else now,
        },
    )


def take_due(connection: Connection, now: datetime, until: datetime, limit: int) -> list[AlertRow]:
    """Take the alerts that are due, oldest first; no other process takes them before `until`."""
    rows = _rows(connection.execute(_DUE, {"now": now, "limit": limit}))
    ids = [row.alert_id for row in rows]
    connection.execute(update(outbox).where(_o.alert_id.in_(ids)).values(next_try_at=until))
    return rows


def sent(connection: Connection, alert_ids: Sequence[int], now: datetime) -> None:
    """Mark alerts as delivered."""
    _finish(connection, alert_ids, {"state": "sent", "sent_at": now})


def kept(connection: Connection, alert_ids: Sequence[int]) -> None:
    """Mark alerts as not to be sent, because no channel is configured."""
    _finish(connection, alert_ids, {"state": "kept"})


def failed(connection: Connection, rows: Sequence[AlertRow], error: str, now: datetime) -> None:
    """Record a failed delivery: retry with backoff, at most MAX_ATTEMPTS times per alert."""
    for row in rows:
        attempts = row.attempts + 1
        values: dict[str, object] = {"attempts": attempts, "last_error": error}
        if attempts >= MAX_ATTEMPTS:
            values |= {"state": "failed", "next_try_at": None}
        else:
            values |= {"next_try_at": now + BACKOFF * (1 << (attempts - 1))}
        connection.execute(update(outbox).where(_o.alert_id == row.alert_id).values(values))


def listed(
    connection: Connection, *, limit: int, about_drops: bool, since: datetime | None = None
) -> list[AlertRow]:
    """Alerts, newest first; those about drops, or all others; `since` leaves out older ones."""
    drops = _o.kind.cast(outbox.c.text.type).like("drop.%")
    query = select(outbox).where(drops if about_drops else ~drops)
    if since is not None:
        query = query.where(_o.created_at >= since)
    return _rows(connection.execute(query.order_by(_o.alert_id.desc()).limit(limit)))


def _rows(found: Iterable[AnyRow]) -> list[AlertRow]:
    return [AlertRow(**row._asdict()) for row in found]


def _finish(connection: Connection, alert_ids: Sequence[int], values: dict[str, object]) -> None:
    change = update(outbox).where(_o.alert_id.in_(alert_ids)).values(next_try_at=None, **values)
    connection.execute(change)
