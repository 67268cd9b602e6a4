"""The terms of a guarantee, as promised when the order was sold (RULES 5; the defaults are here)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from monitor.errors import BadInputError


class BelowStart(StrEnum):
    """What to do when the count is below the start count."""

    REVIEW = "review"
    REFUSE = "refuse"
    CAP = "cap"


class RefillMode(StrEnum):
    """Whether a confirmed drop is refilled automatically, at the customer's request, or never."""

    AUTOMATIC = "automatic"
    ON_REQUEST = "on_request"
    NEVER = "never"
    """Sold without refill: the order has no guarantee."""


class TermsOrigin(StrEnum):
    """Where the terms of an order come from at its import."""

    ROW = "row"
    """Named by the order's row in the orders file."""
    SERVICE = "service"
    """Configured for its service."""
    NAME = "name"
    """Derived from the name of its service."""
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Terms:
    """One set of terms; copied to the order when it is imported."""

    name: str = "default"
    window: timedelta | None = timedelta(days=30)
    """Duration of the guarantee from completion; None has no end."""
    settle: timedelta = timedelta(hours=24)
    """Counts are not judged before this time after a delivery has passed."""
    min_drop_percent: int = 5
    min_drop_units: int = 10
    confirmations: int = 2
    """Judged looks that must show the drop, including the one that opens it."""
    confirm_after: timedelta = timedelta(hours=2)
    cooldown: timedelta = timedelta(hours=24)
    """Minimum time from the completion of a refill to the next."""
    max_refills: int = 3
    """Maximum number of completed refills per order; 0 is no limit."""
    max_refill_percent: int = 150
    """Maximum of all refilled units, in percent of the units delivered."""
    below_start: BelowStart = BelowStart.REVIEW
    partial_orders: bool = True
    """Whether orders of status `Partial` have the guarantee."""
    refill: RefillMode = RefillMode.AUTOMATIC

    def __post_init__(self) -> None:
        for field, low, high in _LIMITS:
            if not low <= getattr(self, field) <= high:
                raise BadInputError(field, f"{getattr(self, field)} is not between {low} and {high}")
        if self.window is not None and self.window <= timedelta(0):
            raise BadInputError("window", 'must be longer than 0s, or "lifetime"')

    def threshold(self, delivered: int) -> int:
        """Smallest claim that is a drop (RULES 4): the larger of units and percentage, at least 1."""
        return max(self.min_drop_units, -(-self.min_drop_percent * delivered // 100), 1)


_LIMITS = (
    ("min_drop_percent", 0, 100),
    ("min_drop_units", 0, 1_000_000_000),
    ("confirmations", 1, 100),
    ("max_refills", 0, 1_000_000),
    ("max_refill_percent", 0, 1_000_000),
)
