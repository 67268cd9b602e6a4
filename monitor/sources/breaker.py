"""A source's breaker: refused, it pauses 1, 2, 4, … 24 hours; refused three times in a row, it stops.

A refusal of the whole source says nothing about any target, and one odd target must not silence the
whole source. So what is surely a refusal (`rate_limited`, `blocked`) counts at once; what may be
the target's own oddity (`login_required`, `schema`) counts when a second target answers so without
anything readable in between; and what is the weather (`transient`) pauses the source briefly after
five different targets in a row, and never stops it. `unavailable` says nothing either way.

After any pause the source is half open until something readable has come from it. The first request may go
to a canary, a profile that always exists; with that one there is no doubt: whatever hides it is a refusal.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model.snapshot import Outcome

SURE = frozenset({Outcome.RATE_LIMITED, Outcome.BLOCKED})
LIKELY = frozenset({Outcome.LOGIN_REQUIRED, Outcome.SCHEMA})
WEATHER = frozenset({Outcome.TRANSIENT})
SEEN = frozenset({Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN})
"""What shows that the source sees a profile that always exists."""

LIKELY_ENOUGH = 2
WEATHER_ENOUGH = 5
STOP_AFTER = 3
LONGEST = 24
"""The longest pause, in first pauses: 24 hours where the first is one hour."""
CALM = 24
"""So many first pauses without a refusal, and the ladder starts from the bottom again."""
BRIEF = 6
"""A pause for weather is the sixth part of the first pause."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """What the breaker of one source remembers; kept in the database, so a restart forgets nothing."""

    paused_until: datetime | None = None
    stopped: bool = False
    """Stopped until an operator resumes it."""
    reason: str = ""
    refusals: int = 0
    """Refusals in a row, nothing readable in between."""
    level: int = 0
    """Steps on the ladder of pauses."""
    refused_at: datetime | None = None
    doubts: int = 0
    """Likely refusals in a row, each from another target than the one before."""
    doubted: str = ""
    """The target that gave the newest likely refusal."""
    faulted: str = ""
    """The different targets that gave passing faults in a row, separated by blanks."""
    proving: bool = False
    """Half open: once the pause is over, the first readable answer opens it."""

    def closed_until(self, now: datetime) -> datetime | None:
        """Until when the source is paused; None when it may be asked. A stopped one has no end."""
        if self.stopped:
            return datetime.max.replace(tzinfo=now.tzinfo)
        return self.paused_until if self.paused_until is not None and now < self.paused_until else None

    def state(self, now: datetime) -> str:
        """`ready`, `proving` (half open), `paused` or `stopped`."""
        if self.stopped:
            return "stopped"
        if self.closed_until(now) is not None:
            return "paused"
        return "proving" if self.proving else "ready"

    def held(self, until: datetime | None, reason: str) -> "Breaker":
        """The breaker after an operator has paused the source, without `until` for good.

        A source that is closed for longer stays so; the ladder of refusals is left alone.
        """
        longer = until is not None and self.paused_until is not None and until <= self.paused_until
        if longer or (self.stopped and until is not None):
            return self
        paused_until = self.paused_until if until is None else until
        return replace(self, paused_until=paused_until, stopped=until is None, reason=reason, proving=True)

    def resumed(self) -> "Breaker":
        """The breaker after an operator has resumed the source: a clean slate, half open."""
        return Breaker(proving=True)

    def after(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        """The breaker after one more look at `target` (its url) ended in `outcome`."""
        if outcome in SURE:
            return _refused(self, outcome, now, first_pause)
        if outcome in LIKELY:
            return self._doubted(outcome, target, now, first_pause)
        if outcome in WEATHER:
            return self._weathered(outcome, target, now, first_pause)
        if outcome is Outcome.UNAVAILABLE:
            return self
        return self._readable(now)

    def after_canary(self, outcome: Outcome, now: datetime, first_pause: timedelta) -> "Breaker":
        """The breaker after one more look at the canary, which is known to be there for all to see."""
        if outcome in SEEN:
            return self._readable(now)
        if outcome in WEATHER:
            return self._paused_briefly(outcome, now, first_pause)
        return _refused(self, f"canary {outcome}", now, first_pause)

    def _readable(self, now: datetime) -> "Breaker":
        proving = self.proving and self.closed_until(now) is not None  # a straggler of before proves nothing
        return replace(self, refusals=0, doubts=0, doubted="", faulted="", proving=proving)

    def _doubted(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        doubts = self.doubts if target == self.doubted else self.doubts + 1
        after = replace(self, doubts=doubts, doubted=target)
        return after if doubts < LIKELY_ENOUGH else _refused(after, outcome, now, first_pause)

    def _weathered(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        faulted = {*self.faulted.split(), target}
        if len(faulted) < WEATHER_ENOUGH:
            return replace(self, faulted=" ".join(sorted(faulted)))
        return self._paused_briefly(outcome, now, first_pause)

    def _paused_briefly(self, outcome: Outcome, now: datetime, first_pause: timedelta) -> "Breaker":
        brief = now + first_pause / BRIEF
        if self.paused_until is not None and self.paused_until >= brief:
            return replace(self, faulted="")
        return replace(self, paused_until=brief, reason=outcome, faulted="", proving=True)


def _refused(breaker: Breaker, reason: str, now: datetime, first_pause: timedelta) -> Breaker:
    level = _level(breaker, now, first_pause) + 1
    refusals = breaker.refusals + 1
    return replace(
        breaker,
        paused_until=now + _pause(level, first_pause),
        stopped=breaker.stopped or refusals >= STOP_AFTER,
        reason=reason,
        refusals=refusals,
        level=level,
        refused_at=now,
        proving=True,
    )


def _level(breaker: Breaker, now: datetime, first_pause: timedelta) -> int:
    """Step that the ladder stands on: the bottom again after a calm time since the last pause ended."""
    if breaker.refused_at is None:
        return 0
    calm_from = breaker.refused_at + _pause(breaker.level, first_pause)
    return 0 if now - calm_from >= CALM * first_pause else breaker.level


def _pause(level: int, first_pause: timedelta) -> timedelta:
    steps: int = min(1 << max(level - 1, 0), LONGEST)
    return steps * first_pause
