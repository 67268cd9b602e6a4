"""The fields of an alert as interfaces show them."""

from typing import Any

from refilld.texts.renderer import default_renderer
from storage.alert_list import AlertRow


def alert_fields(row: AlertRow) -> dict[str, Any]:
    """The fields of an alert by name."""
    event = row.event
    return {
        "alert_id": event.event_id,
        "kind": event.kind,
        "text": default_renderer().text(event),
        "order_id": event.subject.order_id,
        "link": event.subject.link,
        "created_at": event.at,
        "state": row.state,
        "attempts": row.attempts,
        "next_try_at": row.next_try_at,
        "sent_at": row.sent_at,
        "last_error": row.last_error,
        "severity": event.severity,
    }
