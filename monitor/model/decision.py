"""The decision on a confirmed drop: an action and its reason (RULES 5)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What is done about a confirmed drop."""

    REFILL = "refill"
    HOLD = "hold"
    WAIT = "wait"
    REFUSE = "refuse"


class Reason(StrEnum):
    """Why an action was chosen."""

    REFILL_IN_PROGRESS = "refill_in_progress"
    REFILL_LIMIT_REACHED = "refill_limit_reached"
    REFILL_ALLOWANCE_SPENT = "refill_allowance_spent"
    COOLDOWN = "cooldown"
    BELOW_START_COUNT = "below_start_count"
    AWAITING_REQUEST = "awaiting_request"
    BACKLOG = "backlog"
    MASS_DROP = "mass_drop"
    RESTORED = "restored"
    """The database was restored from a backup, which knows no later deliveries."""
    SHADOW = "shadow"
    DAILY_CAP = "daily_cap"
    DROP_CONFIRMED = "drop_confirmed"
    RECOVERED = "recovered"
    """Only for a held refill: the drop has recovered by the end of the hold (RULES 6)."""
    DECLINED = "declined"
    """Only for a refill that an operator has rejected or cancelled."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on one drop, with the numbers that explain it to a customer."""

    order_id: str
    at: datetime
    action: Action
    reason: Reason
    quantity: int
    """Units to refill or to hold; 0 for `wait` and `refuse`."""
    count: int
    line: int
    claim: int
    release_at: datetime | None = None
    """Only for `hold`: when the drop is decided again; None if only an operator can release the refill."""
