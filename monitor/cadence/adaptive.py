"""The learned cadence: looks where drops are likely and dear, in a time for any budget.

It says what a target asks of the virtual queue of its source, and learns from every routine look. Only what
the rules hang on has a date of its own: a confirmation, a missing baseline, the end of a hold; see
docs/cadence.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple

from monitor.cadence.dated_looks import confirmation, hold_ends
from monitor.cadence.hazard import Cell, Hazards, cell_at
from monitor.cadence.observation_state import Stake, dump, hours, load, seen, time_of
from monitor.cadence.order_weight import weight
from monitor.cadence.piecewise_hazard import Outlook, chance, hazard_within, index, patience, together
from monitor.cadence.schedule import UNREADABLE, Lane, LastCall, NextLook, Seen, Wish, joined
from monitor.cadence.virtual_time import VirtualClock, last_call
from monitor.model.drop import DropState
from monitor.model.order_state import Watched
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.terms import RefillMode

CALL_AHEAD = 0.5
"""Hours before a guarantee's end by which its last call must have been."""
SLOT = 2.0
"""Hours of one slot of last calls."""
_NEVER = 24.0 * 3650
"""Hours after which nobody waits for a turn."""
SELDOM = 12
"""So many times the longest wait passes between looks at a target that no look can lose anything of."""
ITS_TURN = "its turn comes"
"""Why a target is looked at again for which nothing has a date; `at_stake` tells more."""
FAITHFUL = 3
"""Failed looks in a row that are tried again soon; from then on the target waits for its turn."""
GoingRates = Mapping[tuple[str, Metric], float]
"""What a unit of a metric usually costs, by currency."""


class Lesson(NamedTuple):
    """What one routine look at an order has to teach."""

    source: str
    cell: Cell
    """As the look before has shown it."""
    hours: float
    """Since that look."""
    crossed: bool
    at: datetime


