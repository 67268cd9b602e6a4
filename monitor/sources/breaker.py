"""The circuit breaker of a source: refusals pause it for 1, 2, 4, … 24 hours; three in a row stop it.

A refusal concerns the source and not the target, but one unusual target must not pause the whole source:

* `rate_limited` and `blocked` are definite refusals and count at once.
* `login_required` and `schema` may concern the target only. They count when two targets in a row answer so.
* `transient` pauses the source briefly after five different targets in a row, and never stops it.
* `unavailable` changes nothing; every other outcome is readable and resets the count of refusals.

After a pause the source is half open until an answer is readable. The first request may go to a canary, a
profile that always exists; if the canary cannot be read, that is a definite refusal.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model.instants import NO_END
from monitor.model.snapshot import DEFINITE_REFUSALS, Outcome

SUSPECTED = frozenset({Outcome.LOGIN_REQUIRED, Outcome.SCHEMA})
TRANSIENT = frozenset({Outcome.TRANSIENT})
SEEN = frozenset({Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN})
"""Outcomes that show that the source can read the canary."""

SUSPECTED_LIMIT = 2
TRANSIENT_LIMIT = 5
STOP_AFTER = 3
"""Suspected refusals, targets with transient failures, and refusals in a row that take effect."""
LONGEST_PAUSE = 24
"""Maximum pause, in multiples of the first pause: 24 hours if the first is one hour."""
RESET_AFTER = 24
"""Time without a refusal that resets the level of pauses, in multiples of the first pause."""
SHORT_PAUSE_DIVISOR = 6
"""A pause for transient failures is this fraction of the first pause."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one source's breaker; stored in the database, so that it survives a restart."""

    paused_until: datetime | None = None
    stopped: bool = False
    """Paused without an end, until an operator resumes it."""
    reason: str = ""
    detail: str = ""
    """The source's message at the refusal, for people."""
    refusals: int = 0
    """Refusals in a row, without a readable answer in between."""
    level: int = 0
    """Exponent of the pauses: the number of doublings plus one; 0 without a refusal."""
    refused_at: datetime | None = None
    blocked_since: datetime | None = None
    """Time of the first refusal since the last readable answer after a pause; None if there was none."""
    suspected_refusals: int = 0
    """Suspected refusals in a row, each from another target than the one before."""
    suspected_target: str = ""
    """The target of the newest suspected refusal."""
    failed_targets: str = ""
    """Distinct targets with transient failures in a row, separated by spaces."""
    half_open: bool = False
    """After the pause the next answer decides: a readable one ends this state."""

    def closed_until(self, now: datetime) -> datetime | None:
        """End of the pause; None if requests are allowed, `NO_END` if the source is stopped."""
        if self.stopped:
            return NO_END
        return self.paused_until if self.paused_until is not None and now < self.paused_until else None

    def state(self, now: datetime) -> str:
        """`ready`, `proving` (half open), `paused` or `stopped`."""
        if self.stopped:
            return "stopped"
        if self.closed_until(now) is not None:
            return "paused"
        return "proving" if self.half_open else "ready"

    def held(self, until: datetime | None, reason: str) -> "Breaker":
        """The breaker after an operator has paused the source until a time, or stopped it (`until` is None).

        A longer pause is kept, and so is the level of pauses.
        """
        paused_longer = until is not None and self.paused_until is not None and until <= self.paused_until
        if paused_longer or (self.stopped and until is not None):
            return self
        paused_until = self.paused_until if until is None else until
        return replace(
            self, paused_until=paused_until, stopped=until is None, reason=reason, detail="", half_open=True
        )

    def resumed(self) -> "Breaker":
        """The breaker after an operator has resumed the source: half open, with no refusals counted."""
        return Breaker(half_open=True, blocked_since=self.blocked_since)

    def after(
        self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta, detail: str = ""
    ) -> "Breaker":
        """The breaker after a look at `target` (its URL) with this outcome and message."""
        return self._with_detail(self._after(outcome, target, now, first_pause), detail)

    def after_canary(
        self, outcome: Outcome, now: datetime, first_pause: timedelta, detail: str = ""
    ) -> "Breaker":
        """The breaker after a look at the canary, which is known to exist and to be public."""
        return self._with_detail(self._after_canary(outcome, now, first_pause), detail)

    def _with_detail(self, after: "Breaker", detail: str) -> "Breaker":
        """The breaker after a look, with the message of the look that has paused the source."""
        paused = (after.paused_until, after.stopped) != (self.paused_until, self.stopped)
        return replace(after, detail=detail) if paused else after

    def _after(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        if outcome in DEFINITE_REFUSALS:
            return _refused(self, outcome, now, first_pause)
        if outcome in SUSPECTED:
            return self._suspected(outcome, target, now, first_pause)
        if outcome in TRANSIENT:
            return self._transient(outcome, target, now, first_pause)
        if outcome is Outcome.UNAVAILABLE:
            return self
        return self._readable(now)

    def _after_canary(self, outcome: Outcome, now: datetime, first_pause: timedelta) -> "Breaker":
        if outcome in SEEN:
            return self._readable(now)
        if outcome in TRANSIENT:
            return self._paused_briefly(outcome, now, first_pause)
        return _refused(self, f"canary {outcome}", now, first_pause)

    def _readable(self, now: datetime) -> "Breaker":
        # a late answer during a pause does not end the half-open state
        half_open = self.half_open and self.closed_until(now) is not None
        return replace(
            self,
            refusals=0,
            suspected_refusals=0,
            suspected_target="",
            failed_targets="",
            half_open=half_open,
            blocked_since=self.blocked_since if half_open else None,
        )

    def _suspected(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        suspected_refusals = (
            self.suspected_refusals if target == self.suspected_target else self.suspected_refusals + 1
        )
        after = replace(self, suspected_refusals=suspected_refusals, suspected_target=target)
        return after if suspected_refusals < SUSPECTED_LIMIT else _refused(after, outcome, now, first_pause)

    def _transient(self, outcome: Outcome, target: str, now: datetime, first_pause: timedelta) -> "Breaker":
        failed_targets = {*self.failed_targets.split(), target}
        if len(failed_targets) < TRANSIENT_LIMIT:
            return replace(self, failed_targets=" ".join(sorted(failed_targets)))
        return self._paused_briefly(outcome, now, first_pause)

    def _paused_briefly(self, outcome: Outcome, now: datetime, first_pause: timedelta) -> "Breaker":
        until = now + first_pause / SHORT_PAUSE_DIVISOR
        if self.paused_until is not None and self.paused_until >= until:
            return replace(self, failed_targets="")
        return replace(self, paused_until=until, reason=outcome, failed_targets="", half_open=True)


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
        blocked_since=breaker.blocked_since or now,
        half_open=True,
    )


def _level(breaker: Breaker, now: datetime, first_pause: timedelta) -> int:
    """Level of pauses; 0 again if enough time without a refusal has passed since the last pause ended."""
    if breaker.refused_at is None:
        return 0
    pause_end = breaker.refused_at + _pause(breaker.level, first_pause)
    return 0 if now - pause_end >= RESET_AFTER * first_pause else breaker.level


def _pause(level: int, first_pause: timedelta) -> timedelta:
    multiple: int = min(1 << max(level - 1, 0), LONGEST_PAUSE)
    return multiple * first_pause
