"""Whether a source may look now: its breaker and the wait that its platform asked for, taken together."""

from dataclasses import dataclass
from datetime import datetime

from monitor.sources.breaker import Breaker
from monitor.sources.rate_limit_state import RateLimitState


@dataclass(frozen=True, slots=True)
class SourceState:
    """Whether a source may look at one moment, and if not, until when and why."""

    state: str
    """`ready`, `proving` (half open), `waiting` (for the platform), `paused` or `stopped`."""
    until: datetime | None = None
    """When it is asked again, after pause and wait; None if it may be now, or only an operator resumes it."""
    reason: str = ""
    """Why it is paused, stopped or proving; `platform` if it only waits for the platform."""
    detail: str = ""
    """The source's message at the refusal that has paused it, for people."""
    platform_waits: bool = False
    """Whether `until` is the end of the platform's wait and not that of the pause."""

    @property
    def may_look(self) -> bool:
        return self.state in {"ready", "proving"}

    @property
    def why(self) -> str:
        """The reason with the source's message."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


def source_state(breaker: Breaker, rate_limit_state: RateLimitState, now: datetime) -> SourceState:
    """Return the state of a source; a pause and a wait hold until the later of them ends."""
    state, pause, wait = breaker.state(now), breaker.closed_until(now), rate_limit_state.waits_until(now)
    if state == "stopped":
        return SourceState(state, None, breaker.reason, breaker.detail)
    if pause is not None:
        waits = wait is not None and wait > pause
        return SourceState(state, wait if waits else pause, breaker.reason, breaker.detail, waits)
    if wait is not None:
        return SourceState("waiting", wait, "platform", platform_waits=True)
    return SourceState(state, reason=breaker.reason if breaker.half_open else "")
