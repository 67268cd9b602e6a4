"""The outbox: alerts are rows first and messages second, so that restarts and retries read the rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, text, update

from monitor.alerts.alert import Alert
from storage.column_types import AnyRow
from storage.schema import outbox

_o = outbox.c
BACKOFF = timedelta(seconds=30)
"""Wait after the first failure to send; doubled after each further one."""
MAX_ATTEMPTS = 12
_PENDING = text("outbox.state = 'pending'")
_DUE = (
    select(outbox)
    .where(_PENDING, _o.next_try_at <= bindparam("now"))
    .order_by(_o.next_try_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


def add(connection: Connection, alert: Alert, now: datetime) -> None:
    """Put an alert into the outbox, due at once."""
    connection.execute(
        insert(outbox),
        {
            "kind": alert.kind,
            "text": alert.text,
            "order_id": alert.order_id,
            "link": alert.link,
            "created_at": now,
            "state": "pending",
            "next_try_at": now,
        },
    )


def take_due(connection: Connection, now: datetime, until: datetime, limit: int) -> list[AnyRow]:
    """The alerts that are due, oldest first; others leave them alone until `until`."""
    rows = list(connection.execute(_DUE, {"now": now, "limit": limit}))
    ids = [row.alert_id for row in rows]
    connection.execute(update(outbox).where(_o.alert_id.in_(ids)).values(next_try_at=until))
    return rows


def sent(connection: Connection, alert_ids: Sequence[int], now: datetime) -> None:
    """These alerts have been delivered."""
    _finish(connection, alert_ids, {"state": "sent", "sent_at": now})


def kept(connection: Connection, alert_ids: Sequence[int]) -> None:
    """There is no channel: the alerts stay to be read here and are not sent later."""
    _finish(connection, alert_ids, {"state": "kept"})


def failed(connection: Connection, rows: Sequence[AnyRow], error: str, now: datetime) -> None:
    """A delivery failed: try again later, each alert so many times."""
    for row in rows:
        attempts = row.attempts + 1
        values: dict[str, object] = {"attempts": attempts, "last_error": error}
        if attempts >= MAX_ATTEMPTS:
            values |= {"state": "failed", "next_try_at": None}
        else:
            values |= {"next_try_at": now + BACKOFF * (1 << (attempts - 1))}
        connection.execute(update(outbox).where(_o.alert_id == row.alert_id).values(values))


def listed(connection: Connection, *, limit: int, about_drops: bool) -> list[AnyRow]:
    """Alerts, newest first; those about drops, or all others."""
    drops = _o.kind.cast(outbox.c.text.type).like("drop.%")
    query = select(outbox).where(drops if about_drops else ~drops)
    return list(connection.execute(query.order_by(_o.alert_id.desc()).limit(limit)))


def _finish(connection: Connection, alert_ids: Sequence[int], values: dict[str, object]) -> None:
    change = update(outbox).where(_o.alert_id.in_(alert_ids)).values(next_try_at=None, **values)
    connection.execute(change)
