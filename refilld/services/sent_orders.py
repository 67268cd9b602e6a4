"""Orders that a program sends: imported in one transaction, with a result for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.errors import BadInputError
from monitor.model.service import Services
from monitor.model.terms import Terms
from refilld.orders_file import (
    Conventions,
    Ignored,
    Notes,
    ParsedRow,
    RawRow,
    Refused,
    conventions_of,
    parse_rows,
    without_conflicts,
)
from refilld.settings.settings import Settings
from storage import imports
from storage.engine import Transaction
from storage.orders import ImportResult, import_batch

MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row."""

    row: int
    """From 1."""
    order_id: str | None
    """None when the row has no valid one."""
    result: ImportResult
    error: BadInputError | None = None
    """Why it was refused."""


@dataclass(frozen=True, slots=True)
class SentOrders:
    """The rows of one request, parsed."""

    rows: tuple[tuple[str | None, ParsedRow], ...]
    """Each with its id, if it has a valid one."""
    notes: tuple[str, ...]
    """What was left out, and what was assumed."""

    def require_first(self) -> None:
        """Raise the error of the first row if it is refused."""
        _, row = self.rows[0]
        if isinstance(row, Refused):
            raise row.error


@dataclass(frozen=True, slots=True)
class OrderReader:
    """Parses rows with the services, terms and conventions of the configuration."""

    services: Services
    terms: Mapping[str, Terms]
    conventions: Conventions

    def parse(self, rows: Sequence[RawRow | Refused], now: datetime) -> SentOrders:
        notes = Notes()
        parsed = parse_rows(
            without_conflicts(rows),
            services=self.services,
            terms=self.terms,
            now=now,
            notes=notes,
            conventions=self.conventions,
        )
        ids = [row.order_id if isinstance(row, Refused) else _id(row) for row in rows]
        return SentOrders(tuple(zip(ids, parsed, strict=True)), tuple(notes.lines()))


def order_reader(settings: Settings) -> OrderReader:
    """The reader of a configuration."""
    return OrderReader(Services(settings.all_services), settings.all_terms, conventions_of(settings.orders))


def import_sent(tx: Transaction, sent: SentOrders, now: datetime) -> list[RowResult]:
    """Import every valid row; a refused row changes nothing."""
    valid = [row[1] for _, row in sent.rows if isinstance(row, tuple)]
    imported = iter(import_batch(tx, valid, now))
    results = []
    for number, (order_id, row) in enumerate(sent.rows, start=1):
        if isinstance(row, Refused):
            results.append(RowResult(number, row.order_id, ImportResult.REFUSED, row.error))
        elif isinstance(row, Ignored):
            results.append(RowResult(number, order_id, ImportResult.IGNORED))
        else:
            stored = next(imported)
            results.append(RowResult(number, stored.order_id, stored.result, stored.error))
    if any(one.result is not ImportResult.REFUSED for one in results):
        imports.note_orders(tx, now)
    return results


def _id(row: RawRow) -> str:
    return row.cells.get("order_id", "").strip()
