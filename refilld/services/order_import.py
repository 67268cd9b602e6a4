"""Importing orders: rows in, batches into the database, a tally out."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from monitor.model.order import Order
from refilld.orders_file import RawRow, Refused
from storage.engine import Database, Transaction
from storage.orders import ImportResult, import_batch

BATCH = 500
"""Rows in one transaction: an interrupted import has kept whole batches, and can simply be run again."""

Parsed = tuple[RawRow, Order] | Refused
Tally = Counter[ImportResult]


class _DryRunError(Exception):
    """Rolls back a dry run."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told what becomes of single rows, batch by batch, once it is certain."""

    on_refused: Callable[[Refused], None]
    on_added: Callable[[Order], None]


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one batch."""

    results: Tally
    refused: list[Refused]
    added: list[Order]


def import_orders(database: Database, parsed: Iterable[Parsed], now: datetime, listeners: Listeners) -> Tally:
    """Import every good row; refused ones change nothing."""
    tally: Tally = Counter()
    for batch in _batches(parsed):
        with database.write() as tx:
            result = _import(tx, batch, now)
        _tell(tally, result, listeners)
    return tally


def try_orders(database: Database, parsed: Iterable[Parsed], now: datetime, listeners: Listeners) -> Tally:
    """Say what `import_orders` would do, and change nothing.

    Each batch is tried by itself, so that nobody waits for the whole file; an order that comes twice,
    far apart, counts as added twice.
    """
    tally: Tally = Counter()
    for batch in _batches(parsed):
        with _rolled_back(database) as tx:
            result = _import(tx, batch, now)
        _tell(tally, result, listeners)
    return tally


def _import(tx: Transaction, batch: list[Parsed], now: datetime) -> _Result:
    good = [item for item in batch if not isinstance(item, Refused)]
    refused = [item for item in batch if isinstance(item, Refused)]
    added = []
    imported = import_batch(tx, [order for _, order in good], now)
    for (row, order), result in zip(good, imported, strict=True):
        if result.error is not None:
            refused.append(Refused.row(row, result.error))
        elif result.result is ImportResult.ADDED:
            added.append(order)
    results = Counter(result.result for result in imported if result.error is None)
    return _Result(results, sorted(refused, key=lambda row: row.line), added)


def _tell(tally: Tally, result: _Result, listeners: Listeners) -> None:
    tally.update(result.results)
    tally[ImportResult.REFUSED] += len(result.refused)
    for row in result.refused:
        listeners.on_refused(row)
    for order in result.added:
        listeners.on_added(order)


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
