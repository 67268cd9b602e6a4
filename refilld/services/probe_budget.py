"""The budget of a probe: each question is charged to the source's own budget before it is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from jobs import request_accounting
from jobs.configured_source import ConfiguredSource
from monitor.errors import RefilldError
from monitor.model.duration import format_duration
from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.budget import Purpose
from monitor.sources.contract import Reading
from monitor.sources.instaloader.probe import ProbeFinding
from storage import sources
from storage.engine import Database
from storage.shared_clock import measured

LONGEST_WAIT = timedelta(minutes=10)
"""Between two questions; the probe ends when the budget has no room for longer than that."""


@dataclass
class ProbeBudget:
    """Charges the questions of one probe, and waits where the budget has no room yet."""

    database: Database
    configured: ConfiguredSource
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    """Waits for a number of seconds."""
    notify: Callable[[str], None]
    """Receives one line for the operator: a wait, or why the probe ends."""
    charged: int = 0
    """Questions charged so far."""

    def __post_init__(self) -> None:
        self.clock = measured(self.database, self.clock)  # the budget goes by it

    def next_question(self) -> bool:
        """Charge a request once the budget has room for it; False ends the probe.

        Raises RefilldError when not even the first question may be asked.
        """
        while pause := self._charge():
            if isinstance(pause, str) or pause > LONGEST_WAIT:
                return self._end(pause if isinstance(pause, str) else f"no room for {_whole_seconds(pause)}")
            self.notify(f"the budget of {self.configured.source.name} has room in {_whole_seconds(pause)}")
            self.sleep(pause.total_seconds())
        self.charged += 1
        return True

    def settle(self, finding: ProbeFinding) -> None:
        """Charge what the question took beyond one request; a refusal pauses the source."""
        configured, now = self.configured, self.clock()
        with self.database.write() as tx:
            if finding.refused:
                reading = _reading(configured, finding, now)
                request_accounting.settle_reading(tx, configured, reading, now, Purpose.CANARY)
            else:
                further = finding.requests - 1
                sources.note_requests(tx, configured.source.name, now, further, purpose=Purpose.CANARY)

    def _charge(self) -> timedelta | str | None:
        """Charge a request; else return how long the budget has no room, or the breaker's state."""
        now, configured = self.clock(), self.configured
        with self.database.write() as tx:
            breaker = sources.breaker(tx, configured.source.name)
            if breaker.closed_until(now):
                return f"{breaker.state(now)} ({breaker.reason})"
            pause = request_accounting.closed_for(tx, configured, now)
            half_open = request_accounting.canary_due(tx, configured)
            if pause is None:
                request_accounting.charge(tx, configured, now, 0, Purpose.CANARY)
        if pause is None and half_open:
            request_accounting.probe_canary(self.database, configured, self.clock)
            return self._charge()
        return pause

    def _end(self, problem: str) -> bool:
        if not self.charged:
            name = self.configured.source.name
            raise RefilldError(f"{name}: {problem}; nothing was asked, see `refilld sources list`")
        self.notify(f"stopped after {self.charged} questions: {problem}")
        return False


def _reading(configured: ConfiguredSource, refused: ProbeFinding, now: datetime) -> Reading:
    """The refusal as a reading, for the breaker; its target need not be a stored one."""
    asked = Target(Link(LinkKind.PROFILE, refused.asked), Metric.FOLLOWERS)
    return Reading((Snapshot(asked, now, refused.outcome, configured.source.name),), refused.requests)


def _whole_seconds(pause: timedelta) -> str:
    return format_duration(timedelta(seconds=ceil(pause.total_seconds())))
