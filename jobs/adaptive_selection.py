"""Learning: the turns of the learned cadence, and what it remembers of every look."""

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
"""So often what was learned is added to the database; a kill loses no more of it than that."""
REFRESHED_EVERY = timedelta(hours=1)
"""So often the lessons of other daemons, and the going rates, are taken in."""
COUNTED_EVERY = timedelta(minutes=10)
"""So often the targets of a source are counted, to know whether the budget has room."""
_PAGE = 4
"""Heads of a stream that are fetched at first; mostly one is wanted."""
ROOM = 2
"""The budget has room for the longest wait where that would take no more than one look in so many."""


@dataclass(slots=True)
class AdaptiveSelection:
    """What matters at a moment goes first, then last calls that are worth it, then the virtual queue."""

    cadence: AdaptiveCadence
    _saved_at: datetime | None = None
    _refreshed_at: datetime | None = None
    _room: dict[str, tuple[datetime, bool]] = field(default_factory=dict)
    _queued: defaultdict[str, list[Observation]] = field(default_factory=lambda: defaultdict(list))
    """Observations of committed looks that are not learned yet, by source."""

    def take(
        self, tx: Transaction, configured: ConfiguredSource, now: datetime, limit: int = 1
    ) -> list[list[TargetState]]:
        """Take from the lanes, one after the other."""
        source = configured.source.name
        clock = cadence_stats.virtual_time(tx, source)
        heads = due.due_by_date(tx, source, Priority.URGENT, now, limit)
        heads += _called(tx, clock, source, now, limit - len(heads))
        left = limit - len(heads)
        dated = self._dated(tx, configured, now, left)
        turns = _virtual(tx, clock, source, now, left - min(len(dated), _share(left, now)))
        requests = claim_requests(tx, configured, [*heads, *dated[: left - len(turns)], *turns], now)
        self._pop(clock, turns, requests, now)
        cadence_stats.save_virtual_time(tx, source, clock)
        return requests

    def _dated(
        self, tx: Transaction, configured: ConfiguredSource, now: datetime, limit: int
    ) -> list[DueTarget]:
        """What has a date without being urgent; and what has waited longest, where the budget has room."""
        source = configured.source.name
        heads = due.due_by_date(tx, source, Priority.ROUTINE, now, limit)
        if self._has_room(tx, configured, now):
            heads += due.due_by_date(tx, source, Priority.MAX_INTERVAL, now, limit - len(heads))
        return heads

    def queue_position(
        self, tx: Transaction, row: TargetState, group: Sequence[OrderState], now: datetime
    ) -> QueuePosition | None:
        """The place of a target that is new to its source, by what is known of its orders."""
        if not row.schedule.source:
            return None
        before = LookSummary(
            row.last_outcome,
            row.failures,
            cadence_state=row.schedule.cadence_state,
            source=row.schedule.source,
        )
        look = self.cadence.next_look(group, before, now)
        if look is None or look.schedule_request is None:
            return None
        schedule_request = look.schedule_request._replace(
            not_before=self._rests_until(row, group, look.schedule_request, now)
        )
        return queue_position(cadence_stats.virtual_time(tx, row.schedule.source), schedule_request)

    def _rests_until(
        self, row: TargetState, group: Sequence[OrderState], schedule_request: ScheduleRequest, now: datetime
    ) -> datetime:
        """The rest of what is new to a source counts from its last look; who was never seen needs none."""
        if not any(w.settled(now) for w in group):
            return schedule_request.not_before
        since = row.last_look_at
        return now if since is None else min(schedule_request.not_before, since + self.cadence.every / 6)

    def persist(self, tx: Transaction, now: datetime) -> None:
        """Save what was learned, at intervals, and load what other daemons have saved.

        Call it before `learn` in the same transaction: what is learned there belongs to the loaded hazards.
        """
        refresh = self._refreshed_at is None or now - self._refreshed_at >= REFRESHED_EVERY
        if refresh or self._saved_at is None or now - self._saved_at >= SAVED_EVERY:
            self.save(tx)
            after_commit(tx, partial(setattr, self, "_saved_at", now))
        if refresh:
            loaded = Hazards(cadence_stats.load(tx)), cadence_stats.average_prices(tx)
            after_commit(tx, partial(self._refresh, *loaded, now))

    def _refresh(self, hazards: Hazards, unit_prices: UnitPrices, now: datetime) -> None:
        self.cadence.hazards, self.cadence.unit_prices, self._refreshed_at = hazards, unit_prices, now

    def observe(self, observations: Iterable[Observation]) -> None:
        """Queue what looks have shown, once their transaction is committed."""
        for observation in observations:
            self._queued[observation.source].append(observation)

    def learn(self, tx: Transaction, sources: Iterable[str]) -> None:
        """Learn what is queued of these sources: into virtual times, and after the commit into hazards."""
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
        for observation, effective in zip(queued, hours, strict=True):
            self.cadence.hazards.learn(observation.cell, effective, crossed=observation.crossed)
        del self._queued[source][: len(queued)]

    def save(self, tx: Transaction) -> None:
        """Add everything that was learned to the database."""
        hazards = self.cadence.hazards
        unsaved = hazards.unsaved()
        cadence_stats.add(tx, unsaved)
        after_commit(tx, partial(hazards.mark_saved, unsaved))

    def _pop(
        self,
        clock: VirtualTime,
        turns: Sequence[DueTarget],
        requests: Sequence[Sequence[TargetState]],
        now: datetime,
    ) -> None:
        """Move the clock to those whose turn has come, and learn from them what a request is worth."""
        shown = {rows[0].schedule.request_key: rows for rows in requests}
        for head in turns:
            if head.virtual_due is not None and head.request_key in shown:
                clock.advance_to(head.service_queue, head.virtual_due)
                worth = sum(
                    self.cadence.look_value(row.schedule.cadence_state, now)
                    for row in shown[head.request_key]
                )
                if worth > 0:  # of what was never looked at nothing is known
                    clock.record_served(worth)

    def _has_room(self, tx: Transaction, configured: ConfiguredSource, now: datetime) -> bool:
        """Whether the budget can keep to the longest wait and still choose most of its looks."""
        counted_at, room = self._room.get(configured.source.name, (None, False))
        if counted_at is None or now - counted_at >= COUNTED_EVERY:
            daily = min(limit.places * (DAY / limit.window) for limit in configured.budget.limits())
            if configured.budget.spacing:
                daily = min(daily, DAY / configured.budget.spacing)
            most = int(daily / ROOM / (DAY / self.cadence.every))
            room = due.scheduled_count(tx, configured.source.name, most + 1) <= most
            self._room[configured.source.name] = now, room
        return room


