"""Cadence: when to look at a target next.

The rest of the program asks `next_look` and stores what it says; a better policy needs only the
same one method.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from monitor.drops import DropState
from monitor.refill import RefillState
from monitor.snapshot import Outcome
from monitor.watched import Watched


class Lane(IntEnum):
    """Due looks of a lower lane go first."""

    FIRST = 0
    """A confirmation, a baseline, a last look before a guarantee ends: a time that matters."""
    ROUTINE = 1


@dataclass(frozen=True, slots=True)
class NextLook:
    """When a target is due, how urgent that is, and why."""

    at: datetime
    lane: Lane
    why: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest look at a target, as far as the next one depends on it."""

    outcome: Outcome
    failures: int = 0
    """Looks in a row without a count, refusals of the whole source left out."""
    doubted: bool = False
    """The newest number was not admitted to the series."""


class Cadence(Protocol):
    """A policy of looks."""

    def next_look(self, watched: Sequence[Watched], seen: Seen, now: datetime) -> NextLook | None:
        """Say when to look again; None when no order of the target needs a look any more."""


_UNREADABLE = frozenset({Outcome.PRIVATE, Outcome.NOT_FOUND, Outcome.HIDDEN, Outcome.UNAVAILABLE})
"""The target itself says that there is nothing to read: asking sooner than usual would not help."""


@dataclass(frozen=True, slots=True)
class FixedCadence:
    """Looks at fixed intervals, sooner for young orders, and at the times that the rules hang on."""

    every: timedelta
    """The interval for orders older than three days; all other times are shares of it."""

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
        if seen.outcome in _UNREADABLE:
            return NextLook(now + self.every, Lane.ROUTINE, f"target is {seen.outcome}")
        if seen.outcome is not Outcome.COUNT or seen.doubted:
            return self._retry(seen, now)
        looks = (look for w in covered for look in self._looks(w, now))
        return min(looks, key=lambda look: (look.at, look.lane))

    def _retry(self, seen: Seen, now: datetime) -> NextLook:
        wait = min(self.every, self.soon * 2 ** min(max(seen.failures - 1, 0), 16))
        return NextLook(now + wait, Lane.ROUTINE, f"last look was {seen.outcome}")

    def _looks(self, watched: Watched, now: datetime) -> Iterator[NextLook]:
        """Every reason to look at one order again."""
        order, earliest = watched.order, now + self.soon
        yield NextLook(max(now + self._interval(watched, now), earliest), Lane.ROUTINE, "routine")
        suspected = watched.drop is not None and watched.drop.state is DropState.SUSPECTED
        if suspected and watched.settled(now):  # a look before that would confirm nothing
            yield NextLook(self._confirmation(watched, now), Lane.FIRST, f"confirm drop of {order.order_id}")
        for refill in watched.refills:
            if refill.state is RefillState.HELD and refill.release_at is not None:
                over = max(refill.release_at, earliest)
                yield NextLook(over, Lane.FIRST, f"hold of {order.order_id} ends")
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

    def _confirmation(self, watched: Watched, now: datetime) -> datetime:
        """When the next confirming look should be: spread evenly up to `confirm_after`."""
        drop, terms = watched.drop, watched.order.terms
        if drop is None:
            return now
        left = max(terms.confirmations - drop.looks, 1)
        spread = (drop.opened_at + terms.confirm_after - now) / left
        return now + max(spread, timedelta(0)) if spread > timedelta(0) else now + self.soon
