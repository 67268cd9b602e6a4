"""Why an alert was told to whom, or not: what was decided, and what the configuration says now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.alerts.labels import labels_of
from monitor.alerts.routes import Routed, receivers_of
from monitor.alerts.silences import Silence
from monitor.events.kind import EventKind
from refilld.settings.alerts import AlertsSection
from refilld.texts.renderer import default_renderer
from storage import alert_history, silences
from storage.alert_history import AlertHistory
from storage.engine import Transaction


@dataclass(frozen=True, slots=True)
class AlertExplanation:
    """An alert, its way, and what applies to it now."""

    history: AlertHistory
    text: str
    labels: Mapping[str, str]
    routed: Sequence[Routed]
    """Its receivers by the routes of today; none for a digest, which is not routed."""
    silences: Sequence[Silence]
    """Those that match it now."""


def explain_alert(tx: Transaction, section: AlertsSection, event_id: int, now: datetime) -> AlertExplanation:
    """Explain one alert; raises NotFoundError."""
    found = alert_history.history(tx, event_id)
    labels = labels_of(found.event.kind, found.event.severity, found.event.subject)
    matching = [silence for silence in silences.current(tx, now) if silence.matches(labels, now)]
    is_digest = found.event.kind is EventKind.DIGEST_DUE
    routed = [] if is_digest else receivers_of(labels, [route.route for route in section.routes])
    return AlertExplanation(found, default_renderer().text(found.event), labels, routed, matching)
