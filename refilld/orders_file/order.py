"""Parses raw rows into orders, with the services and terms of the configuration."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar

from monitor.errors import BadInputError
from monitor.model.link import (
    LONGEST_LINK,
    ForeignLinkError,
    LinkKind,
    ParsedLink,
    parse_link,
    parse_username,
)
from monitor.model.order import Order, OrderStatus
from monitor.model.service import Service, Services
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms, TermsOrigin
from monitor.model.terms_catalog import TermsCatalog
from refilld.orders_file.cells import (
    Cells,
    checked_text,
    filled,
    id_cell,
    metric_cell,
    needed_text,
    shown,
    status_cell,
    text_cell,
)
from refilld.orders_file.conventions import UNAMBIGUOUS, Conventions
from refilld.orders_file.language import language
from refilld.orders_file.notes import Notes
from refilld.orders_file.numbers import MOST_COUNT, MOST_UNITS, amount, currency, is_negative, whole_number
from refilld.orders_file.reader import OrdersFile
from refilld.orders_file.rows import LONGEST_ID, Ignored, RawRow, Refused
from refilld.orders_file.service_fault import ServiceFaultError
from refilld.orders_file.times import past_time

T = TypeVar("T")
_NO_SERVICE = Service()
_MOST_KNOWN = 10_000
_OPTIONAL = frozenset(
    {"start_count", "owner", "provider", "customer", "price", "currency", "language", "created_at"}
)
"""Fields whose values are left out if they cannot be read."""
ParsedRow = tuple[RawRow, Order] | Refused | Ignored
"""A row with its order, or a row without one."""


class _OptionalCells(NamedTuple):
    """The filled cells of a row; one that is not needed is left out if it cannot be read."""

    line: int
    cells: Cells
    notes: Notes

    def get(self, field: str, parse: Callable[[str, str], T]) -> T | None:
        """Parse a cell; None if it is empty or, with a note, cannot be read."""
        text = self.cells.get(field)
        if text is None:
            return None
        try:
            return parse(field, text)
        except BadInputError as error:
            self.notes.left_out(self.line, error)
            return None


@dataclass(frozen=True, slots=True)
class OrderParser:
    """Parses the rows of one file."""

    services: Services
    terms: TermsCatalog
    now: datetime
    conventions: Conventions
    notes: Notes
    _known: dict[tuple[str | None, ...], tuple[Metric, Terms, TermsOrigin]] = field(default_factory=dict)
    """Metric and terms by the cells that they follow from; a file has few of them."""

    def parse(self, raw: RawRow) -> Order | None:
        """Parse one order; None if its service is ignored.

        Raises BadInputError with the field, the fault and the remedy.
        """
        if raw.faults:
            self._check(raw)
        cells = filled(raw.cells)
        name = needed_text(cells, "service", 200)
        service = self.services.get(name, _NO_SERVICE)
        if service.ignored:
            return None
        order_id = id_cell(cells, LONGEST_ID)
        typed = needed_text(cells, "link", LONGEST_LINK)
        quantity = _quantity(cells)
        status = status_cell(cells, self.conventions.statuses)
        link = self._link(typed, name)
        metric, terms, terms_from = self._service_values(cells, name, service, link)
        completed_at = self._completed_at(raw.line, cells, status)
        optional = _OptionalCells(raw.line, cells, self.notes)
        price, in_price = optional.get("price", _price) or (None, None)
        return Order(
            order_id=order_id,
            service=name,
            target=_target(optional, link, metric),
            quantity=quantity,
            status=status,
            terms=terms,
            remains=_remains(cells, quantity),
            completed_at=completed_at,
            created_at=self._created_at(optional, completed_at),
            start_count=optional.get("start_count", _start_count),
            link_typed=typed,
            provider=optional.get("provider", _note),
            customer=optional.get("customer", _note),
            price=price,
            currency=optional.get("currency", _currency) or in_price,
            language=optional.get("language", language),
            terms_from=terms_from,
        )

    def _check(self, raw: RawRow) -> None:
        """Note the optional values that are no text or number; raises BadInputError for another one."""
        for name, error in raw.faults.items():
            if name not in _OPTIONAL:
                raise error
            self.notes.left_out(raw.line, error)

    def _link(self, typed: str, service: str) -> ParsedLink:
        """Parse the link; one to another site is told for its service, unless that is configured."""
        try:
            return parse_link(typed)
        except ForeignLinkError as error:
            if service in self.services:
                raise
            raise ServiceFaultError(service, service, foreign=error.problem) from None

    def _completed_at(self, line: int, cells: Cells, status: OrderStatus) -> datetime | None:
        """Return the time of completion; None for an undelivered order, whatever the cell holds."""
        if not status.delivered:
            return None
        text = cells.get("completed_at")
        if text is None:
            raise BadInputError("completed_at", f"is missing; an order with status {status} needs it")
        return self._time(line, "completed_at", text)

    def _created_at(self, optional: "_OptionalCells", completed_at: datetime | None) -> datetime | None:
        """Return when the order was placed; None, with a note, for a time after its completion."""

        def before_completion(field: str, text: str) -> datetime:
            created_at = self._time(optional.line, field, text)
            if completed_at is not None and created_at > completed_at:
                raise BadInputError(field, f"{shown(text)} is after the completion")
            return created_at

        return optional.get("created_at", before_completion)

    def _time(self, line: int, field: str, text: str) -> datetime:
        read = past_time(field, text, self.conventions, self.now)
        if read.naive:
            self.notes.without_zone(line, text)
        return read.at

    def _service_values(
        self, cells: Cells, name: str, service: Service, link: ParsedLink
    ) -> tuple[Metric, Terms, TermsOrigin]:
        """Return the metric and the terms; raises ServiceFaultError if the configuration leaves one open."""
        key = (name, cells.get("terms"), cells.get("metric"))
        found = self._known.get(key)
        if found is None:
            found = self._new_service_values(cells, name, service, link)
            if len(self._known) < _MOST_KNOWN:
                self._known[key] = found
        return found

    def _new_service_values(
        self, cells: Cells, name: str, service: Service, link: ParsedLink
    ) -> tuple[Metric, Terms, TermsOrigin]:
        in_row = text_cell(cells, "terms", 200)
        self._require_terms(in_row or service.terms)
        metric = _metric(cells, name, service)
        unread = in_row is None and self.terms.unread_promise(service, name)
        if metric is None or unread:
            possible = tuple(m for m in Metric if m.counted_on is link.link.kind) if metric is None else ()
            raise ServiceFaultError(name, service.name or name, possible, unread=unread)
        if in_row is not None:
            return metric, self.terms[in_row], TermsOrigin.ROW
        return metric, *self.terms.of_service(service, name)

    def _require_terms(self, name: str | None) -> None:
        if name is not None and name not in self.terms:
            known = ", ".join(sorted(self.terms))
            raise BadInputError("terms", f"there are no terms {shown(name)}; there are {known}")


def parse_order(
    raw: RawRow,
    *,
    services: Mapping[str, Service],
    terms: Mapping[str, Terms],
    now: datetime,
    conventions: Conventions = UNAMBIGUOUS,
) -> Order:
    """Parse one order of a service that is not ignored; raises BadInputError.

    For many rows use `parse_rows`. Terms that are no `TermsCatalog` are not derived from service names.
    """
    order = _parser(services, terms, now, conventions, Notes()).parse(raw)
    if order is None:
        raise BadInputError("service", f"{shown(raw.cells['service'])} is ignored by the configuration")
    return order


def parse_rows(
    rows: Iterable[RawRow | Refused],
    *,
    services: Mapping[str, Service],
    terms: Mapping[str, Terms],
    now: datetime,
    notes: Notes,
    conventions: Conventions = UNAMBIGUOUS,
) -> Iterator[ParsedRow]:
    """Yield every row with its order, or as refused or ignored; `notes` collects what was left out."""
    parser = _parser(services, terms, now, conventions, notes)
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        try:
            order = parser.parse(row)
        except BadInputError as error:
            yield Refused.row(row, error)
        else:
            yield Ignored(row.line, row.cells["service"]) if order is None else (row, order)


def parse_file(
    path: Path,
    mapping: Mapping[str, str],
    *,
    services: Mapping[str, Service],
    terms: Mapping[str, Terms],
    now: datetime,
    notes: Notes,
    conventions: Conventions = UNAMBIGUOUS,
) -> Iterator[ParsedRow]:
    """Yield the parsed rows of a file.

    The first step raises BadInputError for a fault of the whole file, and OSError.
    """
    with OrdersFile(path, mapping, conventions.columns) as file:
        yield from parse_rows(
            file, services=services, terms=terms, now=now, notes=notes, conventions=conventions
        )


def _parser(
    services: Mapping[str, Service],
    terms: Mapping[str, Terms],
    now: datetime,
    conventions: Conventions,
    notes: Notes,
) -> OrderParser:
    return OrderParser(
        services if isinstance(services, Services) else Services(services),
        terms if isinstance(terms, TermsCatalog) else TermsCatalog(terms),
        now,
        conventions,
        notes,
    )


def _target(optional: _OptionalCells, parsed: ParsedLink, metric: Metric) -> Target:
    """Return the target; the owner column of a post takes precedence over an owner in its link."""
    link = parsed.link
    if metric.counted_on is not link.kind:
        raise BadInputError(
            "metric", f"{metric} are counted on a {metric.counted_on}, but {link} is a {link.kind}"
        )
    if link.kind is not LinkKind.POST:
        return Target(link, metric)
    return Target(link, metric, optional.get("owner", _owner) or parsed.owner)


def _quantity(cells: Cells) -> int:
    text = needed_text(cells, "quantity", LONGEST_LINK)
    quantity = whole_number("quantity", text, MOST_UNITS)
    if quantity == 0:
        raise BadInputError("quantity", "'0' is no order; write how many units were sold")
    return quantity


def _remains(cells: Cells, quantity: int) -> int:
    """Return the undelivered units; a negative number is an over-delivery, and nothing is outstanding."""
    text = cells.get("remains", "0")
    remains = 0 if is_negative(text) else whole_number("remains", text, MOST_COUNT)
    if remains > quantity:
        raise BadInputError("remains", f"'{remains}' is more than the quantity {quantity}")
    return remains


def _metric(cells: Cells, name: str, service: Service) -> Metric | None:
    """Return the metric of the service, else of the row, which must agree; None if neither has one."""
    metric = metric_cell(cells)
    if service.metric is None:
        return metric
    if metric not in {None, service.metric}:
        raise BadInputError(
            "metric",
            f"{metric} does not agree with service {shown(name)}, which the configuration counts"
            f" in {service.metric}",
        )
    return service.metric


def _start_count(field: str, text: str) -> int:
    return whole_number(field, text, MOST_COUNT)


def _note(field: str, text: str) -> str:
    return checked_text(field, text, 200)


def _price(_field: str, text: str) -> tuple[Decimal, str | None]:
    return amount(text)


def _owner(field: str, text: str) -> str:
    return parse_username(text, field)


def _currency(_field: str, text: str) -> str:
    return currency(text)
