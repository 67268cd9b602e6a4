"""Stored events for tests of what reads them, without a database."""

import json
from datetime import datetime

from monitor.events.catalogue import VERSION, dedup_key, severity_of, status_of
from monitor.events.event import Event
from refilld.texts.renderer import default_renderer
from storage.events import EventRow, dump_payload
from tests.builders import NOW


def stored(event: Event, at: datetime = NOW, event_id: int = 1) -> EventRow:
    """The event as it is read from the database."""
    return EventRow(
        event_id,
        at,
        event.kind,
        VERSION,
        severity_of(event.kind),
        status_of(event.kind),
        dedup_key(event.kind, event.problem),
        event.subject,
        json.loads(dump_payload(event.payload)),
    )


def text_of(event: Event) -> str:
    """The text of an event as it is sent."""
    return default_renderer().text(stored(event))
