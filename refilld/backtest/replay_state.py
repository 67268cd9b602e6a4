"""Replay state: orders under one set of terms, to which recorded events are applied."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from sys import intern

from monitor.evaluation.admission import Look
from monitor.evaluation.evaluate import LookPolicy, RequestState, evaluate
from monitor.evaluation.holding import Usage
from monitor.guarantee.daily_caps import DailyCaps, day_of, queued_of, used_with
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.link import parse_link
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.target import Metric
from refilld.backtest.decision_log import DecisionLog
from refilld.backtest.events import (
    EventFields,
    OrderEvent,
    RecordedEvent,
    RecordedSnapshot,
    RefillCompleted,
)
from refilld.backtest.mass_drop_window import MassDropWindow
from refilld.backtest.order_events import after_event, with_completed_refill
from refilld.backtest.replay_target import ReplayTarget
from refilld.backtest.timestamps import EARLIEST, plain_timestamp
from refilld.orders_file.numbers import MOST_COUNT

_LINK_CACHE_SIZE = 16_384


class ReplayState:
    """Orders and targets at the current point of the history; past looks are not kept."""

    def __init__(
        self,
        rule: MassDropRule,
        decision_log: DecisionLog,
        *,
        trust_zero: bool = False,
        caps: DailyCaps = DailyCaps(),  # noqa: B008  # it is immutable
    ) -> None:
        self._targets: dict[str, dict[str, ReplayTarget]] = {metric: {} for metric in Metric}
        self._target_of: dict[str, ReplayTarget] = {}
        self._mass_drop_windows = {metric: MassDropWindow(rule) for metric in Metric}
        self._policy = LookPolicy(None, rule, trust_zero=trust_zero, caps=caps)
        self._usage: Usage = {}
        """What is used of the daily caps today."""
        self._decision_log = decision_log
        self.now = EARLIEST
        """Time of the newest applied event."""
        self.drops = 0
        """Number of drops that have opened."""
        self.idle_completions = 0
        """Number of completed refills of orders without an open refill under these terms."""

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._target_of

    def __len__(self) -> int:
        return len(self._target_of)

    def __iter__(self) -> Iterator[OrderState]:
        """Iterate over the current states of all orders."""
        return (
            one for targets in self._targets.values() for target in targets.values() for one in target.orders
        )

    def add(self, order: Order) -> None:
        """Add one order, before the first event."""
        targets = self._targets[order.target.metric]
        url = intern(order.target.link.url)
        target = targets.get(url)
        if target is None:
            target = targets[url] = ReplayTarget()
        target.add(order)
        self._target_of[order.order_id] = target

    def skips(self, fields: EventFields) -> bool:
        """Skip a count within the noop bounds; return False, without effect, for any other event."""
        try:
            target = self._targets[fields["metric"]][fields["link"]]
            count = fields.get("count")
            if (
                type(count) is not int
                or not target.min_count <= count <= MOST_COUNT
                or fields["event"] != "snapshot"
                or fields["outcome"] != "count"
                or fields.get("counted", "") != target.count_kind
            ):
                return False
            at = plain_timestamp(fields["at"])
        except (KeyError, TypeError, ValueError):
            return False
        if at is None or not self.now <= at < target.until:
            return False
        self.now = at
        target.last_count, target.last_count_at = count, at
        if target.judged_from <= at < target.judged_until:
            self._mass_drop_windows[fields["metric"]].record(target, at)
        return True

    def apply(self, event: RecordedEvent) -> bool:
        """Apply an event; return False when it concerns no order. Raises BadInputError for a bad link."""
        return (
            self._apply_snapshot(event)
            if isinstance(event, RecordedSnapshot)
            else self._apply_order_event(event)
        )

    def matched(self, event: RefillCompleted) -> RefillCompleted:
        """The completion, of another order of its target if only others have an open refill.

        Under other terms another order may have been refilled for the same missing units.
        """
        target = self._target_of.get(event.order_id)
        refilled = [one.order.order_id for one in target.orders if _is_refilled(one)] if target else []
        return event if not refilled or event.order_id in refilled else replace(event, order_id=refilled[0])

    def _apply_snapshot(self, look: RecordedSnapshot) -> bool:
        targets = self._targets[look.metric]
        target = targets.get(look.link) or targets.get(_canonical(look.link))
        if target is None:
            return False
        if look.count is not None:  # a failed look is never a drop
            self._apply_count(target, look)
        return True

    def _apply_count(self, target: ReplayTarget, look: RecordedSnapshot) -> None:
        """Evaluate a count, unless it is within new noop bounds."""
        bounds = target.noop_bounds_at(look)
        if bounds is None:
            self._evaluate(target, look)
            return
        if bounds.judges(look.at):
            self._mass_drop_windows[look.metric].record(target, look.at)
        target.skip_within(bounds)

    def _evaluate(self, target: ReplayTarget, look: RecordedSnapshot) -> None:
        """Apply everything that follows from a count, as the daemon does."""
        window = self._mass_drop_windows[look.metric]
        state = target.state(look.metric, window.opened_at(target))
        looks = [Look(state, target.orders, target.snapshot(look))]
        usage = self._usage_of(look.at) if self._policy.caps.configured else None
        request = RequestState(looks, {look.metric: window.state(look.at)}, {}, {}, usage)
        evaluated = evaluate(request, self._policy)
        (evaluation,), self._usage = evaluated.looks, evaluated.usage or {}
        if evaluation.judged:
            window.record(target, look.at, opened=evaluation.opened)
        for before, verdict in zip(evaluation.orders, evaluation.verdicts, strict=False):
            self.drops += before.drop is None and verdict.drop is not None
            for decision in verdict.new_decisions:
                self._decision_log.record(before.order, decision)
        target.update(evaluation)

    def _apply_order_event(self, event: OrderEvent) -> bool:
        """Apply an event to an order; the next count of its target is evaluated."""
        target = self._target_of.get(event.order_id)
        if target is None:
            return False
        target.orders = tuple(
            self._after(one, event) if one.order.order_id == event.order_id else one for one in target.orders
        )
        target.evaluate_next()
        return True

    def _after(self, before: OrderState, event: OrderEvent) -> OrderState:
        if isinstance(event, RefillCompleted):
            return self._completed(before, event.at)
        return after_event(before, event)

    def _completed(self, before: OrderState, at: datetime) -> OrderState:
        """The order after its open refill was completed; a held one counts as released."""
        if not _is_refilled(before):
            self.idle_completions += 1
            return before
        if before.held_units:
            self._decision_log.record_refill(before.order, before.held_units)
            self._use(before.order, before.held_units, at)
        return with_completed_refill(before, at)

    def _usage_of(self, at: datetime) -> Usage:
        day = day_of(at)
        return {day: self._usage.get(day, {})}

    def _use(self, order: Order, units: int, at: datetime) -> None:
        """Count a refill that an operator releases against the daily caps."""
        if self._policy.caps.configured:
            day = day_of(at)
            self._usage = {day: used_with(self._usage.get(day, {}), [queued_of(order, units)])}


def _is_refilled(one: OrderState) -> bool:
    return any(refill.state.open for refill in one.refills)


@lru_cache(_LINK_CACHE_SIZE)
def _canonical(link: str) -> str:
    return parse_link(link).link.url
