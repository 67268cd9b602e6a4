"""The routes of the API with what they take and answer; the OpenAPI document is made of the same rows."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from pydantic import BaseModel

from refilld.api.auth import Guard, View
from refilld.api.parsing import NOUNS, read_body, read_id, read_list, read_no_query
from refilld.api.schemas import Body
from refilld.services.list_query import QueryFormat
from storage.tokens import Scope

PREFIX = "/api/v1"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ROUTES = "refilld routes"
"""The extension of the application that is its table of routes."""


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One call of the API.

    The view gets the parts of the path by their names, and `body` or `query` if the route has one.
    """

    method: str
    path: str
    """As Flask writes it."""
    view: View
    summary: str
    answer: Any = None
    """The type of the answer, as pydantic describes it; None for one without a body."""
    _: KW_ONLY
    scopes: tuple[Scope, ...] = ()
    """A token with one of these is needed; without any, no token is."""
    body: type[Body] | None = None
    form: type[BaseModel] | None = None
    """Fields of a form, in place of a JSON body."""
    query: QueryFormat[Any] | None = None
    """The query strings of a list; other routes take none."""
    status: HTTPStatus = HTTPStatus.OK
    media_types: tuple[str, ...] = (JSON,)
    """Of the answer; which one follows from the request."""
    problems: tuple[HTTPStatus, ...] = ()
    """Statuses of problems beside those that follow from the other fields."""
    request_headers: tuple[str, ...] = ()
    """Headers that are read beside those that every request may have."""
    headers: tuple[str, ...] = ()
    """Headers of the answer beside those that every answer has."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Where the answer has what other routes take, as expressions of OpenAPI links, by name."""
    arguments: Mapping[str, object] = field(default_factory=dict)
    """Arguments of the view that are not in the path."""
    name: str = ""
    """Of the route, if its view has several."""

    @property
    def endpoint(self) -> str:
        return self.name or self.view.__name__


class RouteTable:
    """The routes of an application, by their groups."""

    def __init__(self, app: Flask, guard: Guard, clock: Callable[[], datetime]) -> None:
        self._app = app
        self.guard = guard
        self._clock = clock
        self.groups: dict[str, list[ApiRoute]] = {}

    def add(self, group: str, *routes: ApiRoute) -> None:
        """Serve routes; those with scopes need a token."""
        for route in routes:
            view = self.guard.needs(self._reading(route), *route.scopes) if route.scopes else route.view
            endpoint = f"{group}.{route.endpoint}"
            self._app.add_url_rule(route.path, endpoint, view, methods=[route.method])
        self.describe(group, *routes)

    def describe(self, group: str, *routes: ApiRoute) -> None:
        """Note routes that are served already."""
        self.groups.setdefault(group, []).extend(routes)

    def _reading(self, route: ApiRoute) -> View:
        """The view of a route, called with what is read from the request."""

        @wraps(route.view)
        def reading(**path: str) -> Response:
            read: dict[str, object] = {
                name: read_id(text, NOUNS[name]) if name in NOUNS else text for name, text in path.items()
            }
            if route.query is None:
                read_no_query()
            else:
                read["query"] = read_list(route.query, self._clock())
            if route.body is not None:
                read["body"] = read_body(route.body)
            return route.view(**read, **route.arguments)

        return reading
