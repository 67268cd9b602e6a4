"""Cadence: when to look at a target next.

The rest of the program asks `next_look` and stores what it says; a better policy needs only the
same one method.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, Protocol

from monitor.cadence.hazard import Cell
from monitor.cadence.piecewise_hazard import PiecewiseHazard, sum_hazards
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome


class Priority(IntEnum):
    """Due looks of a lower lane go first."""

    URGENT = 0
    """A confirmation, a baseline, a last look before a guarantee ends: a time that matters."""
    ROUTINE = 1
    MAX_INTERVAL = 2
    """The longest that a target should wait: a look is due when the budget has room for such looks."""


class FinalLook(NamedTuple):
    """A look shortly before a guarantee ends: in which slot of time, and what it is worth."""

    slot: int
    value: float


class QueuePosition(NamedTuple):
    """A request target's place in the virtual queue of its source."""

    due: float
    """Its due value in virtual time; see `monitor.cadence.virtual_time`."""
    service_queue: str
    not_before: datetime
    """It is passed over until then, however great the budget."""
    coverage_ends_at: datetime | None
    """When its last guarantee is over; None when never."""
    final_look: FinalLook | None = None


class ScheduleRequest(NamedTuple):
    """What a target asks of the virtual queue; the wishes of all that one request shows make a seat."""

    hazard: PiecewiseHazard
    """Hazard by span after the look, weighted and summed over its orders."""
    service_queue: str
    not_before: datetime
    coverage_ends_at: datetime | None
    final_look: FinalLook | None = None


def merged_requests(schedule_requests: Sequence[ScheduleRequest]) -> ScheduleRequest:
    """What several orders, or targets, ask together: one look shows them all."""
    if len(schedule_requests) == 1:
        return schedule_requests[0]
    ends = [schedule_request.coverage_ends_at for schedule_request in schedule_requests]
    return ScheduleRequest(
        hazard=sum_hazards(schedule_request.hazard for schedule_request in schedule_requests),
        service_queue=max(
            schedule_requests, key=lambda schedule_request: schedule_request.hazard[1]
        ).service_queue,
        not_before=min(schedule_request.not_before for schedule_request in schedule_requests),
        coverage_ends_at=None if None in ends else max(end for end in ends if end is not None),
        final_look=_best_final_look(
            schedule_request.final_look
            for schedule_request in schedule_requests
            if schedule_request.final_look is not None
        ),
    )


def _best_final_look(calls: Iterable[FinalLook]) -> FinalLook | None:
    worth: dict[int, float] = {}
    for call in calls:
        worth[call.slot] = worth.get(call.slot, 0.0) + call.value
    return max((FinalLook(*one) for one in worth.items()), key=lambda call: call.value, default=None)


class Observation(NamedTuple):
    """What one routine look shows of one order since the look before."""

    source: str
    cell: Cell
    """As the look before has shown it."""
    hours: float
    """Since that look."""
    crossed: bool
    at: datetime


class NextLook(NamedTuple):
    """When a target is due, how urgent that is, and why."""

    at: datetime
    priority: Priority
    due_reason: str
    schedule_request: ScheduleRequest | None = None
    cadence_state: str = ""
    """What the cadence saves for the look after."""
    observations: tuple[Observation, ...] = ()
    """What the cadence learns from the look, once it is committed."""


@dataclass(frozen=True, slots=True)
class LookSummary:
    """The newest look at a target, as far as the next one depends on it."""

    outcome: Outcome | None
    """None before the first look."""
    failures: int = 0
    """Looks in a row without a count, refusals of the whole source left out."""
    rejected: bool = False
    """The newest number was not admitted to the series."""
    count: int | None = None
    """The newest count, where the look was one."""
    cadence_state: str = ""
    """What the cadence noted at the look before."""
    priority: Priority = Priority.ROUTINE
    """The lane in which the look was due."""
    source: str = ""
    """Who looked."""


class Cadence(Protocol):
    """A policy of looks."""

    @property
    def keeps_state(self) -> bool:
        """Whether `unchanged` can tell anything."""

    def next_look(self, states: Sequence[OrderState], seen: LookSummary, now: datetime) -> NextLook | None:
        """Say when to look again; None when no order of the target needs a look any more."""

    def next_look_after_noop(
        self, cadence_state: str, count: int, now: datetime, priority: Priority, source: str, /
    ) -> NextLook | None:
        """The same after a count from which nothing can follow; None where only the orders can tell."""


UNREADABLE = frozenset({Outcome.PRIVATE, Outcome.NOT_FOUND, Outcome.HIDDEN, Outcome.UNAVAILABLE})
"""The target itself says that there is nothing to read: asking sooner than usual would not help."""
