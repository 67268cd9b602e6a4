"""The example of a kind of event as a stored event."""

import json

from monitor.events.catalogue import VERSION, dedup_key, severity_of, status_of
from monitor.events.examples import AT, example_of
from monitor.events.kind import EventKind
from storage.events import EventRow, dump_payload


def example_row(kind: EventKind) -> EventRow:
    """The example of a kind, as if it were stored."""
    event = example_of(kind)
    return EventRow(
        1,
        AT,
        kind,
        VERSION,
        severity_of(kind),
        status_of(kind),
        dedup_key(kind, event.problem),
        event.subject,
        json.loads(dump_payload(event.payload)),
    )
