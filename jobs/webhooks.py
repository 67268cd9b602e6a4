"""The webhooks job: turns new events into deliveries, and starts the threads that send what is due.

A round does not wait for the threads, so a slow endpoint holds up nothing but its own messages. Delivery is
at least once, and in no fixed order: a message that failed is sent again later than those after it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, Thread

import structlog

from jobs.webhook_attempt import WebhookAttempts
from storage import webhook_deliveries, webhook_dispatch, webhooks
from storage.actor import Actor, acting
from storage.engine import Database
from storage.errors import StorageError
from storage.server_time import shared_time
from storage.webhook_dispatch import EventFacts
from storage.webhooks import EndpointRow

log = structlog.get_logger()
THREADS = 4
"""Messages that one endpoint gets at the same time."""
EVENTS = 500
"""Events that are taken up in one transaction."""
BATCHES = 20
"""Transactions of one round in which events are taken up."""


@dataclass(slots=True)
class Webhooks:
    """Sends events to webhook endpoints."""

    database: Database
    clock: Callable[[], datetime]
    attempts: WebhookAttempts
    stopping: Callable[[], bool]
    heartbeat: Callable[[], None] = lambda: None
    _lock: Lock = field(default_factory=Lock)
    _running: Counter[int] = field(default_factory=Counter)
    """Threads by endpoint."""
    _threads: set[Thread] = field(default_factory=set)

    def run_once(self) -> None:
        """Take up new events, and start threads for what is due."""
        for _ in range(BATCHES):
            if self._dispatch() < EVENTS or self.stopping():
                break
            self.heartbeat()
        for endpoint_id, threads in self._wanted().items():
            for _ in range(threads):
                self._start(endpoint_id)

    def finish(self) -> None:
        """Wait until the threads have finished; when the process stops, each sends no further message."""
        while threads := self._unfinished():
            for thread in threads:
                thread.join()

    def _dispatch(self) -> int:
        """Plan deliveries of new events; returns how many events were taken up."""
        with self.database.read() as tx:
            if not webhook_dispatch.anything_new(tx):
                return 0
        with self.database.write() as tx:
            facts = webhook_dispatch.take_new(tx, EVENTS)
            pairs = _pairs(facts, webhooks.enabled(tx))
            webhook_deliveries.add(tx, pairs, shared_time(tx, self.clock()))
        return len(facts)

    def _wanted(self) -> dict[int, int]:
        """The number of threads to start for each endpoint."""
        with self.database.read() as tx:
            now = shared_time(tx, self.clock())
            due = {
                endpoint_id: webhook_deliveries.number_due(tx, endpoint_id, now, THREADS)
                for endpoint_id in webhooks.ready(tx, now)
            }
        with self._lock:
            return {one: min(number, THREADS - self._running[one]) for one, number in due.items()}

    def _start(self, endpoint_id: int) -> None:
        thread = Thread(
            target=self._send_all, args=(endpoint_id,), name=f"webhook-{endpoint_id}", daemon=True
        )
        with self._lock:
            thread.start()
            self._running[endpoint_id] += 1
            self._threads = {one for one in self._threads if one.is_alive()} | {thread}

    def _send_all(self, endpoint_id: int) -> None:
        """Send what is due to an endpoint, one message after the other."""
        try:
            with acting(Actor("job webhooks")):
                while not self.stopping() and self.attempts.next(endpoint_id):
                    pass
        except StorageError as error:  # what was sent is sent again when its claim has ended
            log.warning("webhooks.not_recorded", endpoint=endpoint_id, error=str(error))
        finally:
            with self._lock:
                self._running[endpoint_id] -= 1

    def _unfinished(self) -> list[Thread]:
        with self._lock:
            return [thread for thread in self._threads if thread.is_alive()]


def _pairs(facts: Sequence[EventFacts], endpoints: Sequence[EndpointRow]) -> list[tuple[int, int]]:
    """Events with the endpoints that want them."""
    return [
        (event.event_id, endpoint.endpoint_id)
        for event in facts
        if event.complete
        for endpoint in endpoints
        if endpoint.subscription.wants(event.kind, event.subject)
    ]
