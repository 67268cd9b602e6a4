"""What an action on several refills will do: pure values, and their totals for a preview."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from jobs.bulk_refills import ExpectedRefill
from monitor.guarantee.daily_caps import QueuedUnits
from monitor.model.bulk_action import BulkAction
from monitor.model.refill import RefillState
from monitor.model.sums import Item, Sum, grouped, item_of, summed
from refilld.services.left_out import LeftOut
from storage.refill_selection import SelectedRefill


@dataclass(frozen=True, slots=True)
class PlannedRefill:
    """A refill with what the action will make of it."""

    refill: SelectedRefill
    state: RefillState
    """The state that the action leads to."""
    units: int
    """Units that will be queued; of a refill that is not queued, those that it has."""

    @property
    def expected(self) -> ExpectedRefill:
        """What the action was planned on."""
        ends = self.state in {RefillState.REJECTED, RefillState.CANCELLED}
        return ExpectedRefill(self.refill.state, self.refill.reason, 0 if ends else self.units)

    @property
    def queued_units(self) -> QueuedUnits:
        """As it is counted against the daily caps."""
        row = self.refill
        return QueuedUnits(row.service, row.provider, row.price, row.currency, row.ordered, self.units)


@dataclass(frozen=True)
class RefillPlan:
    """The refills that an action will act on, and those that it leaves out."""

    action: BulkAction
    planned: tuple[PlannedRefill, ...]
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def queued(self) -> tuple[PlannedRefill, ...]:
        return tuple(one for one in self.planned if one.state is RefillState.QUEUED)

    @cached_property
    def capped(self) -> tuple[PlannedRefill, ...]:
        """Those that will stay held for a daily cap."""
        return tuple(one for one in self.planned if one.state is RefillState.HELD)

    @cached_property
    def ended(self) -> tuple[PlannedRefill, ...]:
        """Those that will be rejected or cancelled."""
        return tuple(one for one in self.planned if one.state not in {RefillState.QUEUED, RefillState.HELD})


@dataclass(frozen=True, slots=True)
class RefillTotals:
    """Totals of planned refills."""

    orders: int
    all: Sum
    by_service: tuple[tuple[str | None, Sum], ...]
    by_provider: tuple[tuple[str | None, Sum], ...]


def totals(planned: Sequence[PlannedRefill]) -> RefillTotals:
    """Add up planned refills: units and their share of the price."""
    items = [_item(one) for one in planned]
    services = [one.refill.service for one in planned]
    providers = [one.refill.provider for one in planned]
    return RefillTotals(
        orders=len({one.refill.order_id for one in planned}),
        all=summed(items),
        by_service=tuple(grouped(zip(services, items, strict=True))),
        by_provider=tuple(grouped(zip(providers, items, strict=True))),
    )


def _item(one: PlannedRefill) -> Item:
    row = one.refill
    return item_of(1, one.units, row.price, row.currency, row.ordered)
