"""A world: orders under one set of terms, and what recorded events make of them."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from sys import intern

from monitor.evaluation.admission import Look
from monitor.evaluation.evaluate import LookPolicy, RequestState, evaluate
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.link import parse_link
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.target import Metric
from refilld.backtest.decision_log import DecisionLog
from refilld.backtest.events import (
    Event,
    OrderEvent,
    RecordedSnapshot,
    RefillCompleted,
    Row,
)
from refilld.backtest.mass_drop_window import MassDropWindow
from refilld.backtest.order_events import after_event, with_completed_refill
from refilld.backtest.replay_target import ReplayTarget
from refilld.backtest.timestamps import EARLIEST, plain_timestamp
from refilld.orders_file.cells import MOST_COUNT

_SPELLINGS = 16_384


class ReplayState:
    """Orders and targets as they are at this point of the history; past looks are not kept."""

    def __init__(self, rule: MassDropRule, decision_log: DecisionLog) -> None:
        self._targets: dict[str, dict[str, ReplayTarget]] = {metric: {} for metric in Metric}
        self._target_of: dict[str, ReplayTarget] = {}
        self._mass_drop_windows = {metric: MassDropWindow(rule) for metric in Metric}
        self._policy = LookPolicy(None, rule)
        self._decision_log = decision_log
        self.now = EARLIEST
        """Time of the newest event that happened."""
        self.drops = 0
        """Drops that have opened."""
        self.idle_completions = 0
        """Completions of orders that had no open refill: under these terms they were owed none."""

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._target_of

    def __len__(self) -> int:
        return len(self._target_of)

    def __iter__(self) -> Iterator[OrderState]:
        """All orders as they are now."""
        return (w for targets in self._targets.values() for target in targets.values() for w in target.orders)

    def add(self, order: Order) -> None:
        """Take in one order, before the first event."""
        targets = self._targets[order.target.metric]
        url = intern(order.target.link.url)
        target = targets.get(url)
        if target is None:
            target = targets[url] = ReplayTarget()
        target.add(order)
        self._target_of[order.order_id] = target

    def passes(self, row: Row) -> bool:
        """Skip a snapshot that certainly changes nothing, as most do; False, and no effect, in any doubt."""
        try:
            target = self._targets[row["metric"]][row["link"]]
            count = row.get("count")
            if (
                type(count) is not int
                or not target.min_count <= count <= MOST_COUNT
                or row["event"] != "snapshot"
                or row["outcome"] != "count"
                or row.get("counted", "") != target.series.count_kind
            ):
                return False
            at = plain_timestamp(row["at"])
        except (KeyError, TypeError, ValueError):
            return False
        if at is None or not self.now <= at < target.until:
            return False
        self.now = at
        if target.judged_from <= at < target.judged_until:
            self._mass_drop_windows[row["metric"]].note(target, at)
        return True

    def take(self, event: Event) -> bool:
        """Apply an event; False when it concerns no order. Raises BadInputError for a bad link."""
        return self._look(event) if isinstance(event, RecordedSnapshot) else self._happen(event)

    def _look(self, look: RecordedSnapshot) -> bool:
        targets = self._targets[look.metric]
        target = targets.get(look.link) or targets.get(_canonical(look.link))
        if target is None:
            return False
        if look.count is not None:  # a failed look is never a drop
            self._count(target, look)
        return True

    def _count(self, target: ReplayTarget, look: RecordedSnapshot) -> None:
        """Evaluate a count, unless nothing can follow from it."""
        bounds = target.noop_bounds_at(look)
        if bounds is None:
            self._evaluate(target, look)
            return
        if bounds.judges(look.at):
            self._mass_drop_windows[look.metric].note(target, look.at)
        target.rest(bounds)

    def _evaluate(self, target: ReplayTarget, look: RecordedSnapshot) -> None:
        """Apply everything that follows from a count, as the daemon does."""
        window = self._mass_drop_windows[look.metric]
        known = target.state(look.metric, window.opened_at(target))
        looks = [Look(known, target.orders, target.snapshot(look))]
        request = RequestState(looks, {look.metric: window.state(look.at)}, {}, {})
        (found,) = evaluate(request, self._policy).looks
        if found.judged:
            window.note(target, look.at, opened=found.opened)
        for before, verdict in zip(found.orders, found.verdicts, strict=False):
            self.drops += before.drop is None and verdict.drop is not None
            for decision in verdict.new_decisions:
                self._decision_log.decided(before.order, decision)
        target.update(found)

    def _happen(self, event: OrderEvent) -> bool:
        """Apply an event to an order; the next count of its target is evaluated."""
        target = self._target_of.get(event.order_id)
        if target is None:
            return False
        target.orders = tuple(
            self._after(w, event) if w.order.order_id == event.order_id else w for w in target.orders
        )
        target.wake()
        return True

    def _after(self, before: OrderState, event: OrderEvent) -> OrderState:
        if isinstance(event, RefillCompleted):
            return self._completed(before, event.at)
        return after_event(before, event)

    def _completed(self, before: OrderState, at: datetime) -> OrderState:
        """The order once its open refill is delivered; a held one must have been released for that."""
        if not any(refill.state.open for refill in before.refills):
            self.idle_completions += 1
            return before
        if before.held_units:
            self._decision_log.owed(before.order, before.held_units)
        return with_completed_refill(before, at)


@lru_cache(_SPELLINGS)
def _canonical(link: str) -> str:
    return parse_link(link).link.url
