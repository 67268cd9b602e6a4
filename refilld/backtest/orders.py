"""The orders of a backtest: read once, and understood under each set of terms."""

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime
from itertools import tee
from pathlib import Path

from monitor.errors import BadInputError
from monitor.model.order import Order
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
                yield tuple(item[1] for item in parsed if not isinstance(item, Refused))
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
