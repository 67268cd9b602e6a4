"""From raw rows to orders: what a row means under the configuration's services and terms."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from monitor.errors import BadInputError
from monitor.link import LONGEST_LINK, LinkKind, parse_link, parse_username
from monitor.order import Order
from monitor.service import Service, Services
from monitor.target import Metric, Target
from monitor.terms import Terms
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
from refilld.orders_file.rows import RawRow, Refused

_NO_SERVICE = Service()


def parse_order(
    raw: RawRow, *, services: Mapping[str, Service], terms: Mapping[str, Terms], now: datetime
) -> Order:
    """Read one order; raises BadInputError(field, what is wrong and what would be right).

    Pass a `Services` when many rows are read: any other mapping is indexed anew for each row.
    """
    cells = raw.cells
    order_id = needed_text(cells, "order_id", 100)
    name = needed_text(cells, "service", 200)
    book = services if isinstance(services, Services) else Services(services)
    service = book.get(name, _NO_SERVICE)
    link = needed_text(cells, "link", LONGEST_LINK)
    quantity = quantity_cell(cells)
    status = status_cell(cells)
    return Order(
        order_id=order_id,
        service=name,
        target=_target(cells, link, _metric(cells, name, service)),
        quantity=quantity,
        status=status,
        terms=_terms(cells, service, terms),
        remains=remains_cell(cells, quantity),
        completed_at=completed_cell(cells, status, now),
        start_count=whole_cell(cells, "start_count", MOST_COUNT),
        link_typed=link,
        provider=text_cell(cells, "provider", 200),
        customer=text_cell(cells, "customer", 200),
        price=price_cell(cells),
        currency=currency_cell(cells),
    )


def parse_rows(
    rows: Iterable[RawRow | Refused],
    *,
    services: Mapping[str, Service],
    terms: Mapping[str, Terms],
    now: datetime,
) -> Iterator[tuple[RawRow, Order] | Refused]:
    """Yield every row with its order, or its refusal."""
    book = Services(services)
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        try:
            yield row, parse_order(row, services=book, terms=terms, now=now)
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


def _terms(cells: Cells, service: Service, terms: Mapping[str, Terms]) -> Terms:
    """Return the row's terms, else the service's, else the default ones."""
    name = text_cell(cells, "terms", 200) or service.terms
    if name is None:
        return terms.get("default") or Terms()
    if name not in terms:
        raise BadInputError(
            "terms", f"there are no terms {shown(name)}; there are {', '.join(sorted(terms))}"
        )
    return terms[name]
