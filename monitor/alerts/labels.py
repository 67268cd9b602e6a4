"""The labels of an alert: what matchers, groups and inhibition read of its event."""

from monitor.events.event import SUBJECT_FIELDS, Subject
from monitor.events.kind import EventKind
from monitor.events.severity import Severity


def labels_of(kind: EventKind, severity: Severity, subject: Subject) -> dict[str, str]:
    """The labels of an event; what it has not is left out."""
    labels = {"kind": str(kind), "severity": str(severity)}
    for name in SUBJECT_FIELDS:
        value = getattr(subject, name)
        if value is not None:
            labels[name] = str(value)
    return labels
