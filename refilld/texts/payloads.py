"""Payloads of events as typed values again, read from their JSON."""

from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from monitor.events.catalogue import CATALOGUE, VERSION
from monitor.events.event import Earlier, Payload
from storage.events import EventRow

_TYPES: set[type[Payload]] = {Earlier} | {entry.payload for entry in CATALOGUE.values()}
_ADAPTERS: dict[type[Payload], TypeAdapter[Payload]] = {kind: TypeAdapter(kind) for kind in _TYPES}


class PayloadError(ValueError):
    """A stored payload does not have the fields of its kind; the text says which."""


def payload_of(row: EventRow) -> Payload:
    """The payload of a stored event; raises PayloadError."""
    kind = Earlier if row.version != VERSION else CATALOGUE[row.kind].payload
    try:
        return _ADAPTERS[kind].validate_python(row.payload)
    except ValidationError as error:
        raise PayloadError(f"event {row.event_id}: {error.errors()[0]['msg']}") from None


def values_of(payload: Payload) -> dict[str, Any]:
    """The fields of a payload by name."""
    return {field.name: getattr(payload, field.name) for field in fields(payload)}  # type: ignore[arg-type]  # each is a dataclass
