"""A token of the HTTP interface ends soon: whoever uses it would be refused."""

from datetime import datetime, timedelta

from monitor.events.monitoring import TokenEnding

SOON = timedelta(days=14)
"""Time before its end in which a token is to be rotated."""


def token_ending(token: TokenEnding, now: datetime) -> TokenEnding | None:
    """The payload if the token ends soon, or has ended."""
    return token if token.ends_at <= now + SOON else None
