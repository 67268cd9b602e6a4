"""The world of a simulation: a source, and the optional abilities of its class."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from monitor.errors import BadInputError
from monitor.model.target import Target
from monitor.sources.contract import Source
from monitor.sources.reader_adapter import ReaderAdapter


@runtime_checkable
class SellsOrders(Protocol):
    """A world that also sells orders."""

    def orders(self, now: datetime) -> Iterable[Mapping[str, object]]:
        """The orders delivered since the last call, as rows of an orders file."""


@runtime_checkable
class ReceivesRefills(Protocol):
    """A world whose counts rise by refills."""

    def refilled(self, order_id: str, target: Target, units: int, now: datetime) -> None:
        """Add the units of a delivered refill."""


@runtime_checkable
class HasExactCounts(Protocol):
    """A world with counts free of noise."""

    def truth(self, target: Target, now: datetime) -> int | None:
        """The exact count at a past time, or None when the target could not be read."""


@dataclass(frozen=True, slots=True)
class SimulatedWorld:
    """A source, and its class as each ability that it has; None for an ability that it lacks."""

    source: Source
    shop: SellsOrders | None
    arrivals: ReceivesRefills | None
    truth: HasExactCounts | None

    @classmethod
    def of(cls, source: Source) -> "SimulatedWorld":
        """The world of a source."""
        plugin = source.reader if isinstance(source, ReaderAdapter) else source
        return cls(
            source,
            plugin if isinstance(plugin, SellsOrders) else None,
            plugin if isinstance(plugin, ReceivesRefills) else None,
            plugin if isinstance(plugin, HasExactCounts) else None,
        )

    def sold(self, now: datetime) -> Iterable[Mapping[str, object]]:
        """The orders sold since the last call; raises BadInputError when the world sells none."""
        if self.shop is None:
            raise BadInputError(
                f"sources.{self.source.name}",
                "sells no orders (it has no orders(now)); give --orders-file FILE",
            )
        return self.shop.orders(now)
