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

from monitor.model.snapshot import DEFINITE_REFUSALS, Outcome

SUSPECTED = frozenset({Outcome.LOGIN_REQUIRED, Outcome.SCHEMA})
TRANSIENT = frozenset({Outcome.TRANSIENT})
SEEN = frozenset({Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN})
"""What shows that the source sees a profile that always exists."""

SUSPECTED_ENOUGH = 2
TRANSIENT_ENOUGH = 5
STOP_AFTER = 3
LONGEST_PAUSE = 24
"""The longest pause, in first pauses: 24 hours where the first is one hour."""
RESET_AFTER = 24
"""So many first pauses without a refusal, and the ladder starts from the bottom again."""
SHORT_PAUSE_DIVISOR = 6
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
    suspected_refusals: int = 0
    """Likely refusals in a row, each from another target than the one before."""
    suspected_target: str = ""
    """The target that gave the newest likely refusal."""
    failed_targets: str = ""
    """The different targets that gave passing faults in a row, separated by blanks."""
    half_open: bool = False
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
        return "proving" if self.half_open else "ready"

    def held(self, until: datetime | None, reason: str) -> "Breaker":
        """The breaker after an operator has paused the source, without `until` for good.

        A source that is closed for longer stays so; the ladder of refusals is left alone.
        """
        longer = until is not None and self.paused_until is not None and until <= self.paused_until
        if longer or (self.stopped and until is not None):
            return self
        paused_until = self.paused_until if until is None else until
        return replace(self, paused_until=paused_until, stopped=until is None, reason=reason, half_open=True)

    def resumed(self) -> "Breaker":
        """The breaker after an operator has resumed the source: a clean slate, half open."""
        return Breaker(half_open=True)

    def after(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        """The breaker after one more look at `target` (its url) ended in `outcome`."""
        if outcome in DEFINITE_REFUSALS:
            return _refused(self, outcome, now, first_pause)
        if outcome in SUSPECTED:
            return self._doubted(outcome, target, now, first_pause)
        if outcome in TRANSIENT:
            return self._weathered(outcome, target, now, first_pause)
        if outcome is Outcome.UNAVAILABLE:
            return self
        return self._readable(now)

    def after_canary(self, outcome: Outcome, now: datetime, first_pause: timedelta) -> "Breaker":
        """The breaker after one more look at the canary, which is known to be there for all to see."""
        if outcome in SEEN:
            return self._readable(now)
        if outcome in TRANSIENT:
            return self._paused_briefly(outcome, now, first_pause)
        return _refused(self, f"canary {outcome}", now, first_pause)

    def _readable(self, now: datetime) -> "Breaker":
        half_open = (
            self.half_open and self.closed_until(now) is not None
        )  # a straggler of before proves nothing
        return replace(
            self,
            refusals=0,
            suspected_refusals=0,
            suspected_target="",
            failed_targets="",
            half_open=half_open,
        )

    def _doubted(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        suspected_refusals = (
            self.suspected_refusals if target == self.suspected_target else self.suspected_refusals + 1
        )
        after = replace(self, suspected_refusals=suspected_refusals, suspected_target=target)
        return after if suspected_refusals < SUSPECTED_ENOUGH else _refused(after, outcome, now, first_pause)

    def _weathered(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        failed_targets = {*self.failed_targets.split(), target}
        if len(failed_targets) < TRANSIENT_ENOUGH:
            return replace(self, failed_targets=" ".join(sorted(failed_targets)))
        return self._paused_briefly(outcome, now, first_pause)

    def _paused_briefly(self, outcome: Outcome, now: datetime, first_pause: timedelta) -> "Breaker":
        brief = now + first_pause / SHORT_PAUSE_DIVISOR
        if self.paused_until is not None and self.paused_until >= brief:
            return replace(self, failed_targets="")
        return replace(self, paused_until=brief, reason=outcome, failed_targets="", half_open=True)


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
        half_open=True,
    )


def _level(breaker: Breaker, now: datetime, first_pause: timedelta) -> int:
    """Step that the ladder stands on: the bottom again after a calm time since the last pause ended."""
    if breaker.refused_at is None:
        return 0
    calm_from = breaker.refused_at + _pause(breaker.level, first_pause)
    return 0 if now - calm_from >= RESET_AFTER * first_pause else breaker.level


def _pause(level: int, first_pause: timedelta) -> timedelta:
    steps: int = min(1 << max(level - 1, 0), LONGEST_PAUSE)
    return steps * first_pause
