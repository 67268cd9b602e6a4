"""The explanation of an alert, for people and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from monitor.alerts.matchers import text_of
from monitor.alerts.routes import Routed
from monitor.model.number_words import counted
from monitor.model.time_words import minute
from refilld.services.alert_explanation import AlertExplanation
from refilld.translations.event_labels import ALERT_REASONS
from storage.alert_history import MessageRow, ReceiverRow


def lines_of(found: AlertExplanation) -> Iterator[str]:
    """The explanation in lines."""
    event = found.history.event
    yield f"alert {event.event_id}: {event.kind} of {minute(event.at)} UTC, {found.history.state}"
    yield from (f"  {line}" for line in found.text.splitlines())
    yield "labels: " + ", ".join(f'{name}="{value}"' for name, value in found.labels.items())
    if not found.history.receivers:
        yield from _unrouted_lines(found)
    for row in found.history.receivers:
        yield from _receiver_lines(found, row)
    if found.history.acknowledgement is not None:
        known = found.history.acknowledgement
        yield f"acknowledged by {known.author} at {minute(known.at)} UTC"
    for silence in found.silences:
        ends = f"until {minute(silence.expires_at)} UTC"
        yield f"silence {silence.silence_id} matches it now, {ends}: {text_of(silence.matchers)}"


def _unrouted_lines(found: AlertExplanation) -> Iterator[str]:
    """A digest, which has its receiver from the beginning, or an alert that no route was asked about."""
    for message in found.history.messages:
        yield f"receiver {message.receiver}: {message.reason} at {minute(message.at)} UTC"
        yield f"  {ALERT_REASONS[message.reason].text}"
        yield f"  {_message_words(message)}"
    if found.history.messages:
        return
    if found.history.state == "pending":
        yield f"not routed yet; by the configuration to {_route_words(found.routed)}"
    else:
        yield "not routed: shadow mode was on, or an earlier release stored it"


def _receiver_lines(found: AlertExplanation, row: ReceiverRow) -> Iterator[str]:
    detail = f" ({row.detail})" if row.detail else ""
    yield f"receiver {row.receiver}: {row.reason}{detail} at {minute(row.decided_at)} UTC"
    yield f"  {ALERT_REASONS[row.reason].text}"
    if row.next_at is not None:
        yield f"  in the group {row.group_key}, which has its next turn at {minute(row.next_at)} UTC"
    for message in found.history.messages:
        if message.receiver == row.receiver:
            yield f"  {_message_words(message)}"


def _message_words(message: MessageRow) -> str:
    line = "with a line of its own" if message.is_shown else "only as a number"
    alerts = counted(message.alerts, "alert")
    return (
        f"message {message.notification_id} of {minute(message.at)} UTC: {message.reason}, {alerts}, {line}; "
        f"{message.state}"
    )


def _route_words(routed: Sequence[Routed]) -> str:
    return ", ".join(
        f"{one.receiver} (route {one.route})" if one.route else f"{one.receiver} (no route matches)"
        for one in routed
    )


def document_of(found: AlertExplanation) -> dict[str, Any]:
    """The explanation as one JSON object."""
    history = found.history
    return {
        "alert_id": history.event.event_id,
        "kind": history.event.kind,
        "created_at": history.event.at,
        "state": history.state,
        "text": found.text,
        "labels": dict(found.labels),
        "routes": [
            {"receiver": one.receiver, "route": None if one.route is None else str(one.route)}
            for one in found.routed
        ],
        "receivers": [asdict(row) for row in history.receivers],
        "messages": [asdict(row) for row in history.messages],
        "acknowledged": None if history.acknowledgement is None else asdict(history.acknowledgement),
        "silences": [silence.silence_id for silence in found.silences],
    }
