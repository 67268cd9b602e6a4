"""The age of the newest look at a target, over the time in which it had an order under guarantee."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from monitor.model.target import Target
from storage.order_history import History

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LookAges:
    """In hours. Before the first look, the age counts from the start of the guarantee."""

    oldest: float
    mean: float
    """The mean over all targets and the whole time."""

    @classmethod
    def of(
        cls,
        past: Iterable[History],
        looks: Mapping[Target, Sequence[datetime]],
        begin: datetime,
        end: datetime,
    ) -> "LookAges":
        """The ages over a simulation."""
        gaps = [gap for h in past for gap in _gaps(h, looks.get(h.target, ()), begin, end)]
        time = sum(gaps)
        return cls(max(gaps, default=0.0), sum(gap * gap for gap in gaps) / 2 / time if time else 0.0)


def _gaps(history: History, looks: Sequence[datetime], begin: datetime, end: datetime) -> list[float]:
    """The hours between looks while a guarantee ran."""
    sold = [order for order in history.orders if order.guaranteed and order.completed_at is not None]
    starts = [order.completed_at for order in sold if order.completed_at is not None]
    if not starts:
        return []
    first = max(begin, min(starts))
    last = min(end, max(order.ends_at or end for order in sold))
    if first >= last:
        return []
    marks = [first, *(look for look in looks if first < look < last), last]
    return [(after - before) / _HOUR for before, after in pairwise(marks)]
