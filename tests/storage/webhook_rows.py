"""Endpoints, events and attempts for tests of webhooks."""

from datetime import datetime, timedelta
from typing import Any

from monitor.events.event import Event
from monitor.events.sources import source_blocked
from monitor.webhooks.subscription import Subscription
from monitor.webhooks.verdict import WebhookAnswer, verdict
from storage import events, webhook_deliveries, webhook_dispatch, webhook_log, webhook_secrets, webhooks
from storage.engine import Database
from storage.webhook_deliveries import ClaimedDelivery
from storage.webhook_log import DeliveryFilter, WebhookDeliveryRow
from tests.builders import NOW, SECOND
from tests.pages import rows_of_list

ACCEPTED = WebhookAnswer(200, "", SECOND, response="ok")
REFUSED = WebhookAnswer(500, "status 500", SECOND, response="no")


def an_endpoint(database: Database, url: str = "https://hooks.test/x", **filters: Any) -> int:
    with database.write() as tx:
        endpoint_id = webhooks.add(tx, url, Subscription(**filters), "", NOW)
        webhook_secrets.create(tx, endpoint_id, NOW)
    return endpoint_id


def happen(database: Database, *sources: str, at: datetime = NOW, event: Event | None = None) -> None:
    with database.write() as tx:
        for source in sources:
            events.add(tx, event or source_blocked(source, "blocked", None), at)


def dispatch(database: Database, *endpoints: int, at: datetime = NOW) -> int:
    """Plan deliveries of all new events to these endpoints."""
    with database.write() as tx:
        found = webhook_dispatch.take_new(tx, 1000)
        pairs = [(one.event_id, endpoint) for one in found for endpoint in endpoints]
        webhook_deliveries.add(tx, pairs, at)
    return len(found)


def claim(database: Database, endpoint_id: int, at: datetime = NOW) -> ClaimedDelivery | None:
    with database.write() as tx:
        return webhook_deliveries.claim(tx, endpoint_id, at)


def record(
    database: Database,
    claimed: ClaimedDelivery | None,
    answer: WebhookAnswer,
    at: datetime = NOW,
    attempts: int = 1,
) -> None:
    assert claimed is not None
    ruling = verdict(answer, attempts, timedelta(0), 0)
    with database.write() as tx:
        webhook_deliveries.record(tx, claimed, answer, ruling, at)


def log(database: Database, endpoint_id: int) -> list[WebhookDeliveryRow]:
    with database.read() as tx:
        return rows_of_list(webhook_log.page, tx, DeliveryFilter(endpoint_id=endpoint_id))


def states(database: Database, endpoint_id: int) -> list[str]:
    """The states of the deliveries, oldest first."""
    return [row.state for row in reversed(log(database, endpoint_id))]
