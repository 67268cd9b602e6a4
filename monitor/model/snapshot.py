"""A snapshot: the stored result of one look; only the outcome `count` has a number."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.target import Target


class Outcome(StrEnum):
    """The outcome of a look (RULES 2)."""

    COUNT = "count"
    """A number was read."""
    PRIVATE = "private"
    """The profile is private; its orders are suspended until it is public again."""
    NOT_FOUND = "not_found"
    """The source says that the profile or post does not exist."""
    HIDDEN = "hidden"
    """The owner hides this count."""
    UNAVAILABLE = "unavailable"
    """Nothing to read, without a reason from the source."""
    LOGIN_REQUIRED = "login_required"
    """The source shows nothing without a login."""
    BLOCKED = "blocked"
    """The source refuses our requests."""
    RATE_LIMITED = "rate_limited"
    """The source says that we send too many requests."""
    TRANSIENT = "transient"
    """A temporary failure: network, time-out, server error."""
    SCHEMA = "schema"
    """The answer does not have the expected structure or plausible values."""


DEFINITE_REFUSALS = frozenset({Outcome.RATE_LIMITED, Outcome.BLOCKED})
"""The source refuses us: this says nothing about the target."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The result of one look at one target; `count` is set if and only if the outcome is `count`."""

    target: Target
    at: datetime
    outcome: Outcome
    source: str
    count: int | None = None
    count_kind: str = ""
    """What the number counts, in the source's terms (`follower_count`, `play_count`, …)."""
    detail: str = ""
    """The source's message, for people; never a secret, at most 200 characters."""
    account: str = ""
    """The profile's numeric user id (`pk`), which stays when it is renamed; empty if not given."""
    username: str = ""
    """The profile's current username, if it differs from the link's."""
    source_account: str = ""
    """`SPACE:ID` of the account, from a source whose ids are no user ids; empty if not given."""
    out_of_reach: bool = False
    """The source could not look far enough to tell whether the target exists: no evidence of its absence."""
    count_offset: int = 0
    """Added to the count to continue the series of another source."""

    @property
    def judged(self) -> int | None:
        """The count that the rules use: the source's count plus the offset of its series, at least 0."""
        return None if self.count is None else max(0, self.count + self.count_offset)

    def __post_init__(self) -> None:
        if (self.count is not None) != (self.outcome is Outcome.COUNT):
            raise ValueError(f"a {self.outcome} snapshot with count {self.count!r}")
        if self.count is not None and self.count < 0:
            raise ValueError(f"a negative count: {self.count}")
