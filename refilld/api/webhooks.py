"""Webhook endpoints over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, Response

from monitor.webhooks.address import AllowedHosts
from refilld.api.auth import Guard, View
from refilld.api.parsing import read_body, read_id, read_nothing, read_query
from refilld.api.responses import answer
from refilld.api.webhook_schemas import DeliveriesQuery, EndpointBody, ReplayBody
from refilld.services import webhooks as endpoint_actions
from refilld.services.webhook_fields import attempt_fields, delivery_fields, endpoint_fields
from storage import webhook_log, webhooks
from storage.engine import Database
from storage.pages import Cursor, PageRequest
from storage.tokens import Scope
from storage.webhook_log import DeliveryFilter

NOUN = "webhook endpoint"


@dataclass(frozen=True, slots=True)
class WebhookEndpoints:
    """The actions on endpoints and deliveries."""

    database: Database
    clock: Callable[[], datetime]
    allowed: AllowedHosts

    def listed(self) -> Response:
        with self.database.read() as tx:
            rows = webhooks.listed(tx)
        return answer({"endpoints": [endpoint_fields(row) for row in rows]})

    def add(self) -> Response:
        """Add an endpoint; this answer is the only one with the secret."""
        body = read_body(EndpointBody)
        wanted = endpoint_actions.subscription_of(body.kinds, body.services, body.providers, body.metrics)
        with self.database.write() as tx:
            now = self.clock()
            made = endpoint_actions.add(tx, body.url, wanted, body.description, self.allowed, now)
        return answer(endpoint_fields(made.endpoint) | {"secret": made.secret}, HTTPStatus.CREATED)

    def show(self, endpoint_id: str) -> Response:
        number = read_id(endpoint_id, NOUN)
        with self.database.read() as tx:
            return answer(endpoint_fields(webhooks.get(tx, number)))

    def remove(self, endpoint_id: str) -> Response:
        number = read_id(endpoint_id, NOUN)
        with self.database.write() as tx:
            endpoint_actions.remove(tx, number, self.clock())
        return Response(status=HTTPStatus.NO_CONTENT)

    def rotate(self, endpoint_id: str) -> Response:
        number = read_id(endpoint_id, NOUN)
        read_nothing()
        with self.database.write() as tx:
            made = endpoint_actions.rotate(tx, number, self.clock())
        return answer({"endpoint_id": number, "secret": made.secret})

    def enable(self, endpoint_id: str) -> Response:
        number = read_id(endpoint_id, NOUN)
        read_nothing()
        with self.database.write() as tx:
            endpoint_actions.enable(tx, number, self.clock())
            return answer(endpoint_fields(webhooks.get(tx, number)))

    def test(self, endpoint_id: str) -> Response:
        """Plan a test message, which the daemon sends; its delivery shows the answer."""
        number = read_id(endpoint_id, NOUN)
        read_nothing()
        with self.database.write() as tx:
            delivery_id = endpoint_actions.plan_test(tx, number, self.clock())
        return answer({"endpoint_id": number, "delivery_id": delivery_id}, HTTPStatus.ACCEPTED)

    def replay(self, endpoint_id: str) -> Response:
        number, body = read_id(endpoint_id, NOUN), read_body(ReplayBody)
        with self.database.read() as tx:
            since = body.since.astimezone(UTC)
            events = endpoint_actions.to_replay(tx, number, since, undelivered=body.undelivered)
        endpoint_actions.replay(self.database, number, events, self.clock())
        return answer({"endpoint_id": number, "messages": len(events)}, HTTPStatus.ACCEPTED)

    def deliveries(self, endpoint_id: str) -> Response:
        """One page, newest first."""
        number, query = read_id(endpoint_id, NOUN), read_query(DeliveriesQuery)
        with self.database.read() as tx:
            webhooks.get(tx, number)
            wanted = DeliveryFilter(endpoint_id=number, state=query.state)
            cursor = None if query.cursor is None else Cursor(None, query.cursor)
            page = webhook_log.page(tx, wanted, PageRequest(query.limit, cursor))
        more = None if page.next is None else str(page.next.key)
        return answer({"deliveries": [delivery_fields(row) for row in page.rows], "next_cursor": more})

    def delivery(self, endpoint_id: str, delivery_id: str) -> Response:
        """One delivery with all its attempts."""
        number, delivery = read_id(endpoint_id, NOUN), read_id(delivery_id, "delivery")
        with self.database.read() as tx:
            row = webhook_log.get(tx, number, delivery)
            tried = [attempt_fields(one) for one in webhook_log.attempts_of(tx, delivery)]
        return answer(delivery_fields(row) | {"log": tried})

    def replay_one(self, endpoint_id: str, delivery_id: str) -> Response:
        number, delivery = read_id(endpoint_id, NOUN), read_id(delivery_id, "delivery")
        read_nothing()
        with self.database.read() as tx:
            endpoint_actions.require_enabled(tx, number)
            event = webhook_log.get(tx, number, delivery).event_id
        endpoint_actions.replay(self.database, number, [event], self.clock())
        return answer({"endpoint_id": number, "messages": 1}, HTTPStatus.ACCEPTED)


def webhook_routes(endpoints: WebhookEndpoints, guard: Guard) -> Blueprint:
    """The routes under /api/v1/webhooks."""
    routes = Blueprint("webhooks", __name__, url_prefix="/api/v1/webhooks")
    views: tuple[tuple[str, str, View], ...] = (
        ("GET", "", endpoints.listed),
        ("POST", "", endpoints.add),
        ("GET", "/<endpoint_id>", endpoints.show),
        ("DELETE", "/<endpoint_id>", endpoints.remove),
        ("POST", "/<endpoint_id>/rotate", endpoints.rotate),
        ("POST", "/<endpoint_id>/enable", endpoints.enable),
        ("POST", "/<endpoint_id>/test", endpoints.test),
        ("POST", "/<endpoint_id>/replay", endpoints.replay),
        ("GET", "/<endpoint_id>/deliveries", endpoints.deliveries),
        ("GET", "/<endpoint_id>/deliveries/<delivery_id>", endpoints.delivery),
        ("POST", "/<endpoint_id>/deliveries/<delivery_id>/replay", endpoints.replay_one),
    )
    for method, path, view in views:
        guarded = guard.needs(view, Scope.WEBHOOKS_MANAGE)
        routes.add_url_rule(path, view.__name__, guarded, methods=[method])
    return routes
