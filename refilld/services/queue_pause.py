"""An operator pauses or resumes the queue, or a part of it; and the state that everybody is shown."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from monitor.errors import BadInputError
from monitor.model.queue_part import WHOLE_QUEUE, PartKind, QueuePart
from monitor.model.target import Metric
from refilld.services.input_limits import LONGEST_NAME, note_of, printable
from storage import queue_pauses
from storage.engine import Transaction
from storage.queue_pauses import QueuePause
from storage.queue_summary import QueueState

MOST_PAUSES = 10
"""Pauses that are shown in full beside other things; of further ones only the number."""


class QueueMode(StrEnum):
    """Whether refills are handed out."""

    OPEN = "open"
    PARTLY_PAUSED = "partly paused"
    PAUSED = "paused"


def part_of(kind: PartKind, value: str) -> QueuePart:
    """The part that is named; raises BadInputError."""
    if kind is PartKind.QUEUE:
        if value:
            raise BadInputError("value", "the whole queue has none; name the part that it is of")
        return WHOLE_QUEUE
    if not 0 < len(value) <= LONGEST_NAME:
        raise BadInputError("value", f"must have from 1 to {LONGEST_NAME} characters")
    try:
        printable(value)
    except ValueError as error:
        raise BadInputError("value", str(error)) from None
    if kind is PartKind.METRIC and value not in set(Metric):
        raise BadInputError("value", f"must be one of {', '.join(Metric)}")
    return QueuePart(kind, value)


def pause(tx: Transaction, part: QueuePart, why: str, now: datetime) -> bool:
    """Pause a part of the queue; False if it was paused before, which stays as it is."""
    return queue_pauses.pause(tx, part, note_of("why", why, "say why it is paused"), now)


def resume(tx: Transaction, part: QueuePart, why: str, now: datetime) -> bool:
    """Resume a part of the queue; False if it was not paused."""
    return queue_pauses.resume(tx, part, note_of("why", why), now)


def mode_of(pauses: Sequence[QueuePause]) -> QueueMode:
    """Whether refills are handed out, by the pauses."""
    if any(one.part == WHOLE_QUEUE for one in pauses):
        return QueueMode.PAUSED
    return QueueMode.PARTLY_PAUSED if pauses else QueueMode.OPEN


def shown_pauses(pauses: Sequence[QueuePause]) -> tuple[Sequence[QueuePause], int]:
    """The pauses that are shown beside other things, and the number of the others."""
    return pauses[:MOST_PAUSES], len(pauses[MOST_PAUSES:])


def pause_fields(one: QueuePause) -> dict[str, object]:
    """A pause in HTTP answers and in the JSON of commands."""
    return {
        "part": one.part.kind,
        "value": one.part.value or None,
        "paused_at": one.paused_at,
        "paused_by": one.paused_by,
        "why": one.why,
    }


def state_fields(one: QueueState) -> dict[str, object]:
    """The refills of a state in HTTP answers."""
    return {
        "state": one.state,
        "refills": one.number.number,
        "units": one.units.number,
        "exact": one.number.exact,
        "oldest_at": one.oldest,
    }
