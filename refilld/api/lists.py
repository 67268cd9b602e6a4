"""Lists over HTTP: pages by cursor, with the address of the next page."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from flask import Response, request

from refilld.api.answers import (
    DecisionAnswer,
    DropAnswer,
    EventAnswer,
    ListedOrderAnswer,
    RefillAnswer,
    page_of,
)
from refilld.api.parsing import LISTED
from refilld.api.responses import answer
from refilld.api.route import PREFIX, ApiRoute
from refilld.services.decision_query import DECISIONS
from refilld.services.drop_query import DROPS
from refilld.services.event_query import EVENTS
from refilld.services.list_query import ListQuery, QueryFormat
from refilld.services.order_query import ORDERS
from refilld.services.refill_fields import shown
from refilld.services.refill_query import REFILLS
from refilld.texts.renderer import default_renderer
from refilld.timeline.facts import order_facts
from storage import decision_list, drop_list, event_list, order_list, refill_list
from storage.engine import Database, Transaction
from storage.events import EventRow
from storage.order_list import OrderListing
from storage.pages import Page, PageRequest
from storage.tokens import Scope

F = TypeVar("F")
R = TypeVar("R")


def page_answer(
    noun: str, rows: list[dict[str, Any]], format_: QueryFormat[F], query: ListQuery[F], page: Page[Any]
) -> Response:
    """The answer with one page of a list."""
    more = format_.next(query, page.next, LISTED)
    address = None if more is None else f"{request.path}?{more}"
    found = answer({noun: rows, "next_cursor": page.next and str(page.next), "next": address})
    if address is not None:
        found.headers["Link"] = f'<{address}>; rel="next"'
    return found


@dataclass(frozen=True, slots=True)
class Listing(Generic[F, R]):
    """One list: how it is asked for, read and shown."""

    noun: str
    scopes: tuple[Scope, ...]
    query: QueryFormat[F]
    page: Callable[[Transaction, F, PageRequest], Page[R]]
    fields: Callable[[R], dict[str, Any]]
    row: type
    links: Mapping[str, str] = field(default_factory=dict)
    """Where a page has what other routes take."""

    def route(self, database: Database) -> ApiRoute:
        """The route that shows the list."""

        def listed(query: ListQuery[F]) -> Response:
            with database.read() as tx:
                page = self.page(tx, query.filter, query.page)
                rows = [self.fields(row) for row in page.rows]
            return page_answer(self.noun, rows, self.query, query, page)

        return ApiRoute(
            "GET",
            f"{PREFIX}/{self.noun}",
            listed,
            f"The {self.noun}, newest first",
            page_of(self.noun, self.row),
            scopes=self.scopes,
            query=self.query,
            headers=("Link",),
            links=self.links,
        )


def _order(row: OrderListing) -> dict[str, Any]:
    return order_facts(row.stored) | {
        "username_now": row.username_now,
        "last_look_at": row.last_look_at,
        "last_outcome": row.last_outcome,
        "last_count": row.last_count,
        "flags": list(row.flags),
        "drop_state": row.drop_state,
        "claim": row.claim,
        "refill_state": row.refill_state,
    }


def _event(row: EventRow) -> dict[str, Any]:
    subject = {name: value for name, value in asdict(row.subject).items() if value is not None}
    return asdict(row) | {"subject": subject, "text": default_renderer().text(row)}


_ORDER = {"order_id": "$response.body#/orders/0/order_id"}
_REFILL = {"refill_id": "$response.body#/refills/0/refill_id"}
_READ = (Scope.ORDERS_READ,)
LISTS: tuple[Listing[Any, Any], ...] = (
    Listing("orders", _READ, ORDERS, order_list.page, _order, ListedOrderAnswer, _ORDER),
    Listing("drops", _READ, DROPS, drop_list.page, asdict, DropAnswer),
    Listing("decisions", _READ, DECISIONS, decision_list.page, asdict, DecisionAnswer),
    Listing(
        "refills",
        (Scope.REFILLS_MANAGE, Scope.REFILLS_CONSUME),
        REFILLS,
        refill_list.page,
        shown,
        RefillAnswer,
        _REFILL,
    ),
    Listing("events", (Scope.EVENTS_READ,), EVENTS, event_list.page, _event, EventAnswer),
)
"""The lists of the API; that of webhook deliveries is a part of its endpoint."""
