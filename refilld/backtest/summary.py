"""Summary of a replay, as one line of JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one replay, in the order in which they are written."""

    orders: int
    """Orders that were replayed."""
    snapshots: int
    """Replayed looks of any outcome."""
    drops: int
    """Drops that opened."""
    refills: int
    """Refills that were decided, and held ones that were completed."""
    units_owed: int
    """Units of these refills."""
    units_refused: Mapping[str, int]
    """Units claimed where a drop was refused, by reason."""
    held: int
    """Orders with a held refill at the end."""
    units_held: int
    completions_without_effect: int
    """Completed refills of orders without an open refill under these terms."""
    orders_refused: int
    events_refused: int

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @property
    def clean(self) -> bool:
        """Whether no order and no event was refused."""
        return not self.orders_refused and not self.events_refused
