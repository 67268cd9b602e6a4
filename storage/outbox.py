"""The outbox: alerts are stored first and sent later, so that they survive a restart.

Which channel has taken which alert is in `deliveries`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from monitor.alerts.alert import Alert, AlertKind
from monitor.alerts.severity import Severity, severity_of
from storage.alert_tables import outbox
from storage.column_types import AnyRow

_o = outbox.c


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
    """How often a channel has refused it."""
    next_try_at: datetime | None
    """Set exactly while the state is pending."""
    sent_at: datetime | None
    last_error: str | None
    severity: Severity


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


def kept(connection: Connection, alert_ids: Sequence[int]) -> None:
    """Mark alerts as not to be sent, because no channel is configured."""
    change = update(outbox).where(_o.alert_id.in_(alert_ids)).values(state="kept", next_try_at=None)
    connection.execute(change)


def listed(
    connection: Connection, *, limit: int, about_drops: bool | None = None, since: datetime | None = None
) -> list[AlertRow]:
    """Alerts, newest first; only those about drops, or only others; `since` leaves out older ones."""
    drops = _o.kind.cast(outbox.c.text.type).like("drop.%")
    query = select(outbox)
    if about_drops is not None:
        query = query.where(drops if about_drops else ~drops)
    if since is not None:
        query = query.where(_o.created_at >= since)
    return _rows(connection.execute(query.order_by(_o.alert_id.desc()).limit(limit)))


def _rows(found: Iterable[AnyRow]) -> list[AlertRow]:
    return [AlertRow(**row._asdict(), severity=severity_of(row.kind)) for row in found]