def _share(limit: int, now: datetime) -> int:
    """How many of so many requests dates may take from the virtual queue: every second one.

    Dates that come back for ever, as those of dead links do, must not leave nothing for the others.
    """
    return (limit + (deterministic_jitter(now) < 0.5)) // 2  # noqa: PLR2004 - a coin, thrown the same by every daemon


def _called(tx: Transaction, clock: VirtualTime, source: str, now: datetime, limit: int) -> list[DueTarget]:
    """Last calls of the guarantees that end after this slot of time, if they are worth a request."""
    slot = int(hours_since_epoch(now) // SLOT_HOURS) + 1
    heads = [
        head
        for head in due.final_looks(tx, source, slot, 0.0, now, limit)
        if clock.affords(head.final_look_value or 0.0)
    ]
    for head in heads:
        clock.record_final_look(head.final_look_value or 0.0)
    return heads


def _virtual(tx: Transaction, clock: VirtualTime, source: str, now: datetime, limit: int) -> list[DueTarget]:
    """The next in virtual time: of each stream those due first, and of these the first."""
    if limit <= 0:
        return []

    def position_of(head: DueTarget) -> float:
        return clock.position_of(head.service_queue, head.virtual_due or 0.0)

    queues = [
        _stream(tx, source, service_queue, now, limit) for service_queue in due.service_queues(tx, source)
    ]
    return list(islice(merge(*queues, key=position_of), limit))


def _stream(
    tx: Transaction, source: str, service_queue: str, now: datetime, limit: int
) -> Iterator[DueTarget]:
    """The heads of one stream in the order of their turns, fetched as they are asked for."""
    given, page = 0, min(_PAGE, limit)
    while True:
        heads = due.by_virtual_time(tx, source, service_queue, now, page)
        yield from heads[given:]
        if len(heads) < page or page >= limit:
            return
        given, page = len(heads), min(4 * page, limit)
