"""Cadence: when to look at a target next.

The rest of the program asks `next_look` and stores what it says; a better policy needs only the
same one method.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, Protocol

from monitor.cadence.piecewise_hazard import Outlook, summed
from monitor.model.order_state import Watched
from monitor.model.snapshot import Outcome


class Lane(IntEnum):
    """Due looks of a lower lane go first."""

    FIRST = 0
    """A confirmation, a baseline, a last look before a guarantee ends: a time that matters."""
    ROUTINE = 1
    LONGEST = 2
    """The longest that a target should wait: a look is due when the budget has room for such looks."""


class LastCall(NamedTuple):
    """A look shortly before a guarantee ends: in which slot of time, and what it is worth."""

    slot: int
    value: float


class Seat(NamedTuple):
    """A request target's place in the virtual queue of its source."""

    due: float
    """Its due value in virtual time; see `monitor.cadence.virtual_time`."""
    stream: str
    rests_until: datetime
    """It is passed over until then, however great the budget."""
    over_at: datetime | None
    """When its last guarantee is over; None when never."""
    call: LastCall | None = None


class Wish(NamedTuple):
    """What a target asks of the virtual queue; the wishes of all that one request shows make a seat."""

    outlook: Outlook
    """Hazard by span after the look, weighted and summed over its orders."""
    stream: str
    rests_until: datetime
    over_at: datetime | None
    call: LastCall | None = None


def joined(wishes: Sequence[Wish]) -> Wish:
    """What several orders, or targets, ask together: one look shows them all."""
    if len(wishes) == 1:
        return wishes[0]
    ends = [wish.over_at for wish in wishes]
    return Wish(
        outlook=summed(wish.outlook for wish in wishes),
        stream=max(wishes, key=lambda wish: wish.outlook[1]).stream,
        rests_until=min(wish.rests_until for wish in wishes),
        over_at=None if None in ends else max(end for end in ends if end is not None),
        call=_dearest_call(wish.call for wish in wishes if wish.call is not None),
    )


def _dearest_call(calls: Iterable[LastCall]) -> LastCall | None:
    worth: dict[int, float] = {}
    for call in calls:
        worth[call.slot] = worth.get(call.slot, 0.0) + call.value
    return max((LastCall(*one) for one in worth.items()), key=lambda call: call.value, default=None)


class NextLook(NamedTuple):
    """When a target is due, how urgent that is, and why."""

    at: datetime
    lane: Lane
    why: str
    wish: Wish | None = None
    memo: str = ""
    """What the cadence notes for the look after."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest look at a target, as far as the next one depends on it."""

    outcome: Outcome | None
    """None before the first look."""
    failures: int = 0
    """Looks in a row without a count, refusals of the whole source left out."""
    doubted: bool = False
    """The newest number was not admitted to the series."""
    count: int | None = None
    """The newest count, where the look was one."""
    memo: str = ""
    """What the cadence noted at the look before."""
    lane: Lane = Lane.ROUTINE
    """The lane in which the look was due."""
    source: str = ""
    """Who looked."""


class Cadence(Protocol):
    """A policy of looks."""

    @property
    def takes_notes(self) -> bool:
        """Whether `unchanged` can tell anything."""

    def next_look(self, watched: Sequence[Watched], seen: Seen, now: datetime) -> NextLook | None:
        """Say when to look again; None when no order of the target needs a look any more."""

    def unchanged(self, memo: str, count: int, now: datetime, lane: Lane, source: str, /) -> NextLook | None:
        """The same after a count from which nothing can follow; None where only the orders can tell."""


UNREADABLE = frozenset({Outcome.PRIVATE, Outcome.NOT_FOUND, Outcome.HIDDEN, Outcome.UNAVAILABLE})
"""The target itself says that there is nothing to read: asking sooner than usual would not help."""
