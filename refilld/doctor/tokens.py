"""Checks of tokens: those that have ended, or end soon."""

from collections.abc import Iterator
from datetime import datetime

from monitor.model.time_words import minute
from monitor.self_monitoring.token_ending import SOON
from refilld.doctor.finding import Finding, ok, warning
from storage import tokens
from storage.engine import Transaction
from storage.server_time import shared_time


def findings(tx: Transaction, now: datetime) -> Iterator[Finding]:
    """Yield a finding for each token that has ended or ends soon; nothing without any token that ends."""
    now = shared_time(tx, now)
    ending = [(one, one.expires_at) for one in tokens.listed(tx) if one.revoked_at is None and one.expires_at]
    soon = [(one, end) for one, end in ending if end <= now + SOON]
    for one, end in soon:
        verb, remedy = "ends", f"run: refilld token rotate {one.token_id}"
        if end <= now:
            verb, remedy = "ended", f"{remedy}; or, if nobody needs it: refilld token revoke {one.token_id}"
        says = f"token {one.token_id} ({one.name or 'without a name'}) {verb} at {minute(end)} UTC"
        yield warning("tokens", says, remedy)
    if ending and not soon:
        yield ok("tokens", f"no token ends within {SOON.days} days")
