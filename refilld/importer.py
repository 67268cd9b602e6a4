"""Importing orders: rows in, batches into the database, a tally out."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice

from monitor.order import Order
from refilld.orders_file import RawRow, Refused
from storage.engine import Database, Transaction
from storage.orders import Fate, import_batch

BATCH = 500
"""Rows in one transaction: an interrupted import has kept whole batches, and can simply be run again."""

Parsed = tuple[RawRow, Order] | Refused
Tally = Counter[Fate]


class _DryRunError(Exception):
    """Rolls back a dry run."""


def import_orders(
    database: Database, parsed: Iterable[Parsed], now: datetime, on_refused: Callable[[Refused], None]
) -> Tally:
    """Import every good row; refused ones are handed to `on_refused` and nothing else changes."""
    tally: Tally = Counter()
    for batch in _batches(parsed):
        with database.write() as tx:
            fates, refused = _import(tx, batch, now)
        _count(tally, fates, refused, on_refused)
    return tally


def try_orders(
    database: Database, parsed: Iterable[Parsed], now: datetime, on_refused: Callable[[Refused], None]
) -> Tally:
    """Say what `import_orders` would do, and change nothing.

    Each batch is tried by itself, so that nobody waits for the whole file; an order that comes twice,
    far apart, counts as added twice.
    """
    tally: Tally = Counter()
    for batch in _batches(parsed):
        with _rolled_back(database) as tx:
            fates, refused = _import(tx, batch, now)
        _count(tally, fates, refused, on_refused)
    return tally


def _import(tx: Transaction, batch: list[Parsed], now: datetime) -> tuple[Counter[Fate], list[Refused]]:
    good = [item for item in batch if not isinstance(item, Refused)]
    refused = [item for item in batch if isinstance(item, Refused)]
    imported = import_batch(tx, [order for _, order in good], now)
    for (row, _), result in zip(good, imported, strict=True):
        if result.error is not None:
            refused.append(Refused.row(row, result.error))
    fates = Counter(result.fate for result in imported if result.error is None)
    return fates, sorted(refused, key=lambda row: row.line)


def _count(
    tally: Tally, fates: Counter[Fate], refused: list[Refused], on_refused: Callable[[Refused], None]
) -> None:
    tally.update(fates)
    tally[Fate.REFUSED] += len(refused)
    for row in refused:
        on_refused(row)


def _batches(parsed: Iterable[Parsed]) -> Iterator[list[Parsed]]:
    rest = iter(parsed)
    while batch := list(islice(rest, BATCH)):
        yield batch


@contextmanager
def _rolled_back(database: Database) -> Iterator[Transaction]:
    """One transaction that never commits."""
    with suppress(_DryRunError), database.write() as tx:
        yield tx
        raise _DryRunError
