"""An operator pauses or resumes the queue, or a part of it; and the state that everybody is shown."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from shlex import quote

from monitor.errors import BadInputError
from monitor.guarantee.daily_caps import CapScope, ScopeKind
from monitor.model.queue_part import WHOLE_QUEUE, PartKind, QueuePart
from monitor.model.target import Metric
from refilld.services.input_limits import LONGEST_NAME, note_of, printable
from storage import daily_caps, known_values, queue_pauses
from storage.engine import Transaction
from storage.queue_pauses import QueuePause
from storage.queue_summary import QueueState

_KNOWN: Mapping[PartKind, Callable[[Transaction], list[str]]] = {
    PartKind.PROVIDER: known_values.providers,
    PartKind.SERVICE: known_values.services,
}
MOST_KNOWN = 5
"""Names that are listed beside one that no order has."""
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


def resume_command(part: QueuePart) -> str:
    """The command that resumes a part, for a shell."""
    option = f" --{part.kind} {quote(part.value)}" if part.value else ""
    return f"refilld queue resume{option}"


def known_instead(tx: Transaction, part: QueuePart) -> list[str] | None:
    """The providers or services that orders have if none has that of the part; None if one does.

    A name that differs in upper and lower case only comes first.
    """
    listed = _KNOWN.get(part.kind)
    if listed is None or daily_caps.concerns_orders(tx, CapScope(ScopeKind(part.kind), part.value)):
        return None
    return sorted(listed(tx), key=lambda one: one.casefold() != part.value.casefold())


def known_words(names: Sequence[str]) -> str:
    """Names on one line, of many the first ones."""
    return ", ".join([*names[:MOST_KNOWN], *(["…"] if len(names) > MOST_KNOWN else [])])


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
