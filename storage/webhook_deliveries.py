"""Deliveries of webhooks: one event and one endpoint; claimed, tried, and recorded with each attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, insert, select, text, update

from monitor.webhooks.verdict import WebhookAnswer, WebhookVerdict
from storage import events as event_rows
from storage import webhook_secrets, webhooks
from storage.alert_tables import events
from storage.column_types import AnySelect
from storage.engine import insert_into
from storage.events import EventRow
from storage.webhook_secrets import SigningSecrets
from storage.webhook_tables import webhook_attempts, webhook_deliveries, webhook_endpoints

CLAIMED_FOR = timedelta(minutes=1)
"""Time until a message is sent again if the process ends while it sends; longer than any attempt."""
_d = webhook_deliveries.c
_w = webhook_endpoints.c
_PENDING = text("webhook_deliveries.state = 'pending'")
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A message that this process sends now."""

    delivery_id: int
    endpoint_id: int
    url: str
    attempts: int
    """Attempts before this one."""
    until: datetime
    """When the claim ends; identifies it."""
    event: EventRow
    secrets: SigningSecrets


def add(connection: Connection, pairs: Sequence[tuple[int, int]], now: datetime) -> None:
    """Plan deliveries of events to endpoints, due at once; those that exist stay as they are."""
    rows = [
        {
            "event_id": event_id,
            "endpoint_id": endpoint_id,
            "state": "pending",
            "created_at": now,
            "next_try_at": now,
        }
        for event_id, endpoint_id in pairs
    ]
    if rows:
        connection.execute(insert_into(connection, webhook_deliveries).on_conflict_do_nothing(), rows)


def add_one(connection: Connection, event_id: int, endpoint_id: int, now: datetime) -> int:
    """Plan the only delivery of an event, and return its id."""
    add(connection, [(event_id, endpoint_id)], now)
    own = and_(_d.event_id == event_id, _d.endpoint_id == endpoint_id)
    made: int = connection.execute(select(_d.delivery_id).where(own)).scalar_one()
    return made


def number_due(connection: Connection, endpoint_id: int, now: datetime, limit: int) -> int:
    """How many deliveries to an endpoint are due, at most `limit`."""
    return len(connection.execute(_due(endpoint_id, now).limit(limit)).all())


def _due(endpoint_id: int, now: datetime) -> AnySelect:
    query = select(_d.delivery_id).where(_PENDING, _d.endpoint_id == endpoint_id, _d.next_try_at <= now)
    return query.order_by(_d.next_try_at, _d.delivery_id)


def claim(
    connection: Connection, endpoint_id: int, now: datetime, delivery_id: int | None = None
) -> ClaimedDelivery | None:
    """Claim the delivery that is due first, unless the endpoint rests, or the given one; None without any."""
    query = _due(endpoint_id, now).limit(1).with_for_update(skip_locked=True, of=webhook_deliveries)
    if delivery_id is None:
        query = query.where(_d.endpoint_id.in_(select(_w.endpoint_id).where(webhooks.is_ready(now))))
    else:
        query = query.where(_d.delivery_id == delivery_id)
    found = connection.execute(query).scalar()
    if found is None:
        return None
    until = now + CLAIMED_FOR
    taken = update(webhook_deliveries).where(_d.delivery_id == found, _PENDING, _d.next_try_at <= now)
    attempts = connection.execute(taken.values(next_try_at=until).returning(_d.attempts)).scalar_one()
    joined = select(*event_rows.COLUMNS, _w.url).select_from(webhook_deliveries)
    joined = joined.join(events, events.c.event_id == _d.event_id)
    joined = joined.join(webhook_endpoints, _w.endpoint_id == _d.endpoint_id)
    row = connection.execute(joined.where(_d.delivery_id == found)).one()
    secrets = webhook_secrets.signing(connection, endpoint_id, now)
    return ClaimedDelivery(found, endpoint_id, row.url, attempts, until, event_rows.event_row(row), secrets)


def record(
    connection: Connection,
    claimed: ClaimedDelivery,
    answer: WebhookAnswer,
    ruling: WebhookVerdict,
    now: datetime,
) -> None:
    """Record an attempt, and what follows for the delivery; nothing if the delivery is gone.

    A failure changes nothing if the claim had ended and another process took the message over.
    """
    mine = _d.delivery_id == claimed.delivery_id
    if not ruling.accepted:
        mine = and_(mine, _PENDING, _d.next_try_at == claimed.until)
    state = "delivered" if ruling.accepted else "failed" if ruling.retry is None else "pending"
    values = {
        "state": state,
        "attempts": claimed.attempts + 1,
        "next_try_at": None if ruling.retry is None else now + ruling.retry,
        "finished_at": None if state == "pending" else now,
    }
    if connection.execute(update(webhook_deliveries).where(mine).values(values)).rowcount:
        row = {
            "delivery_id": claimed.delivery_id,
            "at": now - answer.duration,
            "status": answer.status,
            "error": answer.error,
            "milliseconds": answer.duration // _MILLISECOND,
            "response": answer.response,
        }
        connection.execute(insert(webhook_attempts), row)


def send_again(connection: Connection, endpoint_id: int, event_ids: Sequence[int], now: datetime) -> None:
    """Make the deliveries of these events due at once, or plan them."""
    rows = [
        {"event_id": event_id, "endpoint_id": endpoint_id, "created_at": now, **_due_again(now)}
        for event_id in event_ids
    ]
    if rows:
        row = insert_into(connection, webhook_deliveries)
        key = [_d.event_id, _d.endpoint_id]
        connection.execute(row.on_conflict_do_update(index_elements=key, set_=_due_again(now)), rows)


def _due_again(now: datetime) -> dict[str, object]:
    return {"state": "pending", "attempts": 0, "next_try_at": now, "finished_at": None}
