"""Replays the history in the database under the terms of its orders, and under changed ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.model.order import Order
from monitor.model.snapshot import Outcome
from monitor.model.target import Target
from monitor.model.terms import Terms
from monitor.survival.sampling import is_sampled
from refilld.backtest.comparison import ComparisonRow, compare
from refilld.backtest.decision_log import DecisionLog
from refilld.backtest.events import (
    OrderFlagged,
    RecordedEvent,
    RecordedSnapshot,
    RefillCompleted,
    RefillRequested,
)
from refilld.backtest.replay_state import ReplayState
from refilld.settings.settings import Settings
from storage import target_history
from storage.chunks import chunks
from storage.engine import Database

MOST_TARGETS = 20_000
"""Targets that are replayed; of more a sample."""
_SLICE = 500
_DAY = timedelta(days=1)
Change = Callable[[Terms], Terms]


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class HistorySample:
    """How much of a history is replayed."""

    targets: int = MOST_TARGETS
    considered: int | None = None
    """Targets that are looked through, evenly among all; None is all of them."""
    rest: Callable[[], None] = _nothing
    """Called after each step; may raise to stop."""


@dataclass(slots=True)
class OwnHistory:
    """The recorded history of targets; their counts are read day by day, in order of time."""

    database: Database
    target_ids: list[int]
    fraction: float
    """Share of all targets that this is a sample of."""
    rest: Callable[[], None] = _nothing
    """Called after each step."""
    orders: list[Order] = field(default_factory=list)
    """As they were imported."""
    targets: dict[int, Target] = field(default_factory=dict)
    events: list[RecordedEvent] = field(default_factory=list)
    """Everything but counts."""

    def all_events(self, now: datetime) -> Iterator[RecordedEvent]:
        """Every event from the first completion to now, in order of time."""
        completed = [order.completed_at for order in self.orders if order.completed_at is not None]
        waiting = sorted(self.events, key=lambda event: event.at, reverse=True)
        start = min(completed, default=now)
        while start < now:
            end = start + _DAY
            day = self._counts(start, end)
            while waiting and waiting[-1].at < end:
                day.append(waiting.pop())
            self.rest()
            yield from sorted(day, key=lambda event: event.at)
            start = end

    def _counts(self, start: datetime, end: datetime) -> list[RecordedEvent]:
        found: list[RecordedEvent] = []
        for ids in chunks(self.target_ids, _SLICE):
            with self.database.read() as tx:
                for one in target_history.counts_between(tx, ids, start, end):
                    target = self.targets[one.target_id]
                    found.append(
                        RecordedSnapshot(one.at, target.link.url, target.metric, Outcome.COUNT, one.count, "")
                    )
        return found


def load_history(database: Database, since: datetime, sample: HistorySample = HistorySample()) -> OwnHistory:
    """The history of the targets that got an order since a time, or of a sample of them."""
    step = _step(database, sample)
    ids = _target_ids(database, since, step, sample.rest)
    fraction = min(1.0, sample.targets / max(len(ids), 1))
    chosen = [one for one in ids if is_sampled(str(one), fraction)]
    history = OwnHistory(database, chosen, fraction / step, sample.rest)
    for slice_ in chunks(history.target_ids, _SLICE):
        with database.read() as tx:
            past = target_history.past_orders(tx, slice_)
        for target_id, order in past.orders:
            history.orders.append(order)
            history.targets[target_id] = order.target
        history.events += [RefillCompleted(at, order_id) for at, order_id in past.completions]
        history.events += [OrderFlagged(at, order_id, flag) for at, order_id, flag in past.flags]
        history.events += [RefillRequested(at, order_id) for at, order_id in past.requests]
        sample.rest()
    return history


def _step(database: Database, sample: HistorySample) -> int:
    if sample.considered is None:
        return 1
    with database.read() as tx:
        return max(1, target_history.newest_target(tx) // sample.considered)


def _target_ids(database: Database, since: datetime, step: int, rest: Callable[[], None]) -> list[int]:
    found: list[int] = []
    while True:
        with database.read() as tx:
            more = target_history.targets_sold(tx, since, found[-1] if found else 0, 5 * _SLICE, step)
        if not more:
            return found
        found += more
        rest()


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the guarantee would have cost under changed terms."""

    rows: Sequence[ComparisonRow]
    orders: int
    ended: int
    """Orders whose guarantee has ended and would have lasted longer."""
    seen_later: int
    """Those of them whose target was still looked at after the end."""
    fraction: float
    """Share of all targets that were replayed."""


def what_if(history: OwnHistory, settings: Settings, change: Change, now: datetime) -> WhatIf:
    """Replay a history under the terms that were in force, and under changed ones."""
    logs = DecisionLog(None), DecisionLog(None)
    states = [
        ReplayState(
            settings.mass_drop.rule, one, trust_zero=settings.orders.trust_zero, caps=settings.limits.caps
        )
        for one in logs
    ]
    for order in history.orders:
        states[0].add(order)
        states[1].add(replace(order, terms=change(order.terms)))
    last_look: dict[str, datetime] = {}
    for event in history.all_events(now):
        for state in states:
            state.apply(state.matched(event) if isinstance(event, RefillCompleted) else event)
            state.now = event.at
        if isinstance(event, RecordedSnapshot):
            last_look[event.link] = event.at
    longer = [order for order in history.orders if _ended_sooner(order, change, now)]
    seen = sum(
        order.ends_at < last_look.get(order.target.link.url, order.ends_at)
        for order in longer
        if order.ends_at
    )
    return WhatIf(
        compare(logs[0].cost, logs[1].cost), len(history.orders), len(longer), seen, history.fraction
    )


def _ended_sooner(order: Order, change: Change, now: datetime) -> bool:
    """Whether the guarantee has ended, and would have ended later under changed terms."""
    changed = change(order.terms).window
    window = order.terms.window
    ended = order.ends_at is not None and order.ends_at < now
    return order.guaranteed and ended and window is not None and (changed is None or changed > window)
