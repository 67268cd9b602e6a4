"""Points in time: two fixed ones, and the format in which programs read times."""

from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The Unix epoch."""
NO_END = datetime.max.replace(tzinfo=UTC)
"""The end of a period without an end: later than every other time."""


def rfc3339(at: datetime) -> str:
    """A UTC time in RFC 3339 with the suffix Z."""
    return at.isoformat().replace("+00:00", "Z")
