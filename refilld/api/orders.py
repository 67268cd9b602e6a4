"""Orders over HTTP: refill requests of customers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, request

from refilld.answers.texts import Texts
from refilld.api.auth import Guard
from refilld.api.parsing import read_nothing
from refilld.api.responses import answer
from refilld.orders_file.rows import LONGEST_ID
from refilld.services import refill_requests
from refilld.services.answer_fields import answer_fields
from refilld.services.look_obstacle import EnabledSources
from storage.engine import Database
from storage.errors import NotFoundError
from storage.tokens import Scope


@dataclass(frozen=True, slots=True)
class OrderRequests:
    """The actions on orders."""

    database: Database
    clock: Callable[[], datetime]
    enabled: EnabledSources
    texts: Texts

    def request_refill(self, order_id: str) -> Response:
        """Record a request of the customer; answers from the newest count, while a look is due."""
        read_nothing()
        if len(order_id) > LONGEST_ID or not order_id.isprintable():
            raise NotFoundError("there is no such order")
        with self.database.write() as tx:
            now = self.clock()
            _, recheck = refill_requests.request_refill(tx, order_id, now)
            obstacle = refill_requests.obstacle_of(tx, order_id, recheck, self.enabled, now)
            so_far = refill_requests.answer_now(tx, order_id, now, obstacle)
        preferred = self.texts.known(so_far.order.language)
        language = request.accept_languages.best_match([preferred, *self.texts.languages], preferred)
        fields = answer_fields(so_far, refill_requests.hindered(recheck, obstacle), self.texts.of(language))
        response = answer(fields, HTTPStatus.ACCEPTED)
        response.content_language.add(language)
        return response


def order_routes(orders: OrderRequests, guard: Guard) -> Blueprint:
    """The routes under /api/v1/orders, each with its scope."""
    routes = Blueprint("orders", __name__, url_prefix="/api/v1/orders")
    ask = guard.needs(orders.request_refill, Scope.ORDERS_WRITE)
    routes.add_url_rule("/<order:order_id>/refill-requests", "request_refill", ask, methods=["POST"])
    return routes
