"""An operator pauses or resumes a source."""

from dataclasses import dataclass, replace
from datetime import datetime

from storage import sources
from storage.engine import Transaction


@dataclass(frozen=True, slots=True)
class PauseResult:
    """Whether the pause was set, and until when the source is paused now."""

    changed: bool
    """False: the source is paused for at least as long already."""
    until: datetime | None
    """None: until it is resumed."""
    reason: str


def pause_source(tx: Transaction, name: str, until: datetime | None, reason: str | None) -> PauseResult:
    """Pause a source, without `until` until it is resumed; never shortens a pause."""
    before = sources.breaker(tx, name)
    after = before.held(until, "operator" if reason is None else f"operator: {reason}")
    sources.save_breaker(tx, name, after)
    return PauseResult(after != before, None if after.stopped else after.paused_until, after.reason)


def resume_source(tx: Transaction, name: str, now: datetime) -> bool:
    """Let a paused or stopped source look at once; False when it was not paused."""
    breaker, rate_limit_state = sources.breaker(tx, name), sources.rate_limit_state(tx, name)
    paused = bool(breaker.closed_until(now) or rate_limit_state.waits_until(now))
    if paused:
        sources.save_breaker(tx, name, breaker.resumed())
        sources.save_rate_limit_state(tx, name, replace(rate_limit_state, wait_until=None))
    return paused
