"""The words of the pages for the states of drops, which tell what follows from each."""

from monitor.model.drop import DropState
from refilld.translations.source_text import labelled, marked

DROP_STATES = {
    DropState.SUSPECTED: labelled("drop", "suspected"),
    DropState.WAITING: labelled("drop", "confirmed, waits"),
    DropState.REFUSED: labelled("drop", "confirmed, refused"),
    DropState.RECOVERED: labelled("drop", "recovered"),
    DropState.REFILLED: labelled("drop", "refill queued"),
    DropState.HELD: labelled("drop", "refill held"),
    DropState.CLOSED: labelled("drop", "closed"),
}
UNDECIDED = {
    DropState.SUSPECTED: marked("another look has to confirm it"),
    DropState.RECOVERED: marked("the count came back"),
    DropState.CLOSED: marked("the guarantee ended or was suspended"),
}
"""Why there is no decision on a drop; any other state follows from one."""
