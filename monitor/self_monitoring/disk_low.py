"""Little space is left on the disk of the database."""

from monitor.events.monitoring import DiskLow
from monitor.self_monitoring.limits import SelfCheckLimits

_ENOUGH = 1.5
"""The space has to grow to this multiple of the limit before the condition ends."""


def disk_low(free: int | None, limits: SelfCheckLimits, *, before: bool) -> DiskLow | None:
    """The payload if too few bytes are free; `free` is None if the database is elsewhere."""
    if free is None or free >= limits.free_bytes * (_ENOUGH if before else 1):
        return None
    return DiskLow(free)
