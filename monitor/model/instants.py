"""Fixed points in time."""

from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The Unix epoch."""
NO_END = datetime.max.replace(tzinfo=UTC)
"""The end of a period without an end: later than every other time."""
