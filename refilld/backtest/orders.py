"""The orders of a backtest: read once, and understood under each set of terms."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import tee
from pathlib import Path
from sys import intern

from monitor.errors import BadInputError
from monitor.order import Order
from refilld.orders_file import OrdersFile, RawRow, Refused, parse_rows
from refilld.settings import Settings

Parsed = tuple[RawRow, Order] | Refused


def read_orders(
    path: Path,
    under: Sequence[Settings],
    known: Container[str],
    refuse: Callable[[Refused], object],
    now: datetime,
) -> Iterator[tuple[Order, ...]]:
    """Yield each order as it is under each of the settings; a row that is bad under one is refused.

    `known` are the orders that were taken so far. Raises BadInputError about the whole file, and OSError.
    """
    with OrdersFile(path) as file:
        readings = [
            parse_rows(rows, services=settings.all_services, terms=settings.all_terms, now=now)
            for rows, settings in zip(tee(file, len(under)), under, strict=True)
        ]
        for parsed in zip(*readings, strict=True):
            refused = _refused(parsed, known)
            if refused is None:
                yield tuple(_slim(item[1]) for item in parsed if not isinstance(item, Refused))
            else:
                refuse(refused)


def _refused(parsed: Sequence[Parsed], known: Container[str]) -> Refused | None:
    for item in parsed:
        if isinstance(item, Refused):
            return item
        row, order = item
        if order.order_id in known:
            return Refused.row(row, BadInputError("order_id", "is in the file already; the first row holds"))
    return None


def _slim(order: Order) -> Order:
    """The order without what no rule asks for, and with words that many orders share kept once."""
    return replace(
        order,
        service=intern(order.service),
        link_typed="",
        provider=None if order.provider is None else intern(order.provider),
        customer=None,
        price=None if order.price is None else _money(str(order.price)),
        currency=None if order.currency is None else intern(order.currency),
    )


@lru_cache(4_096)
def _money(text: str) -> Decimal:
    return Decimal(text)
