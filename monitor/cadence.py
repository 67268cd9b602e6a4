"""Cadence: when to look at a target next.

The rest of the program asks `next_look` and stores what it says; a better policy needs only the
same one method.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple, Protocol

from monitor.drops import Drop, DropState
from monitor.outlook import Outlook, summed
from monitor.refill import RefillState
from monitor.snapshot import Outcome
from monitor.watched import Watched


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
    """Its due value in virtual time; see `monitor.virtual_clock`."""
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


@dataclass(frozen=True, slots=True)
class FixedCadence:
    """Looks at fixed intervals, sooner for young orders, and at the times that the rules hang on."""

    every: timedelta
    """The interval for orders older than three days; all other times are shares of it."""

    @property
    def takes_notes(self) -> bool:
        """No: the ages of the orders set the pace."""
        return False

    @property
    def soon(self) -> timedelta:
        """Shortest wait: 10 minutes where `every` is 6 hours."""
        return self.every / 36

    def next_look(self, watched: Sequence[Watched], seen: Seen, now: datetime) -> NextLook | None:
        """Say when to look again; None when no order is covered and no refill waits for a public profile."""
        covered = [w for w in watched if w.covered(now)]
        if not covered:
            open_refill = any(refill.state.open for w in watched for refill in w.refills)
            return NextLook(now + self.every, Lane.ROUTINE, "a refill is open") if open_refill else None
        if seen.outcome in UNREADABLE:
            return NextLook(now + self.every, Lane.ROUTINE, f"target is {seen.outcome}")
        if seen.outcome is not Outcome.COUNT or seen.doubted:
            return self._retry(seen, now)
        looks = (look for w in covered for look in self._looks(w, now))
        return min(looks, key=lambda look: (look.at, look.lane))

    def unchanged(
        self, _memo: str, _count: int, _now: datetime, _lane: Lane, _source: str, /
    ) -> NextLook | None:
        """Leave it to the orders."""
        return None

    def _retry(self, seen: Seen, now: datetime) -> NextLook:
        wait = min(self.every, self.soon * 2 ** min(max(seen.failures - 1, 0), 16))
        return NextLook(now + wait, Lane.ROUTINE, f"last look was {seen.outcome}")

    def _looks(self, watched: Watched, now: datetime) -> Iterator[NextLook]:
        """Every reason to look at one order again."""
        order, earliest = watched.order, now + self.soon
        yield NextLook(max(now + self._interval(watched, now), earliest), Lane.ROUTINE, "routine")
        drop = watched.drop
        if drop is not None and drop.state is DropState.SUSPECTED and watched.settled(now):
            yield confirmation(watched, drop, self.soon, now)  # a look before that would confirm nothing
        yield from hold_ends(watched, self.soon, now)
        # the rest can wait a little: a target of a thousand orders must not take the whole budget
        if order.completed_at is not None and not watched.settled(now):
            settles = max(order.completed_at + order.terms.settle, earliest)
            yield NextLook(settles, Lane.FIRST, f"{order.order_id} settles")
        if order.ends_at is not None and now < order.ends_at - self.soon * 3:
            last = max(order.ends_at - self.soon * 3, earliest)
            yield NextLook(last, Lane.FIRST, f"guarantee of {order.order_id} ends")

    def _interval(self, watched: Watched, now: datetime) -> timedelta:
        """The routine interval by age: a sixth on the first day, a half up to three days."""
        age = now - (watched.order.completed_at or now)
        if age < self.every * 4:
            return self.every / 6
        return self.every / 2 if age < self.every * 12 else self.every


def confirmation(watched: Watched, drop: Drop, soon: timedelta, now: datetime) -> NextLook:
    """When the next confirming look should be: spread evenly up to `confirm_after`."""
    terms = watched.order.terms
    left = max(terms.confirmations - drop.looks, 1)
    spread = (drop.opened_at + terms.confirm_after - now) / left
    at = now + (spread if spread > timedelta(0) else soon)
    return NextLook(at, Lane.FIRST, f"confirm drop of {watched.order.order_id}")


def hold_ends(watched: Watched, soon: timedelta, now: datetime) -> Iterator[NextLook]:
    """When the hold of a refill is over, and it is decided anew."""
    for refill in watched.refills:
        if refill.state is RefillState.HELD and refill.release_at is not None:
            over = max(refill.release_at, now + soon)
            yield NextLook(over, Lane.FIRST, f"hold of {watched.order.order_id} ends")
