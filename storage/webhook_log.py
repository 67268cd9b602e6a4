"""The delivery log of webhooks: deliveries with the last attempt of each, and all attempts of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from monitor.events.kind import EventKind
from storage.alert_tables import events
from storage.column_types import AnyRow, AnySelect
from storage.errors import NotFoundError
from storage.pages import CappedCount, Page, PageRequest
from storage.walks import Walk, count, read_page
from storage.webhook_tables import webhook_attempts, webhook_deliveries, webhook_endpoints
from storage.webhooks import EndpointRow

STATES = ("pending", "delivered", "failed")
_a = webhook_attempts.c
_d = webhook_deliveries.c
_e = events.c
_endpoints = webhook_endpoints.c
_last = webhook_attempts.alias("last_attempt")
_IS_LAST = (
    _last.c.attempt_id
    == select(func.max(_a.attempt_id)).where(_a.delivery_id == _d.delivery_id).scalar_subquery()
)
_LISTED: AnySelect = select(
    _d.delivery_id,
    _d.endpoint_id,
    _d.event_id,
    _e.kind,
    _d.state,
    _d.attempts,
    _d.created_at,
    _d.next_try_at,
    _d.finished_at,
    _last.c.at,
    _last.c.status,
    _last.c.error,
).select_from(webhook_deliveries.join(events, _e.event_id == _d.event_id).outerjoin(_last, _IS_LAST))


@dataclass(frozen=True, slots=True)
class WebhookDeliveryRow:
    """One delivery with its last attempt."""

    delivery_id: int
    endpoint_id: int
    event_id: int
    kind: EventKind
    state: str
    """pending, delivered or failed."""
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    """Set exactly while the state is pending."""
    finished_at: datetime | None
    tried_at: datetime | None
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are meant; a field that is None does not filter."""

    endpoint_id: int | None = None
    state: str | None = None
    """pending, delivered or failed."""
    kind: EventKind | None = None


@dataclass(frozen=True, slots=True)
class WebhookAttemptRow:
    """One attempt to deliver."""

    at: datetime
    status: int | None
    """The HTTP status; None without an answer."""
    error: str
    """Empty for a success."""
    milliseconds: int
    response: str
    """The beginning of the body, escaped."""


def page(connection: Connection, wanted: DeliveryFilter, request: PageRequest) -> Page[WebhookDeliveryRow]:
    """One page of the deliveries that a filter finds, newest first."""
    return read_page(
        connection,
        _walk(wanted),
        _LISTED,
        request,
        lambda rows: [WebhookDeliveryRow(*row[:-1]) for row in rows],
    )


def counted(connection: Connection, wanted: DeliveryFilter) -> CappedCount:
    """The number of the deliveries that a filter finds."""
    return count(connection, _walk(wanted), _LISTED)


def _walk(wanted: DeliveryFilter) -> Walk:
    walk = Walk(webhook_deliveries, _d.delivery_id, None)
    if wanted.endpoint_id is not None:
        of_endpoint = (_d.endpoint_id == wanted.endpoint_id,)
        walk = Walk(
            webhook_deliveries, _d.delivery_id, "ix_webhook_deliveries_endpoint_id", found_by=of_endpoint
        )
    return walk.equal((_d.state, wanted.state), (_e.kind, wanted.kind))


def get(connection: Connection, endpoint_id: int, delivery_id: int) -> WebhookDeliveryRow:
    """One delivery to an endpoint; raises NotFoundError."""
    mine = and_(_d.endpoint_id == endpoint_id, _d.delivery_id == delivery_id)
    row = connection.execute(_LISTED.where(mine)).first()
    if row is None:
        raise NotFoundError(f"webhook endpoint {endpoint_id} has no delivery {delivery_id}")
    return WebhookDeliveryRow(*row)


def attempts_of(connection: Connection, delivery_id: int) -> list[WebhookAttemptRow]:
    """The attempts of a delivery, oldest first."""
    query = select(_a.at, _a.status, _a.error, _a.milliseconds, _a.response)
    rows = connection.execute(query.where(_a.delivery_id == delivery_id).order_by(_a.attempt_id))
    return [WebhookAttemptRow(*row) for row in rows]


def pending(connection: Connection, endpoint_id: int) -> int:
    """Deliveries to an endpoint that wait."""
    query = select(func.count()).where(_d.endpoint_id == endpoint_id, _d.state == "pending")
    return connection.execute(query).scalar_one()


@dataclass(frozen=True, slots=True)
class EndpointTrouble:
    """What waits for an endpoint, and its newest message that it has not accepted."""

    pending: int = 0
    delivery_id: int | None = None
    tried_at: datetime | None = None
    error: str = ""


def troubles(connection: Connection, endpoints: Sequence[EndpointRow]) -> dict[int, EndpointTrouble]:
    """The trouble of each of these endpoints; one that works has no refused message."""
    waiting = select(_d.endpoint_id, func.count()).where(_d.state == "pending").group_by(_d.endpoint_id)
    pending: dict[int, int] = dict(connection.execute(waiting).all())
    failing = [one.endpoint_id for one in endpoints if one.failing_since or one.disabled_at]
    refused = {row.endpoint_id: row for row in _newest_refused(connection, failing)}
    found = {}
    for one in endpoints:
        row, waits = refused.get(one.endpoint_id), pending.get(one.endpoint_id, 0)
        last = (None, None, "") if row is None else (row.delivery_id, row.at, row.error or "")
        found[one.endpoint_id] = EndpointTrouble(waits, *last)
    return found


def _newest_refused(connection: Connection, endpoint_ids: Sequence[int]) -> Sequence[AnyRow]:
    """The newest delivery of each endpoint that was tried, and is not delivered."""
    newest = (
        select(func.max(_d.delivery_id))
        .where(_d.endpoint_id == _endpoints.endpoint_id, _d.state != "delivered", _d.attempts > 0)
        .scalar_subquery()
    )
    query = select(newest).select_from(webhook_endpoints).where(_endpoints.endpoint_id.in_(endpoint_ids))
    ids = connection.execute(query).scalars().all()
    return connection.execute(_LISTED.where(_d.delivery_id.in_(ids))).all()
