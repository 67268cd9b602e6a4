"""How states of drops and refills are coloured: good, bad, or waiting."""

from collections.abc import Mapping

from monitor.model.drop import DropState
from monitor.model.refill import RefillState

_TONES: Mapping[str, str] = {
    DropState.SUSPECTED: "wait",
    DropState.WAITING: "wait",
    DropState.REFUSED: "bad",
    DropState.RECOVERED: "good",
    RefillState.HELD: "bad",
    RefillState.DEAD: "bad",
    RefillState.QUEUED: "wait",
    RefillState.CLAIMED: "wait",
    RefillState.COMPLETED: "good",
}
"""By the word of the state; a held drop is one whose refill is held."""


def tone(state: DropState | RefillState) -> str:
    """The tone of a badge with this state; empty for neutral."""
    return _TONES.get(state, "")
