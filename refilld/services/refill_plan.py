"""What an action on several refills will do, as pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from jobs.bulk_refills import ExpectedRefill
from monitor.guarantee.daily_caps import QueuedUnits
from monitor.model.bulk_action import BulkAction
from monitor.model.refill import RefillState
from monitor.model.sums import item_of
from refilld.services.frozen_preview import OutcomeRows
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

    @property
    def whole(self) -> int:
        """Number of those whose units are all that was sold."""
        return sum(one.units >= one.refill.ordered for one in self.queued)

    @cached_property
    def capped(self) -> tuple[PlannedRefill, ...]:
        """Those that will stay held for a daily cap."""
        return tuple(one for one in self.planned if one.state is RefillState.HELD)

    @cached_property
    def ended(self) -> tuple[PlannedRefill, ...]:
        """Those that will be rejected or cancelled."""
        return tuple(one for one in self.planned if one.state not in {RefillState.QUEUED, RefillState.HELD})


def outcome_rows(planned: Sequence[PlannedRefill]) -> OutcomeRows:
    """Planned refills to be added up, with the share of the price for their units."""
    rows = [(one.refill, one.units) for one in planned]
    return [
        (row.order_id, row.service, row.provider, item_of(1, units, row.price, row.currency, row.ordered))
        for row, units in rows
    ]
