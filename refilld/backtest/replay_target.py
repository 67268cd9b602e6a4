"""A place: one target in the replay, with its orders as they are at this point of the history."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from sys import intern

from monitor.guarantee.claims import by_completion
from monitor.guarantee.noop_bounds import NoopBounds
from monitor.guarantee.series import Series, admit
from monitor.model.link import Link, LinkKind
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from refilld.backtest.events import RecordedSnapshot
from refilld.orders_file.cells import MOST_COUNT

_KINDS = 64
_NO_COUNT = MOST_COUNT + 1
_NEVER = datetime.max.replace(tzinfo=UTC)
_NOTHING = Series()
_SOMEWHERE = Target(Link(LinkKind.PROFILE, ""), Metric.FOLLOWERS)


class ReplayTarget:
    """One target and what must be remembered of it; its looks leave nothing behind.

    While the target is calm, a count of at least `least` before `until`, of what the series counts, can
    change nothing and is not worked out; it is a judged one all the same between `judged_from` and
    `judged_until`.
    """

    __slots__ = ("judged_at", "judged_from", "judged_until", "least", "series", "until", "watched")

    def __init__(self) -> None:
        self.watched: tuple[OrderState, ...] = ()
        """Its orders, in the order in which they stand on each other."""
        self.series = _NOTHING
        self.judged_at: datetime | None = None
        """Newest judged look that the metric's falls still count."""
        self.least = _NO_COUNT
        self.until = self.judged_from = self.judged_until = _NEVER

    def add(self, order: Order) -> None:
        """Take in an order; no review is opened in a replay, so none of its looks is its first."""
        new = OrderState(_slim(order), settled_look=True)
        self.watched = tuple(sorted((*self.watched, new), key=by_completion)) if self.watched else (new,)

    def admitted(self, look: RecordedSnapshot) -> int | None:
        """The look's count, if it joins the target's series; None where it is a fault of the source."""
        if look.count and self.series.count_kind in {"", look.count_kind}:
            # above 0, no count of its kind is a fault; and which it was need not be remembered
            self.series = _above_zero(look.count_kind)
            return look.count
        seen = Snapshot(_SOMEWHERE, look.at, look.outcome, "", look.count, look.count_kind)
        kept, self.series = admit(seen, self.series)
        return kept.count

    def rest(self, calm: NoopBounds | None) -> None:
        """Let looks pass unjudged as long as the target is calm; a series at 0 is judged at each look."""
        if calm is None or not self.series.last_count or self.series.zero_seen:
            self.wake()
            return
        self.least, self.until = max(1, calm.count), calm.until
        self.judged_from, self.judged_until = calm.judged_from, calm.judged_until

    def wake(self) -> None:
        """Have the next count judged."""
        self.least = _NO_COUNT


@lru_cache(_KINDS)
def _above_zero(counted: str) -> Series:
    return Series(1, counted)


def _slim(order: Order) -> Order:
    """The order without what no rule asks for, and with words that many orders share kept once."""
    return replace(
        order,
        service=intern(order.service),
        target=_SOMEWHERE,  # by which the order is found; it need not know it too
        link_typed="",
        provider=None if order.provider is None else intern(order.provider),
        customer=None,
        price=None if order.price is None else _money(str(order.price)),
        currency=None if order.currency is None else intern(order.currency),
    )


@lru_cache(4_096)
def _money(text: str) -> Decimal:
    return Decimal(text)
