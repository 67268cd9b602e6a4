"""The environment of queue tests: a migrated database, a manual clock, and API callers with tokens."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from threading import enumerate as enumerate_threads
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from monitor.guarantee.claims import Claim
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.order import Order
from monitor.model.target import Metric
from refilld.api.app import create_app
from refilld.api.health import Health
from refilld.services.look_obstacle import enabled_sources
from refilld.settings.settings import Settings
from storage import claim_columns, drops, leases, orders, refills, targets, tokens
from storage.engine import Database
from storage.shared_clock import SharedClock
from storage.tokens import Scope
from tests.builders import a_post, a_profile, an_order
from tests.migrated_database import migrated_database
from tests.refilld.api.documented import Documented

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
ALL_SCOPES = tuple(Scope)


@dataclass
class QueueWorld:
    """The database, the time, and short ways to fill the queue."""

    database: Database
    path: Path
    now: datetime = NOW
    stopping: Event = field(default_factory=Event)
    health: Health = Health()  # noqa: RUF009 - frozen
    watched: list[Documented] = field(default_factory=list)
    """Checks that the answers of each application are as it documents them."""

    def stop(self) -> None:
        """Stop as a process does, and wait until nobody uses the database for claims that wait."""
        self.stopping.set()
        for thread in enumerate_threads():
            if thread.name == "long-poll":
                thread.join()

    def clock(self) -> datetime:
        return self.now

    def queue(self, *order_ids: str, **how: Any) -> list[int]:
        """Store a refill for each of these orders, and return the refills' ids."""
        return self.queue_on([(order_id, f"profile.{order_id}") for order_id in order_ids], **how)

    def queue_on(
        self,
        profiles: list[tuple[str, str]],
        *,
        held: bool = False,
        metric: Metric = Metric.FOLLOWERS,
        quantity: int = 100,
    ) -> list[int]:
        with self.database.write() as connection:
            batch = [a_sold_order(order_id, profile, metric) for order_id, profile in profiles]
            orders.import_batch(connection, batch, self.now)
            return [self.refill(connection, order, quantity, held=held) for order in batch]

    def refill(self, connection: Any, order: Order, quantity: int, *, held: bool) -> int:
        state, action = (DropState.HELD, Action.HOLD) if held else (DropState.REFILLED, Action.REFILL)
        drop = Drop(order.order_id, state, opened_at=self.now, looks=2, closed_at=self.now)
        claim = Claim(order.order_id, line=2000, floor=1000, effective=1900, units=quantity)
        reason = Reason.MASS_DROP if held else Reason.DROP_CONFIRMED
        decision = Decision(order.order_id, self.now, action, reason, quantity, 1900, 2000, quantity)
        drop_id = drops.save(connection, drop, claim, count=1900)
        drops.add_decision(connection, drop_id, decision)
        return refills.create(connection, drop_id, decision, order.target.metric)

    def claim(self, limit: int = 1, consumer: str = "") -> list[Any]:
        with self.database.write() as connection:
            return leases.claim(connection, self.now, limit=limit, lease=LEASE, consumer=consumer)

    def expire(self, max_attempts: int = 10) -> int:
        with self.database.write() as connection:
            return leases.expire(connection, self.now, max_attempts)

    def state(self, refill_id: int) -> str:
        return str(self.row(refill_id).state)

    def row(self, refill_id: int) -> Any:
        with self.database.read() as connection:
            return refills.get(connection, refill_id)

    def events(self, refill_id: int) -> list[str]:
        with self.database.read() as connection:
            return [str(event.state) for event in refills.events_of(connection, refill_id)]

    def hide_profile(self, order_id: str) -> None:
        """Make the order's profile private."""
        with self.database.write() as connection:
            target_id = targets.of_order(connection, order_id).target_id
            connection.exec_driver_sql(f"UPDATE targets SET private_since = 1 WHERE target_id = {target_id}")
            claim_columns.refresh_targets(connection, [target_id])

    def token(self, *scopes: Scope) -> str:
        with self.database.write() as connection:
            return tokens.create(connection, "test", scopes, self.now)

    def app(
        self, refilled: Callable[[Metric, int], None] = lambda _metric, _units: None, **settings: Any
    ) -> Flask:
        chosen = Settings(**settings)
        enabled = enabled_sources(chosen)
        app = create_app(
            self.database,
            chosen,
            SharedClock(self.clock),
            self.stopping,
            lambda: self.health,
            enabled,
            refilled,
        )
        self.watched.append(Documented(app))
        return app

    def caller(self, *scopes: Scope, app: Flask | None = None) -> "Caller":
        """Return a caller with a token of these scopes, or of all."""
        return Caller((app or self.app()).test_client(), self.token(*(scopes or ALL_SCOPES)))


@dataclass
class Caller:
    """A client of the HTTP API."""

    client: FlaskClient
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, path: str, body: object = None, **more: Any) -> TestResponse:
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return self.client.post(f"/api/v1/refills{path}", headers=self.headers, **sent, **more)

    def get(self, path: str = "") -> TestResponse:
        return self.client.get(f"/api/v1/refills{path}", headers=self.headers)

    def claim(self, **body: object) -> list[dict[str, Any]]:
        answer = self.post("/claim", body)
        assert answer.status_code == 200, answer.text
        return list(answer.get_json()["refills"])


def a_sold_order(order_id: str, profile: str, metric: Metric = Metric.FOLLOWERS) -> Order:
    """Give an order of `acme`, completed five days ago; for likes and views, on a post of its own."""
    post = a_post(f"CODE{order_id:0>6}", metric)
    return an_order(
        order_id,
        target=a_profile(profile) if metric is Metric.FOLLOWERS else post,
        service="1234",
        completed_at=NOW - timedelta(days=5),
        link_typed=profile,
        provider="acme",
    )


@contextmanager
def queue_world(directory: Path) -> Iterator[QueueWorld]:
    """A new world in a directory; its database is closed afterwards."""
    path = directory / "queue.db"
    with migrated_database(path) as database:
        world = QueueWorld(database, path)
        yield world
        world.stop()
        faults = [fault for one in world.watched for fault in one.faults]
        assert not faults, faults
