"""Messages for tests of their delivery, made without the alert pipeline."""

from collections.abc import Sequence
from datetime import datetime

from monitor.alerts.messages import MOST_TEXTS
from monitor.alerts.reasons import AlertReason
from monitor.alerts.routes import DEFAULT
from monitor.events.kind import EventKind
from storage import events, notifications
from storage.engine import Transaction
from storage.notifications import NewNotification
from tests.builders import an_event


def tell(tx: Transaction, texts: Sequence[str], now: datetime, kind: EventKind = EventKind.DROP_HELD) -> None:
    """Store alerts with these texts, and messages that list them all, as many in each as it may."""
    ids = [events.add(tx, an_event(kind, text), now, routed=True) for text in texts]
    for first in range(0, len(ids), MOST_TEXTS):
        some = ids[first : first + MOST_TEXTS]
        new = NewNotification(DEFAULT, f"kind={kind}", AlertReason.NEW_ALERTS, some, len(some))
        notifications.create(tx, new, now)
