"""Counting the requests of tokens: each one in this process, and now and then in the database, for all.

A process stores what it has counted once it is a part of the limit that matters, so that many processes
together exceed it by a few per cent at most, and an idle token costs nothing.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

from monitor.model.instants import EPOCH
from storage import token_uses
from storage.engine import Database
from storage.errors import UnreachableError
from storage.token_uses import MINUTE, TokenUse

EVERY = timedelta(seconds=1)
_PART = 50
"""A count is stored when it is this part of the limit."""
_STORED_EVERY = 30.0
"""Seconds after which a use is stored, however small the count is."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a token may still do in this minute."""

    limit: int
    """Requests in a minute; 0 is no limit."""
    left: int
    """Requests that are left after this one; negative if this one is too many."""
    reset: int
    """Seconds until the next minute."""

    @property
    def exceeded(self) -> bool:
        return bool(self.limit) and self.left < 0


@dataclass(slots=True)
class _Count:
    """The requests of one token in one minute."""

    minute: int
    used_at: datetime
    limit: int = 0
    known: int = 0
    """Requests of all processes that the database has."""
    new: int = 0
    """Requests of this process that it does not have."""
    unstored: bool = True
    """Whether the token was used since it was stored."""
    stored_at: float = float("-inf")

    def is_due(self) -> bool:
        large = bool(self.limit) and self.new * _PART >= self.limit
        return self.unstored and (large or monotonic() - self.stored_at >= _STORED_EVERY)


class TokenUses:
    """Counts requests by token; safe to share between threads."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._lock = Lock()
        self._counts: dict[int, _Count] = {}

    def take(self, token_id: int, limit: int) -> Quota:
        """Count a request, unless it is too many; returns what is left."""
        now = self._clock()
        minute, second = divmod(int(now.timestamp()), 60)
        with self._lock:
            count = self._counts.get(token_id)
            if count is None:
                count = self._counts[token_id] = _Count(minute, now)
            if count.minute != minute:
                count.minute, count.known, count.new = minute, 0, 0
            count.used_at, count.limit, count.unstored = now, limit, True
            left = limit - count.known - count.new - 1
            if left >= 0 or not limit:
                count.new += 1
        return Quota(limit, left, 60 - second)

    def run_once(self) -> None:
        """Store the counts that are due, and learn what other processes have counted."""
        self._store(lambda count: count.is_due())

    def finish(self) -> None:
        """Store all counts at the end of the process, if the database can be written."""
        with suppress(UnreachableError):
            self._store(lambda count: count.unstored)

    def _store(self, chosen: Callable[[_Count], bool]) -> None:
        with self._lock:
            due = {token_id: _use(token_id, one) for token_id, one in self._counts.items() if chosen(one)}
        if not due:
            return
        with self._database.write() as tx:
            known = {token_id: token_uses.add(tx, due[token_id]) for token_id in sorted(due)}
        with self._lock:
            for token_id, use in due.items():
                _note(self._counts[token_id], use, known[token_id])


def _use(token_id: int, count: _Count) -> TokenUse:
    return TokenUse(token_id, count.used_at, EPOCH + count.minute * MINUTE, count.new)


def _note(count: _Count, use: TokenUse, known: int) -> None:
    """Note what is stored of a count, to which requests were added meanwhile."""
    count.stored_at = monotonic()
    count.unstored = count.used_at != use.used_at
    if EPOCH + count.minute * MINUTE == use.minute_at:
        count.known, count.new = known, count.new - use.requests
