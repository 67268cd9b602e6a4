"""From raw rows to orders: what a row means under the configuration's services and terms."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from monitor.errors import BadInputError
from monitor.model.link import LONGEST_LINK, LinkKind, parse_link, parse_username
from monitor.model.order import Order
from monitor.model.service import Service, Services
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms, TermsOrigin
from monitor.model.terms_catalog import TermsCatalog
from refilld.orders_file.cells import (
    MOST_COUNT,
    Cells,
    completed_cell,
    currency_cell,
    metric_cell,
    needed_text,
    price_cell,
    quantity_cell,
    remains_cell,
    shown,
    status_cell,
    text_cell,
    whole_cell,
)
from refilld.orders_file.reader import OrdersFile
from refilld.orders_file.rows import LONGEST_ID, RawRow, Refused

_NO_SERVICE = Service()


def parse_order(
    raw: RawRow, *, services: Mapping[str, Service], terms: Mapping[str, Terms], now: datetime
) -> Order:
    """Read one order; raises BadInputError(field, what is wrong and what would be right).

    Pass a `Services` and a `TermsBook` when many rows are read: any other mapping is indexed anew for
    each row, and derives no terms from names.
    """
    cells = raw.cells
    order_id = needed_text(cells, "order_id", LONGEST_ID)
    name = needed_text(cells, "service", 200)
    service = _known(services).get(name, _NO_SERVICE)
    link = needed_text(cells, "link", LONGEST_LINK)
    quantity = quantity_cell(cells)
    status = status_cell(cells)
    sold_under, terms_from = _terms(cells, service, name, _book(terms))
    return Order(
        order_id=order_id,
        service=name,
        target=_target(cells, link, _metric(cells, name, service)),
        quantity=quantity,
        status=status,
        terms=sold_under,
        remains=remains_cell(cells, quantity),
        completed_at=completed_cell(cells, status, now),
        start_count=whole_cell(cells, "start_count", MOST_COUNT),
        link_typed=link,
        provider=text_cell(cells, "provider", 200),
        customer=text_cell(cells, "customer", 200),
        price=price_cell(cells),
        currency=currency_cell(cells),
        terms_from=terms_from,
    )


def parse_rows(
    rows: Iterable[RawRow | Refused],
    *,
    services: Mapping[str, Service],
    terms: Mapping[str, Terms],
    now: datetime,
) -> Iterator[tuple[RawRow, Order] | Refused]:
    """Yield every row with its order, or its refusal."""
    known, book = _known(services), _book(terms)
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        try:
            yield row, parse_order(row, services=known, terms=book, now=now)
        except BadInputError as error:
            yield Refused.row(row, error)


def parse_file(
    path: Path,
    mapping: Mapping[str, str],
    *,
    services: Mapping[str, Service],
    terms: Mapping[str, Terms],
    now: datetime,
    on_read: Callable[[int], object] | None = None,
) -> Iterator[tuple[RawRow, Order] | Refused]:
    """Yield the orders and refusals of a file; `on_read` is told the bytes read so far before each of them.

    Raises BadInputError about the whole file, and OSError, at the first step.
    """
    with OrdersFile(path, mapping) as file:
        for parsed in parse_rows(file, services=services, terms=terms, now=now):
            if on_read is not None:
                on_read(file.position)
            yield parsed


def _metric(cells: Cells, name: str, service: Service) -> Metric:
    """Return what the service counts; a row may say it too, but not say otherwise."""
    metric = metric_cell(cells)
    if service.metric is None and metric is not None:
        return metric
    if service.metric is None:
        raise BadInputError(
            "metric",
            f"is missing, and the configuration has no metric for service {shown(name)}; write one of"
            f" {', '.join(Metric)} in a metric column, or under [services.{json.dumps(name)}]",
        )
    if metric not in {None, service.metric}:
        raise BadInputError(
            "metric",
            f"{metric} does not agree with service {shown(name)}, which the configuration counts"
            f" in {service.metric}",
        )
    return service.metric


def _target(cells: Cells, link: str, metric: Metric) -> Target:
    """Return what is counted; the owner column beats the owner in the link, and only posts have one."""
    parsed = parse_link(link)
    owner = text_cell(cells, "owner", 100)
    username = parsed.owner if owner is None else parse_username(owner, "owner")
    if metric.counted_on is not parsed.link.kind:
        raise BadInputError(
            "metric",
            f"{metric} are counted on a {metric.counted_on}, but {parsed.link} is a {parsed.link.kind}",
        )
    return Target(parsed.link, metric, username if parsed.link.kind is LinkKind.POST else None)


def _known(services: Mapping[str, Service]) -> Services:
    return services if isinstance(services, Services) else Services(services)


def _book(terms: Mapping[str, Terms]) -> TermsCatalog:
    return terms if isinstance(terms, TermsCatalog) else TermsCatalog(terms)


def _terms(cells: Cells, service: Service, called: str, book: TermsCatalog) -> tuple[Terms, TermsOrigin]:
    """Return the row's terms, else those of its service, and where they are from."""
    said = text_cell(cells, "terms", 200)
    name = said or service.terms
    if name is not None and name not in book:
        raise BadInputError("terms", f"there are no terms {shown(name)}; there are {', '.join(sorted(book))}")
    return book.of_service(service, called) if said is None else (book[said], TermsOrigin.ROW)
