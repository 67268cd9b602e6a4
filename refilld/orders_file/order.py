"""Parses raw rows into orders, with the services and terms of the configuration."""

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
ParsedRow = tuple[RawRow, Order] | Refused
"""A row with its order, or a refused row."""


def parse_order(
    raw: RawRow, *, services: Mapping[str, Service], terms: Mapping[str, Terms], now: datetime
) -> Order:
    """Parse one order; raises BadInputError with the field, the fault and the remedy.

    For many rows pass a `Services` and a `TermsCatalog`. Any other mapping is indexed again for each row,
    and derives no terms from service names.
    """
    cells = raw.cells
    order_id = needed_text(cells, "order_id", LONGEST_ID)
    name = needed_text(cells, "service", 200)
    service = _known(services).get(name, _NO_SERVICE)
    link = needed_text(cells, "link", LONGEST_LINK)
    quantity = quantity_cell(cells)
    status = status_cell(cells)
    sold_under, terms_from = _terms(cells, service, name, _catalog(terms))
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
) -> Iterator[ParsedRow]:
    """Yield every row with its order, or as refused."""
    known, catalog = _known(services), _catalog(terms)
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        try:
            yield row, parse_order(row, services=known, terms=catalog, now=now)
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
) -> Iterator[ParsedRow]:
    """Yield the parsed rows of a file; `on_read` is called with the bytes read so far before each row.

    The first step raises BadInputError for a fault of the whole file, and OSError.
    """
    with OrdersFile(path, mapping) as file:
        for parsed in parse_rows(file, services=services, terms=terms, now=now):
            if on_read is not None:
                on_read(file.position)
            yield parsed


def _metric(cells: Cells, name: str, service: Service) -> Metric:
    """Return the metric of the service; a metric in the row must be the same."""
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
    """Return the target; the owner column takes precedence over an owner in the link. Only posts have one."""
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


def _catalog(terms: Mapping[str, Terms]) -> TermsCatalog:
    return terms if isinstance(terms, TermsCatalog) else TermsCatalog(terms)


def _terms(
    cells: Cells, service: Service, service_name: str, catalog: TermsCatalog
) -> tuple[Terms, TermsOrigin]:
    """Return the terms of the row, else of its service, and their origin."""
    in_row = text_cell(cells, "terms", 200)
    name = in_row or service.terms
    if name is not None and name not in catalog:
        known = ", ".join(sorted(catalog))
        raise BadInputError("terms", f"there are no terms {shown(name)}; there are {known}")
    return catalog.of_service(service, service_name) if in_row is None else (catalog[in_row], TermsOrigin.ROW)
