"""The actions of the panel dialect, and its errors, which are answers of status 200 too."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from monitor.errors import BadInputError
from refilld.api import problems
from refilld.api.auth import Admission, Guard
from refilld.api.panel import answers
from refilld.api.panel.form import Named, named, read_form
from refilld.api.panel.words import PanelFault
from refilld.api.parsing import read_id
from refilld.services import panel_refills
from refilld.settings.settings import Settings
from storage import known_values, orders
from storage.engine import Database
from storage.errors import NotFoundError
from storage.tokens import Scope

MOST_SERVICES = 10_000
"""Services of orders that are listed beside the configured ones."""


@dataclass(frozen=True, slots=True)
class PanelDialect:
    """What a panel may do."""

    database: Database
    clock: Callable[[], datetime]
    settings: Settings
    guard: Guard

    def call(self) -> Response:
        """One request of a panel."""
        fields = read_form()
        if fields is None:
            return answers.answered(PanelFault.INCORRECT_REQUEST)
        match self.guard.admission(fields.get("key", "").strip(), Scope.PANEL_USE):
            case Admission.GRANTED:
                return answers.answered(self._act(fields.get("action", ""), fields))
            case Admission.TOO_MANY:
                return answers.answered(PanelFault.TOO_MANY)
            case _:
                return answers.answered(PanelFault.INVALID_KEY)

    def _act(self, action: str, fields: dict[str, str]) -> object:
        match action:
            case "refill":
                return self._refill(named(fields, "order", "orders"))
            case "refill_status":
                return self._refill_status(named(fields, "refill", "refills"))
            case "status":
                return self._status(named(fields, "order", "orders"))
            case "services":
                return self._services()
        return PanelFault.INCORRECT_REQUEST

    def _refill(self, wanted: Named) -> object:
        with self.database.write() as tx:
            asked = panel_refills.ask(tx, wanted.ids, self.clock())
        return answers.refills_asked(wanted, asked)

    def _refill_status(self, wanted: Named) -> object:
        numbers = {one: number for one in wanted.ids if (number := _refill_id(one)) is not None}
        with self.database.read() as tx:
            states = panel_refills.statuses(tx, sorted(set(numbers.values())), self.clock())
        found = {one: states[number] for one, number in numbers.items() if number in states}
        return answers.refill_statuses(wanted, found)

    def _status(self, wanted: Named) -> object:
        with self.database.read() as tx:
            found = orders.some(tx, panel_refills.possible(wanted.ids))
        return answers.order_statuses(wanted, found)

    def _services(self) -> object:
        with self.database.read() as tx:
            sold = known_values.services(tx, MOST_SERVICES)
        return answers.services(self.settings.all_terms, self.settings.all_services, sold)


def panel_routes(dialect: PanelDialect) -> Blueprint:
    """The route `/api/v2`, with or without a slash at its end."""
    routes = Blueprint("panel", __name__)
    routes.add_url_rule("/api/v2", "call", dialect.call, methods=["POST"], strict_slashes=False)
    routes.register_error_handler(Exception, _failed)
    return routes


def _failed(error: Exception) -> Response:
    """What went wrong, in one line; the log says more."""
    if isinstance(error, HTTPException | BadInputError):  # the form is too large, or names no ids
        return answers.answered(PanelFault.INCORRECT_REQUEST)
    status = problems.of_error(error).status_code
    unavailable = status == HTTPStatus.SERVICE_UNAVAILABLE
    return answers.answered(PanelFault.UNAVAILABLE if unavailable else PanelFault.FAILED)


def _refill_id(text: str) -> int | None:
    try:
        return read_id(text, "refill")
    except NotFoundError:
        return None
