"""Formats times, the same in every interface."""

from datetime import datetime


def rfc3339(at: datetime) -> str:
    """A UTC time in RFC 3339 with the suffix Z."""
    return at.isoformat().replace("+00:00", "Z")
