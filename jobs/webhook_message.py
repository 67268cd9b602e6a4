"""The message of an event: its id, and the body, which is the same at every attempt."""

import json
from dataclasses import asdict
from typing import Any

from monitor.model.instants import rfc3339
from storage.events import EventRow

MOST_BYTES = 20_000
"""A body of this length or more is cut to ids."""
_IDS = ("event_id", "order_id", "refill_id")
_NOTE = "cut to ids, because the message would have 20,000 bytes or more"


def message_id(event: EventRow) -> str:
    """The id of the message, by which a receiver knows that it has seen it; contains no dot."""
    return f"evt_{event.event_id}"


def message_body(event: EventRow) -> bytes:
    """The body, as JSON in ASCII."""
    data = _data(event)
    body = _json(event, data)
    if len(body) < MOST_BYTES:
        return body
    return _json(event, {name: data[name] for name in _IDS} | {"note": _NOTE})


def _data(event: EventRow) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "version": event.version,
        "severity": event.severity,
        "status": event.status,
        "dedup_key": event.dedup_key,
        **asdict(event.subject),
        "details": event.payload,
    }


def _json(event: EventRow, data: dict[str, Any]) -> bytes:
    message = {"type": event.kind, "timestamp": rfc3339(event.at), "data": data}
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
