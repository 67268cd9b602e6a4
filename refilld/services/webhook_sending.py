"""Sending to webhook endpoints: the sender of the configuration, and a test message at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from jobs.webhook_attempt import WebhookAttempts
from monitor.webhooks.verdict import WebhookAnswer
from refilld.services.webhooks import plan_test
from refilld.settings.webhooks import WebhooksSection
from refilld.webhook_sender.sender import HttpWebhookSender
from storage import webhook_deliveries
from storage.engine import Database
from storage.server_time import shared_time


@dataclass(frozen=True, slots=True)
class SentTest:
    """What an endpoint answered to a test message."""

    delivery_id: int
    answer: WebhookAnswer


def webhook_attempts(
    database: Database, section: WebhooksSection, clock: Callable[[], datetime]
) -> WebhookAttempts:
    """What sends messages where the configuration allows it."""
    return WebhookAttempts(database, clock, HttpWebhookSender(section.allowed, clock))


def send_test(attempts: WebhookAttempts, endpoint_id: int) -> SentTest:
    """Send a test message now, also while the endpoint is paused; raises NotFoundError or WrongStateError."""
    with attempts.database.write() as tx:
        now = shared_time(tx, attempts.clock())
        delivery_id = plan_test(tx, endpoint_id, now)
        claimed = webhook_deliveries.claim(tx, endpoint_id, now, delivery_id)
    if claimed is None:
        raise AssertionError("a delivery that was just added is claimed by nobody")
    answer = attempts.send(claimed, now)
    attempts.record(claimed, answer)
    return SentTest(delivery_id, answer)
