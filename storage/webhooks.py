"""Webhook endpoints: who gets messages about which events. Their secrets are in `webhook_secrets`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from monitor.events.webhooks import DisabledReason, webhook_disabled
from monitor.model.target import Metric
from monitor.webhooks.address import parse_url
from monitor.webhooks.subscription import Subscription
from storage import events
from storage.column_types import AnyRow
from storage.engine import advisory_lock
from storage.errors import NotFoundError, TooManyEndpointsError, WrongStateError
from storage.webhook_tables import webhook_deliveries, webhook_endpoints

MOST_ENDPOINTS = 32
"""Each endpoint has threads of its own."""
_w = webhook_endpoints.c
_d = webhook_deliveries.c
_LISTS = ("kinds", "services", "providers", "metrics")


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One endpoint."""

    endpoint_id: int
    url: str
    """May hold secrets: shown to operators, never logged."""
    subscription: Subscription
    description: str
    created_at: datetime
    failing_since: datetime | None
    """The first failure since the last success."""
    paused_until: datetime | None
    """Nothing is sent before this time."""
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None

    @property
    def host(self) -> str:
        return parse_url(self.url).host


def add(connection: Connection, url: str, subscription: Subscription, description: str, now: datetime) -> int:
    """Add an endpoint and return its id; raises TooManyEndpointsError."""
    advisory_lock(connection, "refilld webhooks")
    if connection.execute(select(func.count()).select_from(webhook_endpoints)).scalar_one() >= MOST_ENDPOINTS:
        raise TooManyEndpointsError(f"there are {MOST_ENDPOINTS} endpoints; remove one first")
    row = {"url": url, "description": description, "created_at": now, **_stored(subscription)}
    made: int = connection.execute(insert(webhook_endpoints).returning(_w.endpoint_id), row).scalar_one()
    return made


def _stored(subscription: Subscription) -> dict[str, str]:
    return {name: json.dumps(getattr(subscription, name)) for name in _LISTS}


def listed(connection: Connection) -> list[EndpointRow]:
    """All endpoints, oldest first."""
    return [_endpoint(row) for row in connection.execute(select(webhook_endpoints).order_by(_w.endpoint_id))]


def enabled(connection: Connection) -> list[EndpointRow]:
    """The endpoints that are not disabled, which nobody removes until the commit."""
    query = select(webhook_endpoints).where(_w.disabled_at.is_(None))
    rows = connection.execute(query.with_for_update(read=True, key_share=True))
    return [_endpoint(row) for row in rows]


def get(connection: Connection, endpoint_id: int) -> EndpointRow:
    """One endpoint; raises NotFoundError."""
    row = connection.execute(select(webhook_endpoints).where(_w.endpoint_id == endpoint_id)).first()
    if row is None:
        raise NotFoundError(f"there is no webhook endpoint {endpoint_id}")
    return _endpoint(row)


def lock(connection: Connection, endpoint_id: int) -> EndpointRow | None:
    """One endpoint, which nobody else changes until the commit; None if it was removed."""
    query = select(webhook_endpoints).where(_w.endpoint_id == endpoint_id)
    row = connection.execute(query.with_for_update(key_share=True)).first()
    return None if row is None else _endpoint(row)


def ready(connection: Connection, now: datetime) -> list[int]:
    """The endpoints that messages may be sent to now."""
    return list(connection.execute(select(_w.endpoint_id).where(is_ready(now))).scalars())


def is_ready(now: datetime) -> ColumnElement[bool]:
    """The condition that an endpoint is neither disabled nor paused."""
    return and_(_w.disabled_at.is_(None), or_(_w.paused_until.is_(None), _w.paused_until <= now))


def note_success(connection: Connection, endpoint: EndpointRow) -> None:
    """Note that an endpoint has accepted a message."""
    if endpoint.failing_since is not None:
        change = update(webhook_endpoints).where(_w.endpoint_id == endpoint.endpoint_id)
        connection.execute(change.values(failing_since=None))


def note_failure(
    connection: Connection, endpoint: EndpointRow, now: datetime, paused_until: datetime | None
) -> None:
    """Note that an endpoint has not accepted a message; a pause is never shortened."""
    pauses = [until for until in (endpoint.paused_until, paused_until) if until is not None]
    values = {"failing_since": endpoint.failing_since or now, "paused_until": max(pauses, default=None)}
    change = update(webhook_endpoints).where(_w.endpoint_id == endpoint.endpoint_id)
    connection.execute(change.values(values))


def disable(connection: Connection, endpoint: EndpointRow, reason: DisabledReason, now: datetime) -> None:
    """Disable an endpoint, give its pending deliveries up, and store an event that says so."""
    if endpoint.disabled_at is not None:
        return
    change = update(webhook_endpoints).where(_w.endpoint_id == endpoint.endpoint_id)
    connection.execute(change.values(disabled_at=now, disabled_reason=reason, paused_until=None))
    pending = and_(_d.endpoint_id == endpoint.endpoint_id, _d.state == "pending")
    given_up = update(webhook_deliveries).where(pending)
    lost = connection.execute(given_up.values(state="failed", next_try_at=None, finished_at=now)).rowcount
    since = endpoint.failing_since or now
    event = webhook_disabled(endpoint.endpoint_id, endpoint.host, reason, since, lost)
    events.add(connection, event, now)


def enable(connection: Connection, endpoint_id: int) -> EndpointRow:
    """Enable an endpoint, which counts as well from now on; raises NotFoundError or WrongStateError."""
    endpoint = get(connection, endpoint_id)
    if endpoint.disabled_at is None and endpoint.failing_since is None and endpoint.paused_until is None:
        raise WrongStateError(f"webhook endpoint {endpoint_id} is enabled, and not paused")
    well: Mapping[str, None] = dict.fromkeys(
        ("disabled_at", "disabled_reason", "failing_since", "paused_until")
    )
    connection.execute(update(webhook_endpoints).where(_w.endpoint_id == endpoint_id).values(well))
    return endpoint


def remove(connection: Connection, endpoint_id: int) -> None:
    """Remove an endpoint with its secrets and deliveries; raises NotFoundError."""
    change = delete(webhook_endpoints).where(_w.endpoint_id == endpoint_id)
    if connection.execute(change).rowcount == 0:
        raise NotFoundError(f"there is no webhook endpoint {endpoint_id}")


def _endpoint(row: AnyRow) -> EndpointRow:
    kinds, services, providers, metrics = (_list(getattr(row, name)) for name in _LISTS)
    subscription = Subscription(kinds, services, providers, tuple(map(Metric, metrics)))
    return EndpointRow(
        row.endpoint_id,
        row.url,
        subscription,
        row.description,
        row.created_at,
        row.failing_since,
        row.paused_until,
        row.disabled_at,
        row.disabled_reason,
    )


def _list(text: str) -> tuple[str, ...]:
    found: Sequence[str] = json.loads(text)
    return tuple(found)
