"""The hint of an import without `--backlog` that most of its orders were completed long ago."""

from datetime import datetime, timedelta

from monitor.model.order import Order

OLD = timedelta(days=3)
"""Since then, drops may have opened that nobody has looked at."""
_LEAST = 20


class BacklogHint:
    """Counts the added orders under guarantee, and the old ones among them."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._orders = self._old = 0

    def add(self, order: Order) -> None:
        if order.completed_at is not None and order.first_look(self._now) is not None:
            self._orders += 1
            self._old += order.completed_at < self._now - OLD

    def line(self) -> str | None:
        """The hint; None without one."""
        if self._old < _LEAST or 2 * self._old <= self._orders:
            return None
        return (
            f"{self._old:,} orders were completed more than {OLD.days} days ago: import the file again with "
            "--backlog before refilld run, to hold the refills of drops that exist already, and be told once"
        )
