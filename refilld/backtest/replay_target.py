"""One target of a replay, with its orders as they are at this point of the history."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from sys import intern

from monitor.evaluation.evaluate import LookEvaluation
from monitor.evaluation.target_state import TargetState
from monitor.guarantee.noop_bounds import NoopBounds, noop_bounds
from monitor.guarantee.series import Series
from monitor.model.lines import by_completion
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
_NO_SERIES = Series()
_TARGETS = {metric: Target(Link(LinkKind.PROFILE, ""), metric) for metric in Metric}
"""One target a metric stands for all: orders are found by their link, and no rule asks for it."""


class ReplayTarget:
    """One target and what must be remembered of it.

    A count of the series' kind that is at least `min_count` and before `until` changes nothing and is not
    evaluated; between `judged_from` and `judged_until` it is a judged count all the same.
    """

    __slots__ = ("judged_at", "judged_from", "judged_until", "min_count", "orders", "series", "until")

    def __init__(self) -> None:
        self.orders: tuple[OrderState, ...] = ()
        """In order of completion."""
        self.series = _NO_SERIES
        self.judged_at: datetime | None = None
        """Newest judged count within the window of mass drops."""
        self.min_count = _NO_COUNT
        self.until = self.judged_from = self.judged_until = _NEVER

    def add(self, order: Order) -> None:
        """Add an order; a replay opens no reviews, so no look counts as the first after settling."""
        new = OrderState(_slim(order), settled_look=True)
        orders = (*self.orders, new)
        self.orders = orders if len(orders) == 1 else tuple(sorted(orders, key=_completion))

    def noop_bounds_at(self, look: RecordedSnapshot) -> NoopBounds | None:
        """The counts from which nothing follows, where this look has one that surely joins the series."""
        if not look.count or self.series.count_kind not in {"", look.count_kind}:
            return None
        bounds = noop_bounds(self.orders, look.at, look.count)
        if bounds is not None:
            self.series = _above_zero(look.count_kind)
        return bounds

    def state(self, metric: Metric, drop_opened_at: datetime | None) -> TargetState:
        """The target as an evaluation needs it."""
        return TargetState(
            0, _TARGETS[metric], self.series, judged_at=self.judged_at, drop_opened_at=drop_opened_at
        )

    def snapshot(self, look: RecordedSnapshot) -> Snapshot:
        """The recorded snapshot as a source would have given it."""
        return Snapshot(_TARGETS[look.metric], look.at, look.outcome, "", look.count, look.count_kind)

    def update(self, found: LookEvaluation) -> None:
        """Take over the state after an evaluation."""
        self.orders = found.orders_after
        series = found.state.series
        self.series = _above_zero(series.count_kind) if series.last_count and not series.zero_seen else series
        if found.snapshot.count is None:
            self.wake()
        else:
            self.rest(found.noop_bounds)

    def rest(self, bounds: NoopBounds | None) -> None:
        """Skip counts within these bounds; at a count of 0 every count is evaluated."""
        if bounds is None or not self.series.last_count or self.series.zero_seen:
            self.wake()
            return
        self.min_count, self.until = max(1, bounds.count), bounds.until
        self.judged_from, self.judged_until = bounds.judged_from, bounds.judged_until

    def wake(self) -> None:
        """Have the next count evaluated."""
        self.min_count = _NO_COUNT


def _completion(state: OrderState) -> tuple[datetime, str]:
    return by_completion(state.order)


@lru_cache(_KINDS)
def _above_zero(count_kind: str) -> Series:
    """A series whose newest count is above 0: which one it was need not be remembered."""
    return Series(1, count_kind)


def _slim(order: Order) -> Order:
    """The order without what no rule needs, and with equal texts kept once."""
    return replace(
        order,
        service=intern(order.service),
        target=_TARGETS[order.target.metric],
        link_typed="",
        provider=None if order.provider is None else intern(order.provider),
        customer=None,
        price=None if order.price is None else _money(str(order.price)),
        currency=None if order.currency is None else intern(order.currency),
    )


@lru_cache(4_096)
def _money(text: str) -> Decimal:
    return Decimal(text)
