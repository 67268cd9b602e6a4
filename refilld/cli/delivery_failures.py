"""What is wrong with the delivery of alerts, in sentences below a list of them."""

from collections.abc import Iterator, Mapping, Sequence

from monitor.model.time_words import minute
from refilld.terminal import printable
from storage.deliveries import FailingChannel


def failure_lines(failing: Sequence[FailingChannel], alerts: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """The channels that take nothing, and the last errors of alerts that are not delivered."""
    known = {one.error for one in failing}
    for one in failing:
        yield f"{printable(one.error)}; it is tried again at {minute(one.next_try_at)} UTC"
    waiting = [alert for alert in alerts if alert["state"] in {"pending", "failed"}]
    errors = {str(alert["last_error"]) for alert in waiting if alert["last_error"] is not None}
    for error in sorted(errors - known):
        number = next(alert["alert_id"] for alert in waiting if alert["last_error"] == error)
        yield f"alert {number}: {printable(error)}"
