"""Sums up what the guarantee cost: delivered refills by month, metric, service, provider and currency."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from monitor.model.money import CENT, finest, rounded, share_of_price
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import guarantee_costs
from storage.engine import Database
from storage.guarantee_costs import GuaranteeCost, PricedRefill

REFILLS = 1_000
"""Refills of one slice."""


class _CostKey(NamedTuple):
    month: datetime
    metric: Metric
    service: str
    provider: str | None
    currency: str | None
    priced: bool


@dataclass(slots=True)
class _Cost:
    refills: int = 0
    units: int = 0
    amount: Decimal = Decimal(0)
    smallest: Decimal = CENT


@dataclass(frozen=True, slots=True)
class CostSums:
    """The sums of completed refills."""

    _sums: dict[_CostKey, _Cost] = field(default_factory=dict)

    def add(self, refills: Iterable[PricedRefill]) -> None:
        """Add refills; those that are not completed cost nothing."""
        for one in refills:
            if one.state is RefillState.COMPLETED and one.completed_at is not None:
                self._add(one, one.completed_at)

    def costs(self) -> list[GuaranteeCost]:
        """The costs, each amount rounded once."""
        return [
            GuaranteeCost(
                *group[:5],
                cost.refills,
                cost.units,
                rounded(cost.amount, cost.smallest) if group.priced else None,
            )
            for group, cost in self._sums.items()
        ]

    def _add(self, one: PricedRefill, completed_at: datetime) -> None:
        month = completed_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        priced = one.price is not None
        group = _CostKey(
            month, one.metric, one.service, one.provider, one.currency if priced else None, priced
        )
        cost = self._sums.setdefault(group, _Cost())
        cost.refills += 1
        cost.units += one.units
        if one.price is not None:
            cost.amount += share_of_price(one.price, one.units, one.ordered)
            cost.smallest = min(cost.smallest, finest(one.price))


def sum_costs(database: Database, rest: Callable[[], object]) -> list[GuaranteeCost]:
    """Sum up all refills, in slices; `rest` is called after each."""
    sums, last = CostSums(), 0
    while True:
        with database.read() as tx:
            found = guarantee_costs.next_refills(tx, last, REFILLS)
        if not found:
            return sums.costs()
        sums.add(found)
        last = found[-1].refill_id
        rest()
