"""Target selection of the adaptive cadence, and learning from looks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from itertools import islice

from jobs.configured_source import ConfiguredSource
from jobs.queue_position import queue_position
from jobs.target_selection import claim_requests
from monitor.cadence.adaptive import SLOT_HOURS, AdaptiveCadence, UnitPrices
from monitor.cadence.hazard import Hazards
from monitor.cadence.observation_state import hours_since_epoch
from monitor.cadence.schedule import LookSummary, Observation, Priority, QueuePosition, ScheduleRequest
from monitor.cadence.virtual_time import VirtualTime
from monitor.evaluation.target_state import TargetState
from monitor.model.order_state import OrderState
from monitor.sources.budget import DAY, deterministic_jitter
from storage import cadence_stats, due
from storage.due import DueTarget
from storage.engine import Transaction, after_commit
from storage.sources import lock_source

SAVED_EVERY = timedelta(minutes=1)
"""Interval at which learned statistics are saved; a killed process loses at most this much."""
REFRESHED_EVERY = timedelta(hours=1)
"""Interval at which the statistics of all daemons and the unit prices are loaded."""
COUNTED_EVERY = timedelta(minutes=10)
"""Interval at which the targets of a source are counted to see whether the budget has room."""
_FIRST_PAGE = 4
"""Number of targets of a service queue that are fetched first; usually one is enough."""
SPARE_BUDGET_FACTOR = 2
"""The budget has room if looks at the maximum interval take at most one in this many requests."""


@dataclass(slots=True)
class AdaptiveSelection:
    """Selects urgent targets first, then final looks that are worth a request, then the virtual queue."""

    cadence: AdaptiveCadence
    _saved_at: datetime | None = None
    _refreshed_at: datetime | None = None
    _room: dict[str, tuple[datetime, bool]] = field(default_factory=dict)
    _queued: defaultdict[str, list[Observation]] = field(default_factory=lambda: defaultdict(list))
    """Observations of committed looks that are not learned yet, by source."""

    def claim_next(
        self, tx: Transaction, configured: ConfiguredSource, now: datetime, limit: int = 1, tried: int = 1
    ) -> list[list[TargetState]]:
        """Claim the targets of up to `limit` requests, in one list per request."""
        source, tried = configured.source.name, max(limit, tried)
        virtual_time = cadence_stats.virtual_time(tx, source)
        targets = due.due_by_date(tx, source, Priority.URGENT, now, tried)
        targets += _worthwhile_final_looks(tx, virtual_time, source, now, tried - len(targets))
        left = tried - len(targets)
        dated_targets = self._dated(tx, configured, now, left)
        queued_targets = _by_virtual_time(
            tx, virtual_time, source, now, left - min(len(dated_targets), _dated_limit(left, now))
        )
        requests = claim_requests(
            tx,
            configured,
            [*targets, *dated_targets[: left - len(queued_targets)], *queued_targets],
            now,
            limit,
        )
        self._advance(virtual_time, queued_targets, requests, now)
        cadence_stats.save_virtual_time(tx, source, virtual_time)
        return requests

    def _dated(
        self, tx: Transaction, configured: ConfiguredSource, now: datetime, limit: int
    ) -> list[DueTarget]:
        """Routine targets that are due by date, and those at the maximum interval if the budget has room."""
        source = configured.source.name
        targets = due.due_by_date(tx, source, Priority.ROUTINE, now, limit)
        if self._has_room(tx, configured, now):
            targets += due.due_by_date(tx, source, Priority.MAX_INTERVAL, now, limit - len(targets))
        return targets

    def queue_position(
        self, tx: Transaction, state: TargetState, orders: Sequence[OrderState], now: datetime
    ) -> QueuePosition | None:
        """The queue position of a target that is new to its source; None when it has none."""
        if not state.schedule.source:
            return None
        before = LookSummary(
            state.last_outcome,
            state.failures,
            cadence_state=state.schedule.cadence_state,
            source=state.schedule.source,
        )
        look = self.cadence.next_look(orders, before, now)
        if look is None or look.schedule_request is None:
            return None
        schedule_request = look.schedule_request._replace(
            not_before=self._not_before(state, orders, look.schedule_request, now)
        )
        return queue_position(cadence_stats.virtual_time(tx, state.schedule.source), schedule_request)

    def _not_before(
        self,
        state: TargetState,
        orders: Sequence[OrderState],
        schedule_request: ScheduleRequest,
        now: datetime,
    ) -> datetime:
        """Earliest look at a target that is new to its source, counted from its last look."""
        if not any(one.settled(now) for one in orders):
            return schedule_request.not_before
        since = state.last_look_at
        return now if since is None else min(schedule_request.not_before, since + self.cadence.every / 6)

    def persist(self, tx: Transaction, now: datetime) -> None:
        """Save what was learned, at intervals, and load what other daemons have saved.

        Call it before `learn` in the same transaction, so that `learn` updates the loaded hazards.
        """
        refresh = self._refreshed_at is None or abs(now - self._refreshed_at) >= REFRESHED_EVERY
        if refresh or self._saved_at is None or abs(now - self._saved_at) >= SAVED_EVERY:
            self.save(tx)
            after_commit(tx, partial(setattr, self, "_saved_at", now))
        if refresh:
            loaded = Hazards(cadence_stats.load(tx)), cadence_stats.average_prices(tx)
            after_commit(tx, partial(self._refresh, *loaded, now))

    def _refresh(self, hazards: Hazards, unit_prices: UnitPrices, now: datetime) -> None:
        self.cadence.hazards, self.cadence.unit_prices, self._refreshed_at = hazards, unit_prices, now

    def observe(self, observations: Iterable[Observation]) -> None:
        """Queue the observations of looks whose transaction is committed."""
        for observation in observations:
            self._queued[observation.source].append(observation)

    def learn(self, tx: Transaction, sources: Iterable[str]) -> None:
        """Learn the queued observations of these sources: virtual times now, hazards after the commit."""
        for source in sources:
            if queued := list(self._queued[source]):
                lock_source(tx, source)
                self._learn(tx, source, queued)

    def _learn(self, tx: Transaction, source: str, queued: Sequence[Observation]) -> None:
        virtual_time = cadence_stats.virtual_time(tx, source)
        hours = [self.cadence.observe(observation, virtual_time) for observation in queued]
        cadence_stats.save_virtual_time(tx, source, virtual_time)
        after_commit(tx, partial(self._learn_hazards, source, queued, hours))

    def _learn_hazards(self, source: str, queued: Sequence[Observation], hours: Sequence[float]) -> None:
        del self._queued[source][: len(queued)]
        for observation, effective in zip(queued, hours, strict=True):
            self.cadence.hazards.learn(observation.cell, effective, crossed=observation.crossed)

    def save(self, tx: Transaction) -> None:
        """Add all unsaved statistics to the database."""
        hazards = self.cadence.hazards
        unsaved = hazards.unsaved()
        cadence_stats.add(tx, unsaved)
        after_commit(tx, partial(hazards.mark_saved, unsaved))

    def _advance(
        self,
        virtual_time: VirtualTime,
        queued_targets: Sequence[DueTarget],
        requests: Sequence[Sequence[TargetState]],
        now: datetime,
    ) -> None:
        """Advance the virtual time to the claimed targets, and record the value of their looks."""
        shown = {states[0].schedule.request_key: states for states in requests}
        for target in queued_targets:
            if target.virtual_due is not None and target.request_key in shown:
                virtual_time.advance_to(target.service_queue, target.virtual_due)
                look_value = sum(
                    self.cadence.look_value(state.schedule.cadence_state, now)
                    for state in shown[target.request_key]
                )
                if look_value > 0:  # 0 for a target that was never looked at
                    virtual_time.record_served(look_value)

    def _has_room(self, tx: Transaction, configured: ConfiguredSource, now: datetime) -> bool:
        """Whether looks at the maximum interval would leave most of the budget to other looks."""
        counted_at, room = self._room.get(configured.source.name, (None, False))
        if counted_at is None or abs(now - counted_at) >= COUNTED_EVERY:
            daily = min(limit.places * (DAY / limit.window) for limit in configured.budget.limits())
            if configured.budget.spacing:
                daily = min(daily, DAY / configured.budget.spacing)
            most = int(daily / SPARE_BUDGET_FACTOR / (DAY / self.cadence.every))
            room = due.scheduled_count(tx, configured.source.name, most + 1) <= most
            self._room[configured.source.name] = now, room
        return room


def _dated_limit(limit: int, now: datetime) -> int:
    """How many of `limit` requests may go to dated targets: every second one.

    Targets that are due by date again and again, such as dead links, must not block the virtual queue.
    """
    return (limit + (deterministic_jitter(now) < 0.5)) // 2  # noqa: PLR2004 - a choice that all daemons share


def _worthwhile_final_looks(
    tx: Transaction, virtual_time: VirtualTime, source: str, now: datetime, limit: int
) -> list[DueTarget]:
    """Final looks of the next time slot whose value reaches the shadow price."""
    slot = int(hours_since_epoch(now) // SLOT_HOURS) + 1
    targets = [
        target
        for target in due.final_looks(tx, source, slot, 0.0, now, limit)
        if virtual_time.affords(target.final_look_value or 0.0)
    ]
    for target in targets:
        virtual_time.record_final_look(target.final_look_value or 0.0)
    return targets


def _by_virtual_time(
    tx: Transaction, virtual_time: VirtualTime, source: str, now: datetime, limit: int
) -> list[DueTarget]:
    """The targets with the lowest positions in all service queues of a source."""
    if limit <= 0:
        return []

    def position_of(target: DueTarget) -> float:
        return virtual_time.position_of(target.service_queue, target.virtual_due or 0.0)

    queues = [
        _queue_order(tx, source, service_queue, now, limit)
        for service_queue in due.service_queues(tx, source)
    ]
    return list(islice(merge(*queues, key=position_of), limit))


def _queue_order(
    tx: Transaction, source: str, service_queue: str, now: datetime, limit: int
) -> Iterator[DueTarget]:
    """Yield the targets of one service queue by virtual due, fetched in growing pages."""
    returned, page = 0, min(_FIRST_PAGE, limit)
    while True:
        targets = due.by_virtual_time(tx, source, service_queue, now, page)
        yield from targets[returned:]
        if len(targets) < page or page >= limit:
            return
        returned, page = len(targets), min(4 * page, limit)
