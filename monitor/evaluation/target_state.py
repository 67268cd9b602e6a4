"""The state of a target: the results of its looks, and its schedule."""

from dataclasses import dataclass, field
from datetime import datetime

from monitor.cadence.schedule import Priority
from monitor.guarantee.gone_detection import Absence
from monitor.guarantee.noop_bounds import NoopBounds
from monitor.guarantee.series import Series
from monitor.model.snapshot import Outcome
from monitor.model.target import Target
from monitor.model.target_problem import TargetProblem


@dataclass(frozen=True, slots=True)
class TargetSchedule:
    """When the next look at a target is due, and through which source."""

    next_due_at: datetime | None = None
    """None when no order needs a look."""
    priority: Priority = Priority.ROUTINE
    due_reason: str = ""
    """Why the look is due, in words for people."""
    source: str | None = None
    """Source that reads the target; None until it is chosen, empty where no source can read it."""
    request_key: str = ""
    """Targets of one source with the same key are answered by one request."""
    unseen_by: frozenset[str] = frozenset()
    """Sources that did not find the target lately."""
    unseen_since: datetime | None = None
    cadence_state: str = ""
    """Stored by the adaptive cadence; see `monitor.cadence.observation_state`."""
    service_queue: str | None = None
    """Its part of the virtual queue; None when it has no position there."""
    claimed_until: datetime | None = None
    """Time until which a process has reserved it for a look; None, or past, when none has."""


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target between two looks."""

    target_id: int
    target: Target
    series: Series = field(default_factory=Series)
    last_look_at: datetime | None = None
    last_outcome: Outcome | None = None
    last_count_at: datetime | None = None
    failures: int = 0
    """Failed looks in a row, without refusals of the whole source."""
    private_since: datetime | None = None
    absence: Absence = field(default_factory=Absence)
    notified_problem: TargetProblem | None = None
    """Problem that the operator has been notified of, and that has not ended since."""
    judged_at: datetime | None = None
    """Time of the newest judged count."""
    drop_opened_at: datetime | None = None
    """Time of the newest count at which a drop of one of its orders opened."""
    noop_bounds: NoopBounds | None = None
    """Counts that change nothing; None when every count must be evaluated."""
    schedule: TargetSchedule = field(default_factory=TargetSchedule)

    @property
    def hidden(self) -> bool:
        """Whether it is private or gone, so that none of its refills is claimed."""
        return self.private_since is not None or self.absence.gone_at is not None