@dataclass(slots=True)
class LearnedCadence:
    """The policy; what it knows grows with every look."""

    every: timedelta
    """The longest a target should wait where the budget has room; a sixth of it is the shortest."""
    hazards: Hazards
    rates: GoingRates = field(default_factory=dict)
    _lessons: list[Lesson] = field(default_factory=list)

    @property
    def takes_notes(self) -> bool:
        """Yes: the memo of a target has all that its next look depends on."""
        return True

    def next_look(self, watched: Sequence[Watched], seen_: Seen, now: datetime) -> NextLook | None:
        """Say when to look again; None when no order is covered and no refill waits for a public profile."""
        covered = [w for w in watched if w.covered(now)]
        if not covered:
            waits = any(refill.state.open for w in watched for refill in w.refills)
            return NextLook(now + self.every, Lane.ROUTINE, "a refill is open") if waits else None
        stakes = self._stakes(covered, load(seen_.memo))
        count = _effective(watched, seen_, now)
        if count is None:
            return self._unread(covered, stakes, seen_, now)
        after = [seen(stake, count, hours(now)) for stake in stakes]
        if seen_.lane is not Lane.FIRST:
            self._note(stakes, after, seen_.source, now)
            stakes = after
        return self._read(covered, stakes, after, now)

    def unchanged(self, memo: str, count: int, now: datetime, lane: Lane, source: str, /) -> NextLook | None:
        """Say when to look again after a count from which nothing can follow, by the notes alone.

        None where the notes do not say enough.
        """
        at = hours(now)
        stakes = load(memo)
        after = [seen(stake, count, at) for stake in stakes]
        wish = self.wish(after, now)
        if wish is None or any(stake.ends is not None and stake.ends <= at for stake in stakes):
            return None  # where a guarantee has ended the lines are others
        if lane is not Lane.FIRST:
            self._note(stakes, after, source, now)
            stakes = after
        return NextLook(now + self.every, Lane.LONGEST, ITS_TURN, wish, dump(stakes))

    def worth(self, memo: str, now: datetime) -> float:
        """What a look at a target is worth now, by the notes of the last one."""
        at = hours(now)
        return sum(
            s.weight * index(self.hazards.ahead(s.cell), max(at - s.at, 0.0)) for s in _open(load(memo), at)
        )

    def taught(self, source: str) -> list[Lesson]:
        """Take away the lessons of a source's looks, to be learned with its clock."""
        taken = [lesson for lesson in self._lessons if lesson.source == source]
        self._lessons = [lesson for lesson in self._lessons if lesson.source != source]
        return taken

    def learn(self, lesson: Lesson, clock: VirtualClock) -> None:
        """Learn one lesson: the wave gate sees it first, and tells how many calm hours it is worth."""
        service = lesson.cell.service
        expected = chance(self.hazards.ahead(lesson.cell), lesson.hours)
        clock.saw(service, expected=expected, crossed=lesson.crossed, hours=lesson.hours, now=lesson.at)
        hours_ = clock.stretched(service, lesson.hours, lesson.at)
        self.hazards.learn(lesson.cell, hours_, crossed=lesson.crossed)

    def _note(self, before: Sequence[Stake], after: Sequence[Stake], source: str, now: datetime) -> None:
        """Note the lessons of a routine look.

        A look for which a drop, a hold or a customer asked must not come here: it says too much about too
        short a time, and would teach a hazard that is not there.
        """
        for old, new in zip(before, after, strict=True):
            waited = new.at - old.at
            if old.used < 1 and waited > 0:
                self._lessons.append(Lesson(source, old.cell, waited, new.used >= 1, now))

    def wish(self, stakes: Sequence[Stake], now: datetime) -> Wish | None:
        """What a target asks of the virtual queue after a look; None when nothing is at stake."""
        at = hours(now)
        open_ = _open(stakes, at)
        if not open_:
            return None
        rest = now + self.every / 6
        return joined([self._wish(stake, rest, at) for stake in open_])

    def _wish(self, stake: Stake, rest: datetime, at: float) -> Wish:
        """What one order asks of the virtual queue."""
        weight_ = stake.weight
        outlook = tuple([weight_ * hazard for hazard in self.hazards.ahead(stake.cell)])
        if stake.ends is None:
            return Wish(outlook, stake.service, rest, None, None)
        return Wish(outlook, stake.service, rest, time_of(stake.ends), _call(stake, stake.ends, outlook, at))

    def _stakes(self, covered: Sequence[Watched], before: Sequence[Stake]) -> list[Stake]:
        """The orders as stakes, each in the state in which the last routine look has shown it."""
        known = {stake.order_id: stake for stake in before}
        stakes, later = [], 0
        for w in reversed(covered):
            order = w.order
            if order.start_count is None or order.completed_at is None:
                continue
            completed, threshold = hours(order.completed_at), order.terms.threshold(order.delivered)
            cell = cell_at(order.service, 0.0, 0.0, None)
            state = known.get(order.order_id) or Stake(
                order.order_id, order.service, completed, None, 0, 1, 0.0, completed, *cell[1:4], 0.0
            )
            stakes.append(
                state._replace(
                    ends=None if order.ends_at is None else hours(order.ends_at),
                    line=order.baseline + later,
                    threshold=threshold,
                    weight=self._weight(w, threshold),
                )
            )
            later += order.delivered
        return stakes

    def _weight(self, watched: Watched, threshold: int) -> float:
        order = watched.order
        if order.price is None or order.currency is None:
            return weight(threshold, None, None)
        rate = self.rates.get((order.currency, order.target.metric))
        return weight(threshold, float(order.price) / order.quantity, rate)

    def _read(
        self, covered: Sequence[Watched], noted: list[Stake], stakes: list[Stake], now: datetime
    ) -> NextLook:
        """After a count: what has a date of its own, or else its turn."""
        dated = min(self._dated(covered, now), key=lambda look: (look.at, look.lane), default=None)
        if dated is None and not stakes:
            dated = self._measuring(now)
        return self._following(dated, covered, stakes, now)._replace(memo=dump(noted))

    def _unread(
        self, covered: Sequence[Watched], stakes: list[Stake], seen_: Seen, now: datetime
    ) -> NextLook:
        """After a look without a count, or before the first one."""
        dated = None
        if seen_.outcome is None or seen_.outcome not in UNREADABLE:
            dated = self._again(seen_, now)
        if dated is None and not stakes:
            dated = self._measuring(now, seen_.failures)
        return self._following(dated, covered, stakes, now)

    def _measuring(self, now: datetime, failures: int = 0) -> NextLook:
        """Without a start count no loss could be seen: it is measured without waiting for a turn."""
        wait = self.every * 2 ** min(max(failures - 1, 0), 5)
        return NextLook(now + wait, Lane.ROUTINE, "a start count is to be measured")

    def _again(self, seen_: Seen, now: datetime) -> NextLook | None:
        if seen_.outcome is None or seen_.failures > FAITHFUL:
            return None
        wait = min(self.every, self.every / 36 * 2 ** max(seen_.failures - 1, 0))
        return NextLook(now + wait, Lane.ROUTINE, f"last look was {seen_.outcome}")

    def _following(
        self, dated: NextLook | None, covered: Sequence[Watched], stakes: list[Stake], now: datetime
    ) -> NextLook:
        refused = {w.order.order_id for w in covered if w.drop and w.drop.state is DropState.REFUSED}
        open_ = [s for s in stakes if s.order_id not in refused and (s.used < 1 or dated is None)]
        wish = self._settled(covered, self.wish(open_, now), now)
        look = dated or self._undated(wish, now)
        return NextLook(look.at, look.lane, look.why, wish, dump(stakes))

    def _undated(self, wish: Wish | None, now: datetime) -> NextLook:
        """A target waits for its turn; one that has none, as nothing is at stake, is seen now and then."""
        if wish is None:
            return NextLook(now + SELDOM * self.every, Lane.ROUTINE, "nothing is at stake")
        return NextLook(now + self.every, Lane.LONGEST, ITS_TURN)

    def _settled(self, covered: Sequence[Watched], wish: Wish | None, now: datetime) -> Wish | None:
        """A target none of whose orders can be judged yet rests until the first of them can."""
        if wish is None or any(w.settled(now) for w in covered):
            return wish
        settles = [
            w.order.completed_at + w.order.terms.settle for w in covered if w.order.completed_at is not None
        ]
        return wish._replace(rests_until=min(settles))

    def _dated(self, covered: Sequence[Watched], now: datetime) -> Iterator[NextLook]:
        """Everything that the rules hang on a time."""
        soon = self.every / 36
        for w in covered:
            if w.drop is not None and w.drop.state is DropState.SUSPECTED and w.settled(now):
                yield confirmation(w, w.drop, soon, now)
            yield from self._decided_again(w, now)
            yield from hold_ends(w, soon, now)

    def _decided_again(self, watched: Watched, now: datetime) -> Iterator[NextLook]:
        """A drop that waits is decided again at each look; one that waits for the customer wakes with him."""
        order = watched.order
        if watched.drop is None or watched.drop.state is not DropState.WAITING:
            return
        if order.terms.refill is RefillMode.ON_REQUEST and not watched.asked:
            return
        done = [now if refill.state.open else refill.completed_at for refill in watched.refills]
        cooled = [at + order.terms.cooldown for at in done if at is not None]  # no decision comes before
        yield NextLook(max([now + self.every, *cooled]), Lane.ROUTINE, f"drop of {order.order_id} waits")


