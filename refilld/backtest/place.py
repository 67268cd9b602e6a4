"""A place: one target in the replay, with its orders as they are at this point of the history."""

from dataclasses import replace
from datetime import UTC, datetime

from monitor.calm import Calm
from monitor.claims import by_completion
from monitor.link import Link, LinkKind
from monitor.order import Order
from monitor.series import Series, admit
from monitor.snapshot import Snapshot
from monitor.target import Metric, Target
from monitor.watched import Watched
from refilld.backtest.events import Look
from refilld.orders_file.cells import MOST_COUNT

_NO_COUNT = MOST_COUNT + 1
_NEVER = datetime.max.replace(tzinfo=UTC)
_NOTHING = Series()
_SOMEWHERE = Target(Link(LinkKind.PROFILE, ""), Metric.FOLLOWERS)


class Place:
    """One target and what must be remembered of it; its looks leave nothing behind.

    While the target is calm, a count of at least `least` before `until`, of what the series counts, can
    change nothing and is not judged.
    """

    __slots__ = ("counted", "judged", "judged_at", "least", "series", "until", "watched")

    def __init__(self) -> None:
        self.watched: tuple[Watched, ...] = ()
        """Its orders, in the order in which they stand on each other."""
        self.series = _NOTHING
        self.judged_at: datetime | None = None
        """Newest judged look that the metric's falls still count."""
        self.least = _NO_COUNT
        self.until = _NEVER
        self.counted = ""
        self.judged = False

    def add(self, order: Order) -> None:
        """Take in an order; no review is opened in a replay, so none of its looks is its first."""
        # hundreds of thousands of orders need not each know the target that they are found by
        new = Watched(replace(order, target=_SOMEWHERE), settled_look=True)
        self.watched = tuple(sorted((*self.watched, new), key=by_completion))

    def admitted(self, look: Look) -> int | None:
        """The look's count, if it joins the target's series; None where it is a fault of the source."""
        series = self.series
        if look.count and series.last_count and look.counted == series.counted and not series.zero_seen:
            return look.count  # above 0 after above 0: whatever the numbers, the series stays what it is
        seen = Snapshot(_SOMEWHERE, look.at, look.outcome, "", look.count, look.counted)
        kept, self.series = admit(seen, series)
        return kept.count

    def rest(self, calm: Calm | None) -> None:
        """Let looks pass unjudged as long as the target is calm; a series at 0 is judged at each look."""
        if calm is None or not self.series.last_count or self.series.zero_seen:
            self.wake()
            return
        self.least, self.until, self.judged = max(1, calm.count), calm.until, calm.judged
        self.counted = self.series.counted

    def wake(self) -> None:
        """Have the next count judged."""
        self.least = _NO_COUNT
