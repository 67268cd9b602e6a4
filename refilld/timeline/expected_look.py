"""Turn: when the next look at an order's target is to be expected, and why then."""

from datetime import datetime

from jobs.routing import NOBODY
from monitor.cadence.adaptive import ExpectedLook, predict_look
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import Priority
from storage import cadence_stats
from storage.engine import Transaction
from storage.targets import TargetState


def expected_look(tx: Transaction, target: TargetState, now: datetime) -> tuple[datetime | None, str]:
    """When a target is looked at next, as far as can be told, and why.

    What has a date of its own has it. A turn comes when a look is worth as much as others are, which changes
    with the budget and with what else is at stake.
    """
    if target.source == NOBODY:
        return None, "no enabled source can see it"
    if target.priority is not Priority.MAX_INTERVAL or target.service_queue is None or not target.source:
        return target.next_due_at, target.due_reason
    price = cadence_stats.virtual_time(tx, target.source).price
    turn = predict_look(target.cadence_state, Hazards(cadence_stats.load(tx)), price)
    if turn is None:
        return target.next_due_at, target.due_reason
    at = None if turn.at is None else max(turn.at, now)
    latest = target.next_due_at
    if latest is not None and latest > now and (at is None or latest < at):
        at = latest  # where the budget has room for it; else that date passes, and the turn is what counts
    return at, f"{target.due_reason}: {_in_words(turn)}"


def _in_words(turn: ExpectedLook) -> str:
    return (
        f"{turn.used:.0%} of the {turn.units:,} units are missing that make a drop, "
        f"and the chance that one opens is about {turn.daily:.1%} a day"
    )