@dataclass(frozen=True, slots=True)
class Turn:
    """When a target's turn is to be expected, and what it hangs on."""

    at: datetime | None
    """When it would come if requests went on to be worth what they are worth now; None when never."""
    units: int
    """Units at stake: the drop thresholds of its orders."""
    used: float
    """Largest share of such a threshold that is missing already."""
    daily: float
    """Chance that a unit at stake is lost within a day."""


def expected_turn(memo: str, hazards: Hazards, price: float) -> Turn | None:
    """Say when a target comes to its turn, and why, by its notes; None where nothing is at stake."""
    stakes = _open(load(memo))
    if not stakes:
        return None
    outlooks = [(stake.weight, hazards.ahead(stake.cell)) for stake in stakes]
    wait = patience(together(outlooks), price)
    weight_ = sum(stake.weight for stake in stakes)
    return Turn(
        at=None if wait > _NEVER else time_of(max(stake.at for stake in stakes) + wait),
        units=sum(stake.threshold for stake in stakes),
        used=max(0.0, *(stake.used for stake in stakes)),
        daily=sum(w * chance(outlook, 24.0) for w, outlook in outlooks) / weight_,
    )


def _open(stakes: Iterable[Stake], at: float = -inf) -> list[Stake]:
    """The orders that may yet drop; where all have, those: what is not confirmed yet must be seen again."""
    running = [stake for stake in stakes if stake.ends is None or stake.ends > at]
    return [stake for stake in running if stake.used < 1] or running


def _effective(watched: Sequence[Watched], seen_: Seen, now: datetime) -> int | None:
    """The count with the units in flight; None where the newest look is no number."""
    if seen_.outcome is not Outcome.COUNT or seen_.doubted or seen_.count is None:
        return None
    return seen_.count + sum(w.in_flight(now) for w in watched)


def _call(stake: Stake, ends: float, outlook: Outlook, at: float) -> LastCall | None:
    """The last call of an order, worth the chance that it drops unseen until its guarantee's end."""
    slot = int((ends - CALL_AHEAD) // SLOT)
    if slot <= at // SLOT + 1:  # the look just taken was the last one
        return None
    hazard = hazard_within(outlook, ends - at) / stake.weight
    value = last_call(stake.weight, hazard)
    return LastCall(slot, value) if value > 0 else None
