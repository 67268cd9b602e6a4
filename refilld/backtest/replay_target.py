"""One target of a replay with its orders, at the current point of the history."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from sys import intern

from monitor.evaluation.evaluate import LookEvaluation
from monitor.evaluation.target_state import TargetState
from monitor.guarantee.noop_bounds import NoopBounds, noop_bounds
from monitor.guarantee.series import Series
from monitor.model.instants import NO_END
from monitor.model.lines import by_completion
from monitor.model.link import Link, LinkKind
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from refilld.backtest.events import RecordedSnapshot
from refilld.orders_file.numbers import MOST_COUNT

_NO_COUNT = MOST_COUNT + 1
_TARGETS = {metric: Target(Link(LinkKind.PROFILE, ""), metric) for metric in Metric}
"""One target per metric stands for all, to save memory: no rule depends on the link."""


class ReplayTarget:
    """State of one target and its orders.

    A count of the series' kind that is at least `min_count` and before `until` changes nothing and is not
    evaluated; between `judged_from` and `judged_until` it is still a judged count.
    """

    __slots__ = (
        "count_kind", "judged_at", "judged_from", "judged_until", "last_count", "last_count_at", "min_count",
        "orders", "until", "zero_seen",
    )  # fmt: skip

    def __init__(self) -> None:
        self.orders: tuple[OrderState, ...] = ()
        """In order of completion."""
        self.count_kind = ""
        self.zero_seen = False
        self.last_count: int | None = None
        """Newest admitted count."""
        self.last_count_at: datetime | None = None
        self.judged_at: datetime | None = None
        """Newest judged count within the window of mass drops."""
        self.min_count = _NO_COUNT
        self.until = self.judged_from = self.judged_until = NO_END

    def add(self, order: Order) -> None:
        """Add an order. The first judged look is marked only where it may contradict a start count of 0."""
        new = OrderState(_compact(order), settled_look=order.start_count != 0)
        orders = (*self.orders, new)
        self.orders = orders if len(orders) == 1 else tuple(sorted(orders, key=_completion))

    def noop_bounds_at(self, look: RecordedSnapshot) -> NoopBounds | None:
        """Return new noop bounds if this count is admitted to the series and changes nothing; else None."""
        if not look.count or self.count_kind not in {"", look.count_kind}:
            return None
        bounds = noop_bounds(self.orders, look.at, look.count)
        if bounds is not None:
            self.count_kind, self.zero_seen = look.count_kind, False
            self.last_count, self.last_count_at = look.count, look.at
        return bounds

    def state(self, metric: Metric, drop_opened_at: datetime | None) -> TargetState:
        """Return the target for an evaluation."""
        return TargetState(
            0,
            _TARGETS[metric],
            Series(self.last_count, self.count_kind, zero_seen=self.zero_seen),
            last_count_at=self.last_count_at,
            judged_at=self.judged_at,
            drop_opened_at=drop_opened_at,
        )

    def snapshot(self, look: RecordedSnapshot) -> Snapshot:
        """Return the recorded snapshot as a source returns it."""
        return Snapshot(_TARGETS[look.metric], look.at, look.outcome, "", look.count, look.count_kind)

    def update(self, evaluation: LookEvaluation) -> None:
        """Set the state after an evaluation."""
        self.orders = evaluation.orders_after
        series = evaluation.state.series
        self.count_kind, self.zero_seen = series.count_kind, series.zero_seen
        self.last_count = series.last_count
        if evaluation.snapshot.count is None:
            self.evaluate_next()
        else:
            self.last_count_at = evaluation.snapshot.at
            self.skip_within(evaluation.noop_bounds)

    def skip_within(self, bounds: NoopBounds | None) -> None:
        """Skip counts within these bounds; after a count of 0 every count is evaluated."""
        if bounds is None or not self.last_count or self.zero_seen:
            self.evaluate_next()
            return
        self.min_count, self.until = max(1, bounds.count), bounds.until
        self.judged_from, self.judged_until = bounds.judged_from, bounds.judged_until

    def evaluate_next(self) -> None:
        """Evaluate the next count."""
        self.min_count = _NO_COUNT


def _completion(state: OrderState) -> tuple[datetime, str]:
    return by_completion(state.order)


def _compact(order: Order) -> Order:
    """The order without fields that no rule needs, and with shared strings, to save memory."""
    return replace(
        order,
        service=intern(order.service),
        target=_TARGETS[order.target.metric],
        link_typed="",
        provider=None if order.provider is None else intern(order.provider),
        customer=None,
        price=None if order.price is None else _price(str(order.price)),
        currency=None if order.currency is None else intern(order.currency),
    )


@lru_cache(4_096)
def _price(text: str) -> Decimal:
    return Decimal(text)
