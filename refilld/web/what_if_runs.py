"""Replays the own history under other terms for a page: one at a time, a sample, and not for long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from time import monotonic

from monitor.errors import RefilldError
from refilld.backtest.own_history import HistorySample, WhatIf, load_history, what_if
from refilld.services.terms_change import changed
from refilld.settings.settings import Settings
from storage.engine import Database

LONGEST = 10.0
"""Seconds after which a replay is stopped."""
TARGETS = 1_000
"""Targets that are replayed."""
CONSIDERED = 20_000
"""Targets among which they are looked for."""
FRESH = timedelta(hours=1)
_MOST_KEPT = 20


class ReplayStoppedError(RefilldError):
    """A replay was not finished in time."""


class ReplayBusyError(RefilldError):
    """Another replay is going on."""


@dataclass(frozen=True, slots=True)
class WhatIfQuestion:
    """Under which terms what is replayed."""

    changes: tuple[tuple[str, object], ...]
    """Fields of the terms, with their values."""
    period: timedelta
    """Targets that got an order in this time are replayed."""


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """The costs under both terms."""

    at: datetime
    found: WhatIf


@dataclass(slots=True)
class WhatIfRuns:
    """The replays of a process, and their latest answers."""

    _lock: Lock = field(default_factory=Lock)
    _kept: dict[WhatIfQuestion, WhatIfAnswer] = field(default_factory=dict)

    def answer(
        self, database: Database, settings: Settings, question: WhatIfQuestion, now: datetime
    ) -> WhatIfAnswer:
        """An answer that is not older than FRESH; raises ReplayStoppedError or ReplayBusyError."""
        kept = self._kept.get(question)
        if kept is not None and timedelta(0) <= now - kept.at < FRESH:
            return kept
        if not self._lock.acquire(blocking=False):
            raise ReplayBusyError("another computation is going on")
        try:
            found = WhatIfAnswer(now, _replayed(database, settings, question, now))
            self._keep(question, found)
            return found
        finally:
            self._lock.release()

    def _keep(self, question: WhatIfQuestion, found: WhatIfAnswer) -> None:
        self._kept.pop(question, None)
        self._kept[question] = found
        while len(self._kept) > _MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))


def _replayed(database: Database, settings: Settings, question: WhatIfQuestion, now: datetime) -> WhatIf:
    end = monotonic() + LONGEST

    def rest() -> None:
        if monotonic() > end:
            raise ReplayStoppedError("the replay took too long")

    history = load_history(database, now - question.period, HistorySample(TARGETS, CONSIDERED, rest))
    fields: Mapping[str, object] = dict(question.changes)
    return what_if(history, settings, partial(changed, fields=fields), now)
