"""The orders of a backtest: the file is read once, and parsed under each set of terms."""

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime
from itertools import tee
from pathlib import Path

from monitor.errors import BadInputError
from monitor.model.order import Order
from refilld.orders_file import OrdersFile, RawRow, Refused, parse_rows
from refilld.settings import Settings

OrderReading = tuple[RawRow, Order] | Refused


def read_orders(
    path: Path,
    settings: Sequence[Settings],
    read_ids: Container[str],
    refuse: Callable[[Refused], object],
    now: datetime,
) -> Iterator[tuple[Order, ...]]:
    """Yield each order once per settings; a row that is invalid under one of them is refused.

    `read_ids` has the order ids that were read so far. Raises BadInputError about the whole file, and
    OSError.
    """
    with OrdersFile(path) as file:
        readings = [
            parse_rows(rows, services=one.all_services, terms=one.all_terms, now=now)
            for rows, one in zip(tee(file, len(settings)), settings, strict=True)
        ]
        for parsed in zip(*readings, strict=True):
            refused = _refused(parsed, read_ids)
            if refused is None:
                yield tuple(reading[1] for reading in parsed if not isinstance(reading, Refused))
            else:
                refuse(refused)


def _refused(parsed: Sequence[OrderReading], read_ids: Container[str]) -> Refused | None:
    for reading in parsed:
        if isinstance(reading, Refused):
            return reading
        row, order = reading
        if order.order_id in read_ids:
            return Refused.row(row, BadInputError("order_id", "is in the file already; the first row holds"))
    return None
