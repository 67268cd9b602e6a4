"""Times as every interface writes them."""

from datetime import datetime


def rfc3339(at: datetime) -> str:
    """A UTC time as the contracts write it, with Z."""
    return at.isoformat().replace("+00:00", "Z")
