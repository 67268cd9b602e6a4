"""Orders over HTTP: one with its story, its flags, and refill requests of customers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus

from flask import Response, request

from monitor.model.order import Flag
from refilld.answers.texts import Texts
from refilld.api.answers import FlagsAnswer, RequestAnswer, StoryAnswer
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
from refilld.api.schemas import FlagBody, Nothing
from refilld.orders_file.rows import possible_id
from refilld.services import refill_requests
from refilld.services.answer_fields import answer_fields
from refilld.services.look_obstacle import EnabledSources
from refilld.timeline.document import document
from refilld.timeline.load import load
from storage import flags
from storage.engine import Database
from storage.errors import NotFoundError
from storage.tokens import Scope

LOOKS = 1_000
"""Looks of an order that are shown, at most: the newest."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What is done with single orders."""

    database: Database
    clock: Callable[[], datetime]
    enabled: EnabledSources
    texts: Texts

    def show(self, order_id: str) -> Response:
        """One order with all that happened to it."""
        _require_possible(order_id)
        with self.database.read() as tx:
            story = load(tx, order_id, self.clock(), self.enabled, LOOKS)
        of_order = story.order.order.language
        return self._in_language(of_order, lambda language: document(story, self.texts.of(language)))

    def set_flag(self, order_id: str, flag: str, body: FlagBody) -> Response:
        return self._flag(order_id, flag, body.comment, sets=True)

    def lift_flag(self, order_id: str, flag: str) -> Response:
        return self._flag(order_id, flag, "", sets=False)

    def _flag(self, order_id: str, text: str, comment: str, *, sets: bool) -> Response:
        _require_possible(order_id)
        flag = _flag_named(text)
        change = flags.set_flag if sets else flags.lift_flag
        with self.database.write() as tx:
            changed = change(tx, order_id, flag, self.clock(), comment)
            set_now = sorted(flags.of_order(tx, order_id))
        return answer({"order_id": order_id, "flags": set_now, "changed": changed})

    def request_refill(self, order_id: str, body: Nothing) -> Response:  # noqa: ARG002  # it has no field
        """Record a request of the customer; answers from the newest count, while a look is due."""
        _require_possible(order_id)
        with self.database.write() as tx:
            now = self.clock()
            _, recheck = refill_requests.request_refill(tx, order_id, now)
            obstacle = refill_requests.obstacle_of(tx, order_id, recheck, self.enabled, now)
            so_far = refill_requests.answer_now(tx, order_id, now, obstacle)
        hindered = refill_requests.hindered(recheck, obstacle)
        return self._in_language(
            so_far.order.language,
            lambda language: answer_fields(so_far, hindered, self.texts.of(language)),
            HTTPStatus.ACCEPTED,
        )

    def _in_language(
        self,
        of_order: str | None,
        fields: Callable[[str], dict[str, object]],
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        """An answer in a language that the client accepts, best that of the order."""
        preferred = self.texts.known(of_order)
        language = request.accept_languages.best_match([preferred, *self.texts.languages], preferred)
        found = answer(fields(language), status)
        found.content_language.add(language)
        return found


def _require_possible(order_id: str) -> None:
    if not possible_id(order_id):
        raise NotFoundError("there is no such order")


def _flag_named(text: str) -> Flag:
    try:
        return Flag(text)
    except ValueError:
        raise NotFoundError(f"there is no such flag; there are {', '.join(Flag)}") from None


def order_routes(orders: Orders) -> tuple[ApiRoute, ...]:
    """The routes of single orders, each with its scope."""
    one = f"{PREFIX}/orders/<order:order_id>"
    flag, asks = f"{one}/flags/<flag>", f"{one}/refill-requests"
    of_one = partial(ApiRoute, problems=(HTTPStatus.NOT_FOUND,))
    spoken = partial(of_one, request_headers=("Accept-Language",), headers=("Content-Language",))
    read, write = (Scope.ORDERS_READ,), (Scope.ORDERS_WRITE,)
    return (
        spoken("GET", one, orders.show, "One order with its story", StoryAnswer, scopes=read),
        of_one(
            "PUT", flag, orders.set_flag, "Set a flag on an order", FlagsAnswer, body=FlagBody, scopes=write
        ),
        of_one("DELETE", flag, orders.lift_flag, "Lift a flag from an order", FlagsAnswer, scopes=write),
        spoken(
            "POST",
            asks,
            orders.request_refill,
            "A customer noticed a drop: the answer so far, and a look at once",
            RequestAnswer,
            body=Nothing,
            status=HTTPStatus.ACCEPTED,
            scopes=write,
        ),
    )
