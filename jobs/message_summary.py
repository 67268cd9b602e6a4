"""The first line of a message: what its alerts say together."""

from collections.abc import Sequence
from datetime import timedelta

from monitor.alerts.summary import FROM, mass_drop_summary, summary
from monitor.alerts.suppression import GroupAlert
from monitor.events.kind import EventKind
from monitor.model.target import Metric
from storage import held_refills, mass_drops, notifications
from storage.engine import Transaction


def first_line(tx: Transaction, alerts: Sequence[GroupAlert]) -> str:
    """What a mass drop has cost so far, or the sums of many alerts; empty if there is nothing to add up."""
    ids = [alert.event_id for alert in alerts]
    if alerts[0].labels["kind"] == EventKind.MASS_DROP_STARTED and not alerts[0].ended:
        payloads = (payload for _, payload in notifications.payloads(tx, ids))
        lines = [
            _mass_drop(tx, Metric(alert.labels["metric"]), timedelta(seconds=payload["window"]))
            for alert, payload in zip(alerts, payloads, strict=True)
            if "window" in payload  # an earlier release stored a text
        ]
        return "; ".join(filter(None, lines))
    return summary(notifications.payloads(tx, ids)) if len(ids) >= FROM else ""


def _mass_drop(tx: Transaction, metric: Metric, window: timedelta) -> str:
    began = mass_drops.on_since(tx, metric)
    if began is None:
        return ""
    fallen = mass_drops.fallen_sum(tx, metric, began - window)
    return mass_drop_summary(metric, fallen, held_refills.sum_for_mass_drop(tx, metric))
