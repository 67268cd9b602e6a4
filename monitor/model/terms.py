"""The terms of a guarantee: the limits that were promised when the order was sold (RULES 5, defaults)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from monitor.errors import BadInputError


class BelowStart(StrEnum):
    """What to do when the count has fallen below what the profile had before the order."""

    REVIEW = "review"
    REFUSE = "refuse"
    CAP = "cap"


class RefillMode(StrEnum):
    """Whether a confirmed drop is refilled by itself, only when the customer asks, or never."""

    AUTOMATIC = "automatic"
    ON_REQUEST = "on_request"
    NEVER = "never"
    """Sold without refill: the order carries no guarantee."""


class TermsOrigin(StrEnum):
    """What the terms of an order were taken from when it was imported."""

    ROW = "row"
    """The order's own row of the orders file named them."""
    SERVICE = "service"
    """The configuration gives them to its service."""
    NAME = "name"
    """They were derived from what its service is called."""
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Terms:
    """One set of terms; frozen on the order when it is imported."""

    name: str = "default"
    window: timedelta | None = timedelta(days=30)
    """How long the guarantee lasts after completion; None is a lifetime."""
    settle: timedelta = timedelta(hours=24)
    """Counts are not judged until so long after a delivery."""
    min_drop_percent: int = 5
    min_drop_units: int = 10
    confirmations: int = 2
    """Judged looks that must show the drop, the opening one included."""
    confirm_after: timedelta = timedelta(hours=2)
    cooldown: timedelta = timedelta(hours=24)
    """Least time from the completion of one refill to the next."""
    max_refills: int = 3
    """Completed refills per order; 0 is no limit."""
    max_refill_percent: int = 150
    """All refilled units together, as a share of what was delivered."""
    below_start: BelowStart = BelowStart.REVIEW
    partial_orders: bool = True
    """Whether orders of status `Partial` carry the guarantee."""
    refill: RefillMode = RefillMode.AUTOMATIC

    def __post_init__(self) -> None:
        for field, least, most in _LIMITS:
            if not least <= getattr(self, field) <= most:
                raise BadInputError(field, f"{getattr(self, field)} is not between {least} and {most}")
        if self.window is not None and self.window <= timedelta(0):
            raise BadInputError("window", 'must be longer than 0s, or "lifetime"')

    def threshold(self, delivered: int) -> int:
        """Least claim that counts as a drop (RULES 4): the larger of units and percentage, at least 1."""
        return max(self.min_drop_units, -(-self.min_drop_percent * delivered // 100), 1)


_LIMITS = (
    ("min_drop_percent", 0, 100),
    ("min_drop_units", 0, 1_000_000_000),
    ("confirmations", 1, 100),
    ("max_refills", 0, 1_000_000),
    ("max_refill_percent", 0, 1_000_000),
)
