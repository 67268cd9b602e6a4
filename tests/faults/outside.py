"""What is outside of refilld: the profiles with their losses, and the provider that delivers refills.

Each fact is the name of an empty file, so that it is there as a whole or not at all, whoever is killed.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

START, ORDERED = 1000, 500
"""Followers before each order, and the units that were ordered."""


@dataclass(frozen=True)
class Outside:
    """A directory with the losses of orders, and one with deliveries."""

    place: Path

    def __post_init__(self) -> None:
        for directory in (self._losses, self._deliveries):
            directory.mkdir(parents=True, exist_ok=True)

    @property
    def _losses(self) -> Path:
        return self.place / "losses"

    @property
    def _deliveries(self) -> Path:
        return self.place / "deliveries"

    def lose(self, order_id: str, units: int) -> None:
        """The profile of an order loses followers; repeating it changes nothing."""
        (self._losses / f"{order_id} {units}").touch()

    def deliver(self, order_id: str, refill_id: int, units: int) -> None:
        """The provider delivers a refill; it takes the refill's id as the key by which it does so once."""
        (self._deliveries / f"{order_id} {refill_id} {units}").touch()

    def lost(self) -> dict[str, int]:
        """The units that each order has lost."""
        names = (path.name.split() for path in self._losses.iterdir())
        return {order_id: int(units) for order_id, units in names}

    def delivered(self) -> dict[int, tuple[str, int]]:
        """Order and units of each delivery, by refill."""
        names = (path.name.split() for path in self._deliveries.iterdir())
        return {int(refill_id): (order_id, int(units)) for order_id, refill_id, units in names}

    def count(self, order_id: str) -> int:
        """The followers of an order's profile now."""
        gained = Counter[str]()
        for order, units in self.delivered().values():
            gained[order] += units
        return START + ORDERED - self.lost()[order_id] + gained[order_id]
