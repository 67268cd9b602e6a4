"""Webhook endpoints over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from flask import Response

from monitor.webhooks.address import AllowedHosts
from refilld.api.answers import (
    Delivery,
    DeliveryLog,
    Endpoint,
    Endpoints,
    NewEndpoint,
    PlannedTest,
    Replay,
    Secret,
    page_of,
)
from refilld.api.auth import View
from refilld.api.lists import page_answer
from refilld.api.responses import answer
from refilld.api.route import PREFIX, Route
from refilld.api.schemas import Nothing
from refilld.api.webhook_schemas import EndpointBody, ReplayBody
from refilld.services import webhooks as endpoint_actions
from refilld.services.delivery_query import DELIVERIES
from refilld.services.list_query import ListQuery
from refilld.services.webhook_fields import attempt_fields, delivery_fields, endpoint_fields
from storage import webhook_log, webhooks
from storage.engine import Database
from storage.tokens import Scope
from storage.webhook_log import DeliveryFilter

OF_ENDPOINT = DELIVERIES.without("endpoint_id")
"""The query strings of the deliveries of one endpoint."""


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

    def add(self, body: EndpointBody) -> Response:
        """Add an endpoint; this answer is the only one with the secret."""
        wanted = endpoint_actions.subscription_of(body.kinds, body.services, body.providers, body.metrics)
        with self.database.write() as tx:
            now = self.clock()
            made = endpoint_actions.add(tx, body.url, wanted, body.description, self.allowed, now)
        return answer(endpoint_fields(made.endpoint) | {"secret": made.secret}, HTTPStatus.CREATED)

    def show(self, endpoint_id: int) -> Response:
        with self.database.read() as tx:
            return answer(endpoint_fields(webhooks.get(tx, endpoint_id)))

    def remove(self, endpoint_id: int) -> Response:
        with self.database.write() as tx:
            endpoint_actions.remove(tx, endpoint_id, self.clock())
        return Response(status=HTTPStatus.NO_CONTENT)

    def rotate(self, endpoint_id: int, body: Nothing) -> Response:  # noqa: ARG002  # no field
        with self.database.write() as tx:
            made = endpoint_actions.rotate(tx, endpoint_id, self.clock())
        return answer({"endpoint_id": endpoint_id, "secret": made.secret})

    def enable(self, endpoint_id: int, body: Nothing) -> Response:  # noqa: ARG002  # no field
        with self.database.write() as tx:
            endpoint_actions.enable(tx, endpoint_id, self.clock())
            return answer(endpoint_fields(webhooks.get(tx, endpoint_id)))

    def test(self, endpoint_id: int, body: Nothing) -> Response:  # noqa: ARG002  # no field
        """Plan a test message, which the daemon sends; its delivery shows the answer."""
        with self.database.write() as tx:
            delivery_id = endpoint_actions.plan_test(tx, endpoint_id, self.clock())
        return answer({"endpoint_id": endpoint_id, "delivery_id": delivery_id}, HTTPStatus.ACCEPTED)

    def replay(self, endpoint_id: int, body: ReplayBody) -> Response:
        with self.database.read() as tx:
            since = body.since.astimezone(UTC)
            events = endpoint_actions.to_replay(tx, endpoint_id, since, undelivered=body.undelivered)
        endpoint_actions.replay(self.database, endpoint_id, events, self.clock())
        return answer({"endpoint_id": endpoint_id, "messages": len(events)}, HTTPStatus.ACCEPTED)

    def deliveries(self, endpoint_id: int, query: ListQuery[DeliveryFilter]) -> Response:
        """One page, newest first."""
        with self.database.read() as tx:
            webhooks.get(tx, endpoint_id)
            wanted = replace(query.filter, endpoint_id=endpoint_id)
            page = webhook_log.page(tx, wanted, query.page)
            rows = [delivery_fields(row) for row in page.rows]
        return page_answer("deliveries", rows, OF_ENDPOINT, query, page)

    def delivery(self, endpoint_id: int, delivery_id: int) -> Response:
        """One delivery with all its attempts."""
        with self.database.read() as tx:
            row = webhook_log.get(tx, endpoint_id, delivery_id)
            tried = [attempt_fields(one) for one in webhook_log.attempts_of(tx, delivery_id)]
        return answer(delivery_fields(row) | {"log": tried})

    def replay_one(self, endpoint_id: int, delivery_id: int, body: Nothing) -> Response:  # noqa: ARG002  # no field
        with self.database.read() as tx:
            endpoint_actions.require_enabled(tx, endpoint_id)
            event = webhook_log.get(tx, endpoint_id, delivery_id).event_id
        endpoint_actions.replay(self.database, endpoint_id, [event], self.clock())
        return answer({"endpoint_id": endpoint_id, "messages": 1}, HTTPStatus.ACCEPTED)


def webhook_routes(endpoints: WebhookEndpoints) -> tuple[Route, ...]:
    """The routes of webhook endpoints."""
    missing, conflict = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
    one = "/<endpoint_id>"
    delivery = f"{one}/deliveries/<delivery_id>"

    def route(method: str, path: str, view: View, summary: str, shape: Any, **more: Any) -> Route:
        problems = (missing, *more.pop("problems", ())) if path else ()
        return Route(
            method=method,
            path=f"{PREFIX}/webhooks{path}",
            view=view,
            summary=summary,
            answer=shape,
            scopes=(Scope.WEBHOOKS_MANAGE,),
            problems=problems,
            **more,
        )

    created, accepted = {"status": HTTPStatus.CREATED}, {"status": HTTPStatus.ACCEPTED}
    return (
        route("GET", "", endpoints.listed, "All webhook endpoints", Endpoints),
        route("POST", "", endpoints.add, "Add an endpoint", NewEndpoint, body=EndpointBody, **created),
        route("GET", one, endpoints.show, "One endpoint", Endpoint),
        route("DELETE", one, endpoints.remove, "Remove an endpoint", None, status=HTTPStatus.NO_CONTENT),
        route("POST", f"{one}/rotate", endpoints.rotate, "Make a new secret", Secret, body=Nothing),
        route("POST", f"{one}/enable", endpoints.enable, "Enable an endpoint", Endpoint, body=Nothing),
        route("POST", f"{one}/test", endpoints.test, "Send a test", PlannedTest, body=Nothing, **accepted),
        route(
            "POST",
            f"{one}/replay",
            endpoints.replay,
            "Send all events since a time again",
            Replay,
            body=ReplayBody,
            problems=(conflict,),
            **accepted,
        ),
        route(
            "GET",
            f"{one}/deliveries",
            endpoints.deliveries,
            "The deliveries to an endpoint, newest first",
            page_of("deliveries", Delivery),
            query=OF_ENDPOINT,
            headers=("Link",),
        ),
        route("GET", delivery, endpoints.delivery, "One delivery with its attempts", DeliveryLog),
        route(
            "POST",
            f"{delivery}/replay",
            endpoints.replay_one,
            "Send a delivery again",
            Replay,
            body=Nothing,
            problems=(conflict,),
            **accepted,
        ),
    )
