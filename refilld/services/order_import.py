"""Imports the orders of a file in batches, and counts what became of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from monitor.model.order import Order
from refilld.orders_file import Ignored, ParsedRow, Refused
from storage import backlogs, imports
from storage.engine import Database, Transaction
from storage.orders import ImportResult, import_batch

BATCH = 500
"""Rows in one transaction. An interrupted import has kept whole batches, and can be repeated."""

ImportCounts = Counter[ImportResult]
"""How many rows had which result."""


class _DryRunError(Exception):
    """Rolls back the transaction of a dry run."""


@dataclass(frozen=True, slots=True)
class ImportListeners:
    """Functions called for single rows, after the transaction of their batch."""

    on_refused: Callable[[Refused], None]
    on_added: Callable[[Order], None]


@dataclass(frozen=True, slots=True)
class _BatchResult:
    """What became of the rows of one batch."""

    counts: ImportCounts
    refused: list[Refused]
    added: list[Order]


def import_orders(
    database: Database,
    parsed: Iterable[ParsedRow],
    now: datetime,
    listeners: ImportListeners,
    backlog_id: int | None = None,
) -> ImportCounts:
    """Import every valid row; a refused row changes nothing."""
    counts: ImportCounts = Counter()
    for batch in _batches(parsed):
        with database.write() as tx:
            result = _import(tx, batch, now, backlog_id)
        _report(counts, result, listeners)
    if not counts[ImportResult.REFUSED] or counts.total() > counts[ImportResult.REFUSED]:
        with database.write() as tx:
            imports.note_orders(tx, now)
    return counts


def import_backlog(
    database: Database, parsed: Iterable[ParsedRow], now: datetime, listeners: ImportListeners
) -> tuple[ImportCounts, int]:
    """Import every valid row as a backlog; gives the number of its orders, too."""
    with database.write() as tx:
        backlog_id = backlogs.begin(tx, now)
    counts = import_orders(database, parsed, now, listeners, backlog_id)
    with database.write() as tx:
        return counts, backlogs.finish(tx, backlog_id, now)


def try_orders(
    database: Database, parsed: Iterable[ParsedRow], now: datetime, listeners: ImportListeners
) -> ImportCounts:
    """Do the same as `import_orders`, but roll every batch back.

    Each batch has a transaction of its own, so that the database is locked briefly only. An order that
    occurs in two batches counts as added twice.
    """
    counts: ImportCounts = Counter()
    for batch in _batches(parsed):
        with _rolled_back(database) as tx:
            result = _import(tx, batch, now)
        _report(counts, result, listeners)
    return counts


def _import(
    tx: Transaction, batch: list[ParsedRow], now: datetime, backlog_id: int | None = None
) -> _BatchResult:
    valid = [item for item in batch if isinstance(item, tuple)]
    refused = [item for item in batch if isinstance(item, Refused)]
    added = []
    imported = import_batch(tx, [order for _, order in valid], now, backlog_id)
    for (row, order), result in zip(valid, imported, strict=True):
        if result.error is not None:
            refused.append(Refused.row(row, result.error))
        elif result.result is ImportResult.ADDED:
            added.append(order)
    counts = Counter(result.result for result in imported if result.error is None)
    counts[ImportResult.IGNORED] = sum(isinstance(item, Ignored) for item in batch)
    return _BatchResult(counts, sorted(refused, key=lambda row: row.line), added)


def _report(counts: ImportCounts, result: _BatchResult, listeners: ImportListeners) -> None:
    counts.update(result.counts)
    counts[ImportResult.REFUSED] += len(result.refused)
    for row in result.refused:
        listeners.on_refused(row)
    for order in result.added:
        listeners.on_added(order)


def _batches(parsed: Iterable[ParsedRow]) -> Iterator[list[ParsedRow]]:
    rest = iter(parsed)
    while batch := list(islice(rest, BATCH)):
        yield batch


@contextmanager
def _rolled_back(database: Database) -> Iterator[Transaction]:
    """A transaction that is rolled back at the end."""
    with suppress(_DryRunError), database.write() as tx:
        yield tx
        raise _DryRunError
