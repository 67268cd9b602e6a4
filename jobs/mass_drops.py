"""Begins and ends mass drops, with one alert each; called for every judged look."""

from datetime import datetime

from monitor.alerts.alert import mass_drop_alert, mass_drop_over_alert
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.target import Metric
from storage import held_refills, mass_drops, outbox
from storage.engine import Transaction


def is_on(tx: Transaction, metric: Metric, now: datetime, rule: MassDropRule) -> bool:
    """Whether a mass drop of the metric is on now, this look included; saves its beginning or end."""
    since = mass_drops.on_since(tx, metric)
    if not rule.enabled and since is None:
        return False
    tally = mass_drops.tally(tx, metric, now - rule.window)
    after = rule.is_on(tally, since, now)
    if after and since is None and mass_drops.begin(tx, metric, tally, now):
        outbox.add(tx, mass_drop_alert(metric, tally, rule), now)
    if since is not None and not after and mass_drops.end(tx, metric, now):
        outbox.add(tx, mass_drop_over_alert(metric, len(held_refills.held_for_mass_drop(tx, metric))), now)
    return after
