"""A snapshot is one look at a target, always typed: only the outcome `count` carries a number."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.target import Target


class Outcome(StrEnum):
    """What a look can end in (RULES 2)."""

    COUNT = "count"
    """A number was read."""
    PRIVATE = "private"
    """The profile is private: its orders are suspended until it is public again."""
    NOT_FOUND = "not_found"
    """The source says that there is no such profile or post."""
    HIDDEN = "hidden"
    """The owner hides this count."""
    UNAVAILABLE = "unavailable"
    """Nothing to read, for a reason that the source does not tell."""
    LOGIN_REQUIRED = "login_required"
    """The source shows nothing without a login."""
    BLOCKED = "blocked"
    """The source refuses us."""
    RATE_LIMITED = "rate_limited"
    """The source says that we ask too much."""
    TRANSIENT = "transient"
    """A passing fault: network, time-out, server error."""
    SCHEMA = "schema"
    """The answer has not the shape or the sense that it should have."""


DEFINITE_REFUSALS = frozenset({Outcome.RATE_LIMITED, Outcome.BLOCKED})
"""The source refuses us: this says nothing about the target."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at one target; `count` is a number exactly when the outcome is `count`."""

    target: Target
    at: datetime
    outcome: Outcome
    source: str
    count: int | None = None
    count_kind: str = ""
    """What the number counts, in the source's words (`follower_count`, `play_count`, …)."""
    detail: str = ""
    """What the source said, for people; never a secret, at most 200 characters."""
    account: str = ""
    """The profile's numeric user id (`pk`), where the source gives it: it outlives every name."""
    username: str = ""
    """The name that the profile goes by now, where that is not the link's."""
    count_offset: int = 0
    """What must be added to the count to go on where another source's series ended."""

    @property
    def judged(self) -> int | None:
        """The count that the rules go by: the source's own, and the shift of its series; never below 0."""
        return None if self.count is None else max(0, self.count + self.count_offset)

    def __post_init__(self) -> None:
        if (self.count is not None) != (self.outcome is Outcome.COUNT):
            raise ValueError(f"a {self.outcome} snapshot with count {self.count!r}")
        if self.count is not None and self.count < 0:
            raise ValueError(f"a negative count: {self.count}")
