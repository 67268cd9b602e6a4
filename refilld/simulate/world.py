"""The world of a simulation: a source, and what else its class can do for a simulated shop."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from monitor.errors import BadInputError
from monitor.model.target import Target
from monitor.sources.contract import Source
from monitor.sources.reader_adapter import ReaderAdapter


@runtime_checkable
class Sells(Protocol):
    """A world that also is the shop."""

    def orders(self, now: datetime) -> Iterable[Mapping[str, object]]:
        """What was delivered until now and was not told before, as rows of an orders file."""


@runtime_checkable
class TakesRefills(Protocol):
    """A world in which refills arrive."""

    def refilled(self, order_id: str, target: Target, units: int, now: datetime) -> None:
        """Take the units of a refill."""


@runtime_checkable
class KnowsTruth(Protocol):
    """A world that knows its counts without noise."""

    def truth(self, target: Target, now: datetime) -> int | None:
        """The exact count at any time past, or None where nobody could see it."""


@dataclass(frozen=True, slots=True)
class SimulatedWorld:
    """A source with the parts of its class that a simulation can use; None where it has none of it."""

    source: Source
    shop: Sells | None
    arrivals: TakesRefills | None
    truth: KnowsTruth | None

    @classmethod
    def of(cls, source: Source) -> "SimulatedWorld":
        """The world that a source makes."""
        plugin = source.reader if isinstance(source, ReaderAdapter) else source
        return cls(
            source,
            plugin if isinstance(plugin, Sells) else None,
            plugin if isinstance(plugin, TakesRefills) else None,
            plugin if isinstance(plugin, KnowsTruth) else None,
        )

    def sold(self, now: datetime) -> Iterable[Mapping[str, object]]:
        """What the world has sold since it was last asked; raises BadInputError where it sells nothing."""
        if self.shop is None:
            raise BadInputError(
                f"sources.{self.source.name}",
                "sells no orders (it has no orders(now)); give --orders-file FILE",
            )
        return self.shop.orders(now)
