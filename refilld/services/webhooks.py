"""Webhook endpoints: adding, testing and replaying, for all interfaces."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from monitor.errors import BadInputError
from monitor.events.event import Event
from monitor.events.kind import EventKind
from monitor.events.webhooks import WebhookChanged, WebhookReplayed, webhook_test
from monitor.model.target import Metric
from monitor.webhooks.address import AllowedHosts, parse_url
from monitor.webhooks.subscription import Subscription, checked_kinds
from refilld.services.input_limits import LONGEST_NAME, is_printable
from storage import events, webhook_deliveries, webhook_dispatch, webhook_secrets, webhooks
from storage.chunks import chunks
from storage.engine import Database, Transaction
from storage.errors import WrongStateError
from storage.webhooks import EndpointRow

MOST_VALUES = 100
"""Values of one filter."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint that was added, with its secret, which is not shown again."""

    endpoint: EndpointRow
    secret: str = field(repr=False)


def subscription_of(
    kinds: Iterable[str], services: Iterable[str], providers: Iterable[str], metrics: Iterable[Metric]
) -> Subscription:
    """The subscription of an operator's input; raises BadInputError."""
    return Subscription(
        checked_kinds(kinds),
        _values("services", services),
        _values("providers", providers),
        tuple(dict.fromkeys(metrics)),
    )


def _values(name: str, given: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(given))
    if len(found) > MOST_VALUES:
        raise BadInputError(name, f"must have at most {MOST_VALUES} values")
    if not all(1 <= len(value) <= LONGEST_NAME and is_printable(value) for value in found):
        raise BadInputError(name, f"each must have 1 to {LONGEST_NAME} printable characters")
    return found


def add(
    tx: Transaction,
    url: str,
    subscription: Subscription,
    description: str,
    allowed: AllowedHosts,
    now: datetime,
) -> NewEndpoint:
    """Add an endpoint with a new secret; raises BadInputError, or TooManyEndpointsError."""
    _require_allowed(url, allowed)
    endpoint_id = webhooks.add(tx, url, subscription, description, now)
    secret = webhook_secrets.create(tx, endpoint_id, now)
    endpoint = webhooks.get(tx, endpoint_id)
    _note(tx, EventKind.WEBHOOK_ADDED, endpoint, now)
    return NewEndpoint(endpoint, secret)


def _require_allowed(url: str, allowed: AllowedHosts) -> None:
    """Refuse what can never be sent to; the addresses of a name are checked at each attempt."""
    parsed = parse_url(url)
    refusal = allowed.refusal(parsed, [parsed.literal] if parsed.literal else [])
    if not refusal and parsed.scheme == "http" and parsed.host not in allowed.names and not allowed.networks:
        refusal = "plain http is only used for hosts in webhooks.allow"
    if refusal:
        raise BadInputError("url", refusal)


def rotate(tx: Transaction, endpoint_id: int, now: datetime) -> NewEndpoint:
    """Give an endpoint a new secret; the old one goes on signing for a day."""
    endpoint = webhooks.get(tx, endpoint_id)
    _note(tx, EventKind.WEBHOOK_ROTATED, endpoint, now)
    return NewEndpoint(endpoint, webhook_secrets.create(tx, endpoint_id, now))


def enable(tx: Transaction, endpoint_id: int, now: datetime) -> EndpointRow:
    """Enable an endpoint; returns it as it was. Raises NotFoundError or WrongStateError."""
    before = webhooks.enable(tx, endpoint_id)
    _note(tx, EventKind.WEBHOOK_ENABLED, before, now)
    return before


def remove(tx: Transaction, endpoint_id: int, now: datetime) -> None:
    """Remove an endpoint with its secrets and deliveries; raises NotFoundError."""
    _note(tx, EventKind.WEBHOOK_REMOVED, webhooks.get(tx, endpoint_id), now)
    webhooks.remove(tx, endpoint_id)


def _note(tx: Transaction, kind: EventKind, endpoint: EndpointRow, now: datetime) -> None:
    """Store the change of an endpoint for the audit trail; never its secret."""
    payload = WebhookChanged(endpoint.endpoint_id, endpoint.host, endpoint.subscription.kinds)
    events.add(tx, Event(kind, payload), now)


def require_enabled(tx: Transaction, endpoint_id: int) -> EndpointRow:
    """One endpoint; raises NotFoundError, or WrongStateError if it is disabled."""
    endpoint = webhooks.get(tx, endpoint_id)
    if endpoint.disabled_at is not None:
        remedy = f"refilld webhooks enable {endpoint_id}"
        raise WrongStateError(f"webhook endpoint {endpoint_id} is disabled; run: {remedy}")
    return endpoint


def plan_test(tx: Transaction, endpoint_id: int, now: datetime) -> int:
    """Plan a test message, due at once; returns the id of its delivery."""
    require_enabled(tx, endpoint_id)
    event_id = events.add_test(tx, webhook_test(endpoint_id), now)
    return webhook_deliveries.add_one(tx, event_id, endpoint_id, now)


def to_replay(tx: Transaction, endpoint_id: int, since: datetime, *, undelivered: bool) -> list[int]:
    """The events since a time that an endpoint subscribes to; raises NotFoundError or WrongStateError."""
    endpoint = require_enabled(tx, endpoint_id)
    return list(_wanted(tx, endpoint, since, undelivered=undelivered))


def _wanted(tx: Transaction, endpoint: EndpointRow, since: datetime, *, undelivered: bool) -> Iterator[int]:
    after = 0
    while facts := webhook_dispatch.since(
        tx, endpoint.endpoint_id, since, undelivered=undelivered, after=after, limit=_CHUNK
    ):
        for fact in facts:
            if fact.complete and endpoint.subscription.wants(fact.kind, fact.subject):
                yield fact.event_id
        after = facts[-1].event_id


def replay(database: Database, endpoint_id: int, event_ids: list[int], now: datetime) -> None:
    """Send these events again, in short transactions; raises NotFoundError or WrongStateError."""
    for some in chunks(event_ids, _CHUNK):
        with database.write() as tx:
            endpoint = require_enabled(tx, endpoint_id)
            payload = WebhookReplayed(endpoint_id, endpoint.host, len(some))
            events.add(tx, Event(EventKind.WEBHOOK_REPLAYED, payload), now)
            webhook_deliveries.send_again(tx, endpoint_id, some, now)
