"""The state of a drop as it is now: once a refill was made of it, that of the newest one."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.model.decision import Action
from monitor.model.drop import DropState
from monitor.model.refill import RefillState
from refilld.translations.source_text import Label, labelled
from refilld.web.state_tones import tone
from storage.drops import DropRow

MADE = frozenset({DropState.HELD, DropState.REFILLED})
"""States of a drop that ended with a refill."""
DECIDED = {
    DropState.HELD: labelled("drop", "a refill was held"),
    DropState.REFILLED: labelled("drop", "a refill was queued"),
}
"""What a filter by such a state finds, whatever became of the refill."""
_NOW = {
    RefillState.HELD: labelled("drop", "refill held"),
    RefillState.QUEUED: labelled("drop", "refill queued"),
    RefillState.CLAIMED: labelled("drop", "refill claimed"),
    RefillState.COMPLETED: labelled("drop", "refill delivered"),
    RefillState.DEAD: labelled("drop", "refill given up"),
    RefillState.REJECTED: labelled("drop", "refill rejected"),
    RefillState.CANCELLED: labelled("drop", "refill cancelled"),
}


@dataclass(frozen=True, slots=True)
class DropNow:
    """What is shown as the state of a drop."""

    text: Label | DropState
    tone: str
    was_held: bool
    """Whether its last decision was to hold a refill that is held no more."""


def drop_now(row: DropRow, refills: Mapping[int, RefillState]) -> DropNow:
    """What is shown of a drop, by the states of the newest refills."""
    refill = refills.get(row.drop_id)
    if refill is None or row.state not in MADE:
        return DropNow(row.state, tone(row.state), was_held=False)
    was_held = row.decision is Action.HOLD and refill is not RefillState.HELD
    return DropNow(_NOW[refill], tone(refill), was_held)
