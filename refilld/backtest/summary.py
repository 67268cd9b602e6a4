"""The summary: what a replay came to, in one line."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of one replay, in the order in which they are written."""

    orders: int
    """Orders that were replayed."""
    snapshots: int
    """Looks that were replayed, whatever their outcome."""
    drops: int
    """Drops that opened."""
    refills: int
    """Refills that were decided, or were held and then delivered all the same."""
    units_owed: int
    """Units of these refills."""
    units_refused: Mapping[str, int]
    """Units claimed where a drop was refused, by reason."""
    held: int
    """Refills that still wait for an operator, or for the end of a mass drop's hold, at the end."""
    units_held: int
    completions_without_effect: int
    """Completed refills of orders that were owed none under these terms."""
    orders_refused: int
    events_refused: int

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @property
    def clean(self) -> bool:
        """Whether every row and every event was good."""
        return not self.orders_refused and not self.events_refused
