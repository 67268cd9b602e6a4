"""Learning: the turns of the learned cadence, and what it remembers of every look."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice

from jobs.configured_source import Eye
from jobs.queue_position import seat
from jobs.target_selection import taken
from monitor.cadence.adaptive import SLOT, LearnedCadence
from monitor.cadence.hazard import Hazards
from monitor.cadence.observation_state import hours
from monitor.cadence.schedule import Lane, Seat, Seen, Wish
from monitor.cadence.virtual_time import VirtualClock
from monitor.model.order_state import Watched
from monitor.sources.budget import DAY, chance
from storage import cadence_stats, due
from storage.due import Head
from storage.engine import Transaction
from storage.sources import take_turn
from storage.targets import TargetRow

KEPT_EVERY = timedelta(minutes=1)
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
class LearnedTurns:
    """What matters at a moment goes first, then last calls that are worth it, then the virtual queue."""

    cadence: LearnedCadence
    _kept_at: datetime | None = None
    _refreshed_at: datetime | None = None
    _room: dict[str, tuple[datetime, bool]] = field(default_factory=dict)

    def take(self, tx: Transaction, eye: Eye, now: datetime, limit: int = 1) -> list[list[TargetRow]]:
        """Take from the lanes, one after the other."""
        self.keep(tx, now)
        source = eye.source.name
        clock = self._learned(tx, source)
        heads = due.appointed(tx, source, Lane.FIRST, now, limit)
        heads += _called(tx, clock, source, now, limit - len(heads))
        left = limit - len(heads)
        dated = self._dated(tx, eye, now, left)
        turns = _virtual(tx, clock, source, now, left - min(len(dated), _share(left, now)))
        requests = taken(tx, eye, [*heads, *dated[: left - len(turns)], *turns], now)
        self._pop(clock, turns, requests, now)
        cadence_stats.save_clock(tx, source, clock)
        return requests

    def _dated(self, tx: Transaction, eye: Eye, now: datetime, limit: int) -> list[Head]:
        """What has a date without being urgent; and what has waited longest, where the budget has room."""
        source = eye.source.name
        heads = due.appointed(tx, source, Lane.ROUTINE, now, limit)
        if self._has_room(tx, eye, now):
            heads += due.appointed(tx, source, Lane.LONGEST, now, limit - len(heads))
        return heads

    def seat(self, tx: Transaction, row: TargetRow, group: Sequence[Watched], now: datetime) -> Seat | None:
        """The place of a target that is new to its source, by what is known of its orders."""
        if not row.source:
            return None
        before = Seen(row.last_outcome, row.failures, memo=row.memo, source=row.source)
        look = self.cadence.next_look(group, before, now)
        if look is None or look.wish is None:
            return None
        wish = look.wish._replace(rests_until=self._rests_until(row, group, look.wish, now))
        return seat(cadence_stats.clock(tx, row.source), wish)

    def _rests_until(self, row: TargetRow, group: Sequence[Watched], wish: Wish, now: datetime) -> datetime:
        """The rest of what is new to a source counts from its last look; who was never seen needs none."""
        if not any(w.settled(now) for w in group):
            return wish.rests_until
        since = row.last_look_at
        return now if since is None else min(wish.rests_until, since + self.cadence.every / 6)

    def keep(self, tx: Transaction, now: datetime) -> None:
        """Add what was learned to the database, and now and then take in what others have added."""
        refresh = self._refreshed_at is None or now - self._refreshed_at >= REFRESHED_EVERY
        if refresh or self._kept_at is None or now - self._kept_at >= KEPT_EVERY:
            cadence_stats.add(tx, self.cadence.hazards.harvest())
            self._kept_at = now
        if refresh:
            self.cadence.hazards = Hazards(cadence_stats.load(tx))
            self.cadence.rates = cadence_stats.rates(tx)
            self._refreshed_at = now

    def put_down(self, tx: Transaction, sources: Sequence[str]) -> None:
        """Learn what the last looks have taught, too, and add all of it to the database."""
        for source in sources:
            take_turn(tx, source)
            cadence_stats.save_clock(tx, source, self._learned(tx, source))
        cadence_stats.add(tx, self.cadence.hazards.harvest())

    def _learned(self, tx: Transaction, source: str) -> VirtualClock:
        """The clock of a source, after the lessons of its looks."""
        clock = cadence_stats.clock(tx, source)
        for lesson in self.cadence.taught(source):
            self.cadence.learn(lesson, clock)
        return clock

    def _pop(
        self,
        clock: VirtualClock,
        turns: Sequence[Head],
        requests: Sequence[Sequence[TargetRow]],
        now: datetime,
    ) -> None:
        """Move the clock to those whose turn has come, and learn from them what a request is worth."""
        shown = {rows[0].together: rows for rows in requests}
        for head in turns:
            if head.virtual_due is not None and head.together in shown:
                clock.pop(head.stream, head.virtual_due)
                worth = sum(self.cadence.worth(row.memo, now) for row in shown[head.together])
                if worth > 0:  # of what was never looked at nothing is known
                    clock.served(worth)

    def _has_room(self, tx: Transaction, eye: Eye, now: datetime) -> bool:
        """Whether the budget can keep to the longest wait and still choose most of its looks."""
        counted_at, room = self._room.get(eye.source.name, (None, False))
        if counted_at is None or now - counted_at >= COUNTED_EVERY:
            daily = min(limit.places * (DAY / limit.window) for limit in eye.budget.limits())
            if eye.budget.spacing:
                daily = min(daily, DAY / eye.budget.spacing)
            most = int(daily / ROOM / (DAY / self.cadence.every))
            room = due.watched_by(tx, eye.source.name, most + 1) <= most
            self._room[eye.source.name] = now, room
        return room


def _share(limit: int, now: datetime) -> int:
    """How many of so many requests dates may take from the virtual queue: every second one.

    Dates that come back for ever, as those of dead links do, must not leave nothing for the others.
    """
    return (limit + (chance(now) < 0.5)) // 2  # noqa: PLR2004 - a coin, thrown the same by every daemon


def _called(tx: Transaction, clock: VirtualClock, source: str, now: datetime, limit: int) -> list[Head]:
    """Last calls of the guarantees that end after this slot of time, if they are worth a request."""
    slot = int(hours(now) // SLOT) + 1
    heads = [
        head for head in due.called(tx, source, slot, 0.0, now, limit) if clock.pays(head.call_value or 0.0)
    ]
    for head in heads:
        clock.last_called(head.call_value or 0.0)
    return heads


def _virtual(tx: Transaction, clock: VirtualClock, source: str, now: datetime, limit: int) -> list[Head]:
    """The next in virtual time: of each stream those due first, and of these the first."""
    if limit <= 0:
        return []

    def turn(head: Head) -> float:
        return clock.turn(head.stream, head.virtual_due or 0.0)

    queues = [_stream(tx, source, stream, now, limit) for stream in due.streams(tx, source)]
    return list(islice(merge(*queues, key=turn), limit))


def _stream(tx: Transaction, source: str, stream: str, now: datetime, limit: int) -> Iterator[Head]:
    """The heads of one stream in the order of their turns, fetched as they are asked for."""
    given, page = 0, min(_PAGE, limit)
    while True:
        heads = due.virtual(tx, source, stream, now, page)
        yield from heads[given:]
        if len(heads) < page or page >= limit:
            return
        given, page = len(heads), min(4 * page, limit)
