"""No orders are imported any more."""

from datetime import datetime

from monitor.events.monitoring import ImportsStopped
from monitor.self_monitoring.limits import SelfCheckLimits


def imports_stopped(
    imported_at: datetime | None, limits: SelfCheckLimits, now: datetime
) -> ImportsStopped | None:
    """The payload if the last import is too long ago; `imported_at` is None if there was none."""
    if imported_at is None or limits.no_import_after is None or now - imported_at < limits.no_import_after:
        return None
    return ImportsStopped(imported_at, now)
