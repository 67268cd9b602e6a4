"""Imports the orders that a world or a file sells, as `refilld orders import` does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from monitor.model.order import Order
from refilld.orders_file import (
    Notes,
    ParsedRow,
    RawRow,
    Refused,
    conventions_of,
    parse_file,
    parse_rows,
)
from refilld.services.order_import import ImportListeners, import_orders
from refilld.settings.settings import Settings
from refilld.simulate.clock import SimulationClock
from refilld.simulate.world import SimulatedWorld
from storage.engine import Database
from storage.orders import ImportResult

_CENTURY_ENDS = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Sales:
    """The imports of one simulation."""

    database: Database
    settings: Settings
    clock: SimulationClock
    refused: list[Refused] = field(default_factory=list)
    imported: int = 0

    def import_new(self, world: SimulatedWorld) -> None:
        """Import what the world has sold since the last call."""
        now = self.clock.now()
        rows = (RawRow(n, _cells(cells)) for n, cells in enumerate(world.sold(now), start=self.imported + 1))
        services, terms = self.settings.all_services, self.settings.all_terms
        self._import(parse_rows(rows, services=services, terms=terms, now=now, notes=Notes()))

    def schedule(self, parsed: Iterable[ParsedRow]) -> None:
        """Schedule the import of each order for its delivery; undelivered orders at once."""
        for item in parsed:
            self.clock.at(delivered_at(item) or self.clock.now(), partial(self._import, [item]))

    def _import(self, parsed: Iterable[ParsedRow]) -> None:
        listeners = ImportListeners(self.refused.append, _ignore)
        self.imported += import_orders(self.database, parsed, self.clock.now(), listeners)[ImportResult.ADDED]


def read_orders(path: Path, settings: Settings, notes: Notes) -> list[ParsedRow]:
    """Read an orders file; deliveries may lie in the future. Raises BadInputError and OSError."""
    services, terms = settings.all_services, settings.all_terms
    conventions = conventions_of(settings.orders)
    rows = parse_file(
        path, {}, services=services, terms=terms, now=_CENTURY_ENDS, notes=notes, conventions=conventions
    )
    return list(rows)


def delivered_at(item: ParsedRow) -> datetime | None:
    """The time of delivery; None for an undelivered order, and for a row without an order."""
    return item[1].completed_at if isinstance(item, tuple) else None


def _ignore(_order: Order) -> None:
    pass


def _cells(row: Mapping[str, object]) -> Mapping[str, str]:
    """The cells of a row as text; times in ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in row.items()
        if value is not None
    }
