"""Webhook endpoints over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

from flask import Response

from monitor.webhooks.address import AllowedHosts
from refilld.api.answers import (
    DeliveryAnswer,
    DeliveryLogAnswer,
    EndpointAnswer,
    EndpointsAnswer,
    NewEndpointAnswer,
    PlannedTestAnswer,
    ReplayAnswer,
    SecretAnswer,
    page_of,
)
from refilld.api.lists import page_answer
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
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
_ALL = f"{PREFIX}/webhooks"
_ONE = f"{_ALL}/<endpoint_id>"
_route = partial(ApiRoute, scopes=(Scope.WEBHOOKS_MANAGE,))
_of_one = partial(_route, problems=(HTTPStatus.NOT_FOUND,))
_may_conflict = partial(_route, problems=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
"""Routes that some states of the endpoint refuse."""


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


def webhook_routes(endpoints: WebhookEndpoints) -> tuple[ApiRoute, ...]:
    """The routes of webhook endpoints."""
    return (*_of_endpoints(endpoints), *_of_deliveries(endpoints))


def _of_endpoints(of: WebhookEndpoints) -> Iterator[ApiRoute]:
    first = {"endpoint_id": "$response.body#/endpoints/0/endpoint_id"}
    yield _route("GET", _ALL, of.listed, "All webhook endpoints", EndpointsAnswer, links=first)
    yield _route(
        "POST",
        _ALL,
        of.add,
        "Add an endpoint",
        NewEndpointAnswer,
        body=EndpointBody,
        status=HTTPStatus.CREATED,
        problems=(HTTPStatus.CONFLICT,),
        links={"endpoint_id": "$response.body#/endpoint_id"},
    )
    yield _of_one("GET", _ONE, of.show, "One endpoint", EndpointAnswer)
    yield _of_one("DELETE", _ONE, of.remove, "Remove an endpoint", status=HTTPStatus.NO_CONTENT)
    yield _of_one("POST", f"{_ONE}/rotate", of.rotate, "Make a new secret", SecretAnswer, body=Nothing)
    yield _may_conflict(
        "POST", f"{_ONE}/enable", of.enable, "Enable an endpoint", EndpointAnswer, body=Nothing
    )
    yield _may_conflict(
        "POST",
        f"{_ONE}/test",
        of.test,
        "Send a test",
        PlannedTestAnswer,
        body=Nothing,
        status=HTTPStatus.ACCEPTED,
        links={"delivery_id": "$response.body#/delivery_id"},
    )


def _of_deliveries(of: WebhookEndpoints) -> Iterator[ApiRoute]:
    delivery, accepted = f"{_ONE}/deliveries/<delivery_id>", HTTPStatus.ACCEPTED
    since, again = "Send all events since a time again", "Send a delivery again"
    yield _of_one(
        "GET",
        f"{_ONE}/deliveries",
        of.deliveries,
        "Deliveries, newest first",
        page_of("deliveries", DeliveryAnswer),
        query=OF_ENDPOINT,
        headers=("Link",),
        links={"delivery_id": "$response.body#/deliveries/0/delivery_id"},
    )
    yield _of_one("GET", delivery, of.delivery, "One delivery with its attempts", DeliveryLogAnswer)
    yield _may_conflict(
        "POST", f"{_ONE}/replay", of.replay, since, ReplayAnswer, body=ReplayBody, status=accepted
    )
    yield _may_conflict(
        "POST", f"{delivery}/replay", of.replay_one, again, ReplayAnswer, body=Nothing, status=accepted
    )
