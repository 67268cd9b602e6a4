"""An operator pauses or resumes a source."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.events.changes import SourceChanged
from monitor.events.event import Event, Subject
from monitor.events.kind import EventKind
from storage import events, sources
from storage.engine import Transaction

LONGEST_PAUSE = timedelta(days=365)
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class PauseResult:
    """Whether the pause was set, and until when the source is paused now."""

    changed: bool
    """False: the source is paused for at least as long already."""
    until: datetime | None
    """None: until it is resumed."""
    reason: str


def pause_source(
    tx: Transaction, name: str, until: datetime | None, reason: str | None, now: datetime
) -> PauseResult:
    """Pause a source, without `until` until it is resumed; never shortens a pause."""
    before = sources.breaker(tx, name)
    after = before.held(until, "operator" if reason is None else f"operator: {reason}")
    sources.save_breaker(tx, name, after)
    paused_until = None if after.stopped else after.paused_until
    if after != before:
        _note(tx, EventKind.SOURCE_PAUSED, name, paused_until, after.reason, now)
    return PauseResult(after != before, paused_until, after.reason)


def resume_source(tx: Transaction, name: str, now: datetime) -> bool:
    """Let a paused or stopped source look at once; False when it was not paused."""
    breaker, rate_limit_state = sources.breaker(tx, name), sources.rate_limit_state(tx, name)
    paused = bool(breaker.closed_until(now) or rate_limit_state.waits_until(now))
    if paused:
        sources.save_breaker(tx, name, breaker.resumed())
        sources.save_rate_limit_state(tx, name, replace(rate_limit_state, wait_until=None))
        _note(tx, EventKind.SOURCE_RESUMED, name, None, breaker.reason, now)
    return paused


def _note(
    tx: Transaction, kind: EventKind, name: str, until: datetime | None, why: str, now: datetime
) -> None:
    events.add(tx, Event(kind, SourceChanged(until, why), Subject(source=name)), now)
