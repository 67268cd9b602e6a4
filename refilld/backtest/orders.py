"""The orders of a backtest: the file is read once, and parsed under each set of terms."""

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime
from itertools import tee
from pathlib import Path

from monitor.errors import BadInputError
from monitor.model.order import Order
from refilld.orders_file import Notes, OrdersFile, ParsedRow, Refused, conventions_of, parse_rows
from refilld.settings.orders import OrdersSection
from refilld.settings.settings import Settings


def read_orders(
    path: Path,
    settings: Sequence[Settings],
    read_ids: Container[str],
    notes: Sequence[Notes],
    refuse: Callable[[Refused], object],
    now: datetime,
) -> Iterator[tuple[Order, ...]]:
    """Yield each order once per settings; a row that is invalid under one of them is refused.

    A row of a service that one of them ignores is skipped.

    `read_ids` has the order ids that were read so far, `notes` one object per settings. The columns of the
    file are mapped as the first settings say. Raises BadInputError about the whole file, and
    OSError.
    """
    first = settings[0].orders
    with OrdersFile(path, columns=first.map) as file:
        readings = [
            parse_rows(
                rows,
                services=one.all_services,
                terms=one.all_terms,
                now=now,
                notes=noted,
                conventions=conventions_of(_completed(one.orders, first)),
            )
            for rows, one, noted in zip(tee(file, len(settings)), settings, notes, strict=True)
        ]
        for parsed in zip(*readings, strict=True):
            refused = _refused(parsed, read_ids)
            orders = tuple(reading[1] for reading in parsed if isinstance(reading, tuple))
            if refused is not None:
                refuse(refused)
            elif len(orders) == len(parsed):
                yield orders


def _completed(section: OrdersSection, first: OrdersSection) -> OrdersSection:
    """The section, with the keys of the first one that it leaves out: it is about the same file."""
    return first.model_copy(update={key: getattr(section, key) for key in section.model_fields_set})


def _refused(parsed: Sequence[ParsedRow], read_ids: Container[str]) -> Refused | None:
    for reading in parsed:
        if isinstance(reading, Refused):
            return reading
        if isinstance(reading, tuple) and reading[1].order_id in read_ids:
            row = reading[0]
            return Refused.row(row, BadInputError("order_id", "is in the file already; the first row holds"))
    return None
