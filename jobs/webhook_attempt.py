"""One attempt to deliver a message: claimed, sent outside of any transaction, and recorded."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from jobs.webhook_message import message_body, message_id
from monitor.events.kind import EventKind
from monitor.webhooks.signature import signed_headers
from monitor.webhooks.verdict import DELAYS, WebhookAnswer, WebhookVerdict, verdict
from storage import webhook_deliveries, webhooks
from storage.engine import Database
from storage.server_time import shared_time
from storage.webhook_deliveries import ClaimedDelivery

log = structlog.get_logger()


class WebhookSender(Protocol):
    """Sends messages over HTTP."""

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """Send one message, within a bounded time; never raises for what the network or the endpoint does."""


@dataclass(frozen=True, slots=True)
class WebhookAttempts:
    """Tries messages, one at a time; used by several threads."""

    database: Database
    clock: Callable[[], datetime]
    sender: WebhookSender
    jitter: Callable[[], float] = random.random
    recorded: Callable[[int, WebhookVerdict], None] = lambda _endpoint_id, _verdict: None
    """Is told the endpoint of each attempt that is committed, and what followed."""

    def next(self, endpoint_id: int) -> bool:
        """Try the message to an endpoint that is due first; False if none is due or the endpoint rests."""
        with self.database.write() as tx:
            now = shared_time(tx, self.clock())
            claimed = webhook_deliveries.claim(tx, endpoint_id, now)
        if claimed is None:
            return False
        answer = self.send(claimed, now)
        ruling = self.record(claimed, answer)
        if ruling is not None:
            self.recorded(endpoint_id, ruling)
            _log(claimed, answer, ruling)
        return True

    def record(self, claimed: ClaimedDelivery, answer: WebhookAnswer) -> WebhookVerdict | None:
        """Record an answer, and what follows from it; None if the endpoint was removed meanwhile."""
        with self.database.write() as tx:
            now = shared_time(tx, self.clock())
            endpoint = webhooks.lock(tx, claimed.endpoint_id)
            if endpoint is None:
                return None
            failing_for = now - (endpoint.failing_since or now)
            ruling = verdict(answer, _attempts(claimed), failing_for, self.jitter())
            webhook_deliveries.record(tx, claimed, answer, ruling, now)
            if ruling.accepted:
                webhooks.note_success(tx, endpoint)
            else:
                paused = None if ruling.pause is None else now + ruling.pause
                webhooks.note_failure(tx, endpoint, now, paused)
            if ruling.disabled is not None:
                webhooks.disable(tx, endpoint, ruling.disabled, now)
        return ruling

    def send(self, claimed: ClaimedDelivery, now: datetime) -> WebhookAnswer:
        """Send a message that was claimed now."""
        try:
            body = message_body(claimed.event)
            headers = signed_headers(claimed.secrets.values, message_id(claimed.event), now, body)
            return self.sender.send(claimed.url, headers, body)
        except Exception as error:  # a fault of ours must not stop the other messages
            log.exception("webhooks.fault", delivery=claimed.delivery_id)
            return WebhookAnswer(None, f"a fault of refilld: {type(error).__name__}", timedelta(0))


def _attempts(claimed: ClaimedDelivery) -> int:
    """Attempts with this one; a test is not repeated, so its first attempt is its last."""
    return len(DELAYS) if claimed.event.kind is EventKind.WEBHOOK_TEST else claimed.attempts + 1


def _log(claimed: ClaimedDelivery, answer: WebhookAnswer, ruling: WebhookVerdict) -> None:
    """Log what became of an attempt; never the URL. The delivery log has each attempt."""
    facts = {"endpoint": claimed.endpoint_id, "error": answer.error}
    if ruling.disabled is not None:
        log.error("webhooks.disabled", **facts, reason=str(ruling.disabled))
    elif not ruling.accepted:
        log.warning("webhooks.failed", **facts, once_a_minute=True)
