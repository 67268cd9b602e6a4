"""The words of the pages for the states of drops and refills, for decisions and for flags."""

from monitor.model.decision import Action
from monitor.model.drop import DropState
from monitor.model.order import Flag

DROP_STATES = {
    DropState.SUSPECTED: "suspected",
    DropState.WAITING: "confirmed, waits",
    DropState.REFUSED: "confirmed, refused",
    DropState.RECOVERED: "recovered",
    DropState.REFILLED: "refill queued",
    DropState.HELD: "refill held",
    DropState.CLOSED: "closed",
}
UNDECIDED = {
    DropState.SUSPECTED: "another look has to confirm it",
    DropState.RECOVERED: "the count came back",
    DropState.CLOSED: "the guarantee ended or was suspended",
}
"""Why there is no decision on a drop; any other state follows from one."""
DECISIONS = {
    Action.REFILL: "refill",
    Action.HOLD: "hold",
    Action.WAIT: "wait",
    Action.REFUSE: "refuse",
}
FLAGS = {
    Flag.HOLD: "hold",
    Flag.DISPUTE: "dispute",
    Flag.CHARGEBACK: "chargeback",
    Flag.ABUSE: "abuse",
    Flag.GUIDELINE_VIOLATION: "guideline violation",
}
