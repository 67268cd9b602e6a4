"""Sales: what the world or a file says was sold, imported as `refilld orders import` does it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from monitor.model.order import Order
from refilld.orders_file import ParsedRow, RawRow, Refused, parse_file, parse_rows
from refilld.services.order_import import ImportListeners, import_orders
from refilld.settings import Settings
from refilld.simulate.clock import SimulationClock
from refilld.simulate.world import SimulatedWorld
from storage.engine import Database
from storage.orders import ImportResult

_CENTURY_ENDS = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Sales:
    """The till of one simulation."""

    database: Database
    settings: Settings
    clock: SimulationClock
    refused: list[Refused] = field(default_factory=list)
    sold: int = 0

    def ring_up(self, world: SimulatedWorld) -> None:
        """Import what the world has sold since the last time."""
        now = self.clock.now()
        rows = (RawRow(n, _cells(cells)) for n, cells in enumerate(world.sold(now), start=self.sold + 1))
        services, terms = self.settings.all_services, self.settings.all_terms
        self._import(parse_rows(rows, services=services, terms=terms, now=now))

    def plan(self, parsed: Iterable[ParsedRow]) -> None:
        """Import the orders of a file when they are delivered; all others at once."""
        for item in parsed:
            self.clock.at(due(item) or self.clock.now(), partial(self._import, [item]))

    def _import(self, parsed: Iterable[ParsedRow]) -> None:
        listeners = ImportListeners(self.refused.append, _ignore)
        self.sold += import_orders(self.database, parsed, self.clock.now(), listeners)[ImportResult.ADDED]


def read_orders(path: Path, settings: Settings) -> list[ParsedRow]:
    """Read an orders file; deliveries may lie in the future. Raises BadInputError about it, and OSError."""
    services, terms = settings.all_services, settings.all_terms
    return list(parse_file(path, {}, services=services, terms=terms, now=_CENTURY_ENDS))


def due(item: ParsedRow) -> datetime | None:
    """When an order was delivered; None where it was not, or is no order."""
    return None if isinstance(item, Refused) else item[1].completed_at


def _ignore(_order: Order) -> None:
    pass


def _cells(row: Mapping[str, object]) -> Mapping[str, str]:
    """A row's cells as texts; times as an orders file has them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in row.items()
        if value is not None
    }
