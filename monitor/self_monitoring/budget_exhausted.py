"""A source has used its requests of a day too early."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.events.monitoring import BudgetExhausted

LONG_WAIT = timedelta(hours=1)
"""A shorter wait is usual: requests that are spread over the day become free one by one."""


@dataclass(frozen=True, slots=True)
class DailyBudget:
    """The daily budget of a source that has none left, while looks are due."""

    requests: int
    """Those that looks may use."""
    free_at: datetime
    """When it may send the next request."""


def budget_exhausted(spent: DailyBudget | None, now: datetime, *, before: bool) -> BudgetExhausted | None:
    """The payload if the source waits long; once told, as long as it waits."""
    if spent is None or (spent.free_at - now < LONG_WAIT and not before):
        return None
    return BudgetExhausted(spent.requests, spent.free_at)
