"""Checks of tokens: those that have ended, or end soon."""

from collections.abc import Iterator
from datetime import datetime

from monitor.model.time_words import minute
from monitor.self_monitoring.token_ending import SOON, token_ending
from refilld.doctor.finding import Finding, ok, warning
from storage import tokens
from storage.engine import Transaction
from storage.server_time import shared_time


def findings(tx: Transaction, now: datetime) -> Iterator[Finding]:
    """Yield a finding for each token that has ended or ends soon; nothing without any token that ends."""
    now = shared_time(tx, now)
    ending = tokens.with_end(tx)
    soon = [one for one in ending if token_ending(one, now)]
    for one in soon:
        verb, remedy = "ends", f"run: refilld token rotate {one.token_id}"
        if one.ends_at <= now:
            verb, remedy = "ended", f"{remedy}; or, if nobody needs it: refilld token revoke {one.token_id}"
        says = f"token {one.token_id} ({one.name or 'without a name'}) {verb} at {minute(one.ends_at)} UTC"
        yield warning("tokens", says, remedy)
    if ending and not soon:
        yield ok("tokens", f"no token ends within {SOON.days} days")
