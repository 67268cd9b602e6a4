"""Checks of webhook endpoints: disabled ones, and those that accept nothing."""

from collections.abc import Iterator

from monitor.model.time_words import minute
from refilld.doctor.finding import Finding, error, ok, warning
from storage import webhook_log, webhooks
from storage.engine import Transaction
from storage.webhooks import EndpointRow


def findings(tx: Transaction) -> Iterator[Finding]:
    """Yield a finding for each endpoint that gets nothing; nothing without any endpoint."""
    endpoints = webhooks.listed(tx)
    bad = [one for one in endpoints if one.disabled_at is not None or one.failing_since is not None]
    yield from (_finding(tx, one) for one in bad)
    if endpoints and not bad:
        yield ok("webhooks", f"all webhook endpoints accept their messages ({len(endpoints)})")


def _finding(tx: Transaction, one: EndpointRow) -> Finding:
    name = f"webhook endpoint {one.endpoint_id} ({one.host})"
    if one.disabled_at is not None:
        since = f"{minute(one.disabled_at)} UTC"
        says = f"{name} is disabled since {since} ({one.disabled_reason}) and gets no messages"
        hint = f"mend the receiver, then run: refilld webhooks enable {one.endpoint_id}"
        return error("webhooks", says, hint)
    waiting = webhook_log.pending(tx, one.endpoint_id)
    since = "" if one.failing_since is None else f" since {minute(one.failing_since)} UTC"
    says = f"{name} has accepted nothing{since}; {waiting} message(s) wait"
    return warning("webhooks", says, f"refilld webhooks deliveries {one.endpoint_id} shows the errors")
