"""A world: orders under one set of terms, and what recorded events make of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from sys import intern

from monitor.guarantee.mass_drop import MassDropRule
from monitor.guarantee.noop_bounds import noop_bounds
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.link import parse_link
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.target import Metric
from refilld.backtest.apply_verdict import Aftermath
from refilld.backtest.decision_log import DecisionLog
from refilld.backtest.events import (
    Event,
    OrderEvent,
    OrderFlagged,
    OrderUnflagged,
    RecordedSnapshot,
    RefillCompleted,
    RefillRequested,
    Row,
)
from refilld.backtest.mass_drop_window import MassDropWindow
from refilld.backtest.replay_target import ReplayTarget
from refilld.backtest.timestamps import EARLIEST, plain_timestamp
from refilld.orders_file.cells import MOST_COUNT

_SPELLINGS = 16_384


class ReplayState:
    """Orders, their targets and their state, and nothing of the looks that have passed."""

    def __init__(self, rule: MassDropRule, decision_log: DecisionLog) -> None:
        self._targets: dict[str, dict[str, ReplayTarget]] = {metric: {} for metric in Metric}
        self._target_of: dict[str, ReplayTarget] = {}
        self._mass_drop_windows = {metric: MassDropWindow(rule) for metric in Metric}
        self._aftermath = Aftermath(rule.hold, decision_log)
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
        return (
            w for targets in self._targets.values() for target in targets.values() for w in target.watched
        )

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
        """Let a snapshot pass that plainly changes nothing: most of them do not, in most histories.

        Whatever is in any doubt, right or wrong, does not pass, and nothing has happened then.
        """
        try:
            target = self._targets[row["metric"]][row["link"]]
            count = row.get("count")
            if (
                type(count) is not int
                or not target.least <= count <= MOST_COUNT
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
        """Let an event happen; False when no order here is concerned. Raises BadInputError for a bad link."""
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
        """Let follow what follows from a count, if it joins the target's series."""
        count = target.admitted(look)
        if count is None:
            target.wake()
            return
        quiet = noop_bounds(target.watched, look.at, count)
        if quiet is None:
            self._write(target, self._judge(target, count, look))
            quiet = noop_bounds(target.watched, look.at, count)
        elif quiet.judges(look.at):
            self._mass_drop_windows[look.metric].note(target, look.at)
        target.rest(quiet)

    def _judge(self, target: ReplayTarget, count: int, look: RecordedSnapshot) -> tuple[Verdict, ...]:
        """Judge a count; anew when it turns out that a mass drop is on."""
        verdicts = evaluate_count(target.watched, count, look.at)
        if not any(v.judged for v in verdicts):
            return verdicts
        opened = any(v.opened for v in verdicts)
        if self._mass_drop_windows[look.metric].note(target, look.at, opened=opened):
            return evaluate_count(target.watched, count, look.at, mass_drop=True)
        return verdicts

    def _write(self, target: ReplayTarget, verdicts: tuple[Verdict, ...]) -> None:
        pairs = list(zip(target.watched, verdicts, strict=True))
        self.drops += sum(before.drop is None and verdict.drop is not None for before, verdict in pairs)
        target.watched = tuple(self._aftermath.of_verdict(before, verdict) for before, verdict in pairs)

    def _happen(self, event: OrderEvent) -> bool:
        """Let something other than a look happen to an order; its next count is judged."""
        target = self._target_of.get(event.order_id)
        if target is None:
            return False
        target.watched = tuple(
            self._after(w, event) if w.order.order_id == event.order_id else w for w in target.watched
        )
        target.wake()
        return True

    def _after(self, before: OrderState, event: OrderEvent) -> OrderState:
        match event:
            case RefillCompleted():
                return self._completed(before, event.at)
            case OrderFlagged(flag=flag):
                return before if flag in before.flags else self._aftermath.of_flag(before, flag)
            case OrderUnflagged(flag=flag):
                return replace(before, flags=before.flags - {flag})
            case RefillRequested():
                return replace(before, request_pending=before.covered(event.at))

    def _completed(self, before: OrderState, at: datetime) -> OrderState:
        if not any(refill.state.open for refill in before.refills):
            self.idle_completions += 1
            return before
        return self._aftermath.of_completion(before, at)


@lru_cache(_SPELLINGS)
def _canonical(link: str) -> str:
    return parse_link(link).link.url
