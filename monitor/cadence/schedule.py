"""The interface of a cadence, which schedules the next look at a target, and the values it exchanges."""

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
    """Priority of a look; a lower value goes first."""

    URGENT = 0
    """The time matters: a confirmation, the end of a hold, a look before a guarantee ends."""
    ROUTINE = 1
    MAX_INTERVAL = 2
    """The maximum interval has passed; looked at if the budget has room."""


class FinalLook(NamedTuple):
    """A look shortly before a guarantee ends: its time slot and its value."""

    slot: int
    value: float


class QueuePosition(NamedTuple):
    """The position of a request target in the virtual queue of its source."""

    due: float
    """Its due time in virtual time; see `monitor.cadence.virtual_time`."""
    service_queue: str
    not_before: datetime
    """It is skipped until then, at any budget."""
    coverage_ends_at: datetime | None
    """End of its last guarantee; None if one has no end."""
    final_look: FinalLook | None = None


class ScheduleRequest(NamedTuple):
    """What a target needs of the virtual queue; those of one request are merged to a queue position."""

    hazard: PiecewiseHazard
    """Weighted sum of the hazards of its orders."""
    service_queue: str
    not_before: datetime
    coverage_ends_at: datetime | None
    final_look: FinalLook | None = None


def merged_requests(schedule_requests: Sequence[ScheduleRequest]) -> ScheduleRequest:
    """Merge the requests of orders or targets that one look shows."""
    if len(schedule_requests) == 1:
        return schedule_requests[0]
    ends = [request.coverage_ends_at for request in schedule_requests]
    return ScheduleRequest(
        hazard=sum_hazards(request.hazard for request in schedule_requests),
        service_queue=max(schedule_requests, key=lambda request: request.hazard[1]).service_queue,
        not_before=min(request.not_before for request in schedule_requests),
        coverage_ends_at=None if None in ends else max(end for end in ends if end is not None),
        final_look=_best_final_look(
            request.final_look for request in schedule_requests if request.final_look is not None
        ),
    )


def _best_final_look(final_looks: Iterable[FinalLook]) -> FinalLook | None:
    """The slot with the largest sum of values."""
    values: dict[int, float] = {}
    for look in final_looks:
        values[look.slot] = values.get(look.slot, 0.0) + look.value
    return max((FinalLook(*item) for item in values.items()), key=lambda look: look.value, default=None)


class Observation(NamedTuple):
    """One routine look at an order, to learn from."""

    source: str
    cell: Cell
    """Cell of the order at the look before."""
    hours: float
    """Hours since that look."""
    crossed: bool
    at: datetime


class NextLook(NamedTuple):
    """When a target is due, with which priority, and why."""

    at: datetime
    priority: Priority
    due_reason: str
    schedule_request: ScheduleRequest | None = None
    cadence_state: str = ""
    """What the cadence stores for the next look."""
    observations: tuple[Observation, ...] = ()
    """What the cadence learns from the look, once it is committed."""


def in_step(looks: Sequence[NextLook]) -> list[NextLook]:
    """Return the next looks at targets that one request shows, at one time: the earliest one needed.

    A look is moved only to one of its own or a higher priority, and keeps its priority: else a look that may
    wait for the budget would make others urgent, and a routine look would teach the cadence nothing.
    """
    return [_earliest(look, [one for one in looks if one.priority <= look.priority]) for look in looks]


def _earliest(look: NextLook, others: Sequence[NextLook]) -> NextLook:
    first = min(others, key=lambda one: one.at)
    if first.at >= look.at:
        return look
    by_date = look.schedule_request is None
    return look._replace(
        at=first.at, due_reason=f"{first.due_reason}, in one request" if by_date else look.due_reason
    )


@dataclass(frozen=True, slots=True)
class LookSummary:
    """The newest look at a target, as far as the schedule depends on it."""

    outcome: Outcome | None
    """None before the first look."""
    failures: int = 0
    """Looks in a row without a count; refusals of the whole source do not count."""
    rejected: bool = False
    """The newest number was not admitted to the series."""
    count: int | None = None
    """The count, if the outcome is `count`."""
    cadence_state: str = ""
    """What the cadence stored at the look before."""
    priority: Priority = Priority.ROUTINE
    """The priority with which the look was due."""
    source: str = ""
    """Name of the source."""


class Cadence(Protocol):
    """Schedules the looks at a target."""

    @property
    def keeps_state(self) -> bool:
        """Whether `next_look_after_noop` can schedule a look from the cadence state alone."""

    def next_look(self, states: Sequence[OrderState], summary: LookSummary, now: datetime) -> NextLook | None:
        """Return the next look; None if no order of the target needs one."""

    def next_look_after_noop(
        self, cadence_state: str, count: int, now: datetime, priority: Priority, source: str, /
    ) -> NextLook | None:
        """Return the next look after a count that changes nothing; None if the orders are needed for it."""


UNREADABLE = frozenset({Outcome.PRIVATE, Outcome.NOT_FOUND, Outcome.HIDDEN, Outcome.UNAVAILABLE})
"""Outcomes that are properties of the target, for which an early retry does not help."""
