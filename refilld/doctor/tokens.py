"""Checks of tokens: those that end soon."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.model.time_words import minute
from refilld.doctor.finding import Finding, ok, warning
from storage import tokens
from storage.engine import Transaction

SOON = timedelta(days=7)


def findings(tx: Transaction, now: datetime) -> Iterator[Finding]:
    """Yield a finding for each token that ends within a week; nothing without any token that ends."""
    ending = [(one, one.expires_at) for one in tokens.listed(tx) if one.revoked_at is None and one.expires_at]
    soon = [(one, end) for one, end in ending if now < end <= now + SOON]
    for one, end in soon:
        says = f"token {one.token_id} ({one.name or 'without a name'}) ends at {minute(end)} UTC"
        yield warning("tokens", says, f"run: refilld token rotate {one.token_id}")
    if ending and not soon:
        yield ok("tokens", "no token ends within seven days")
