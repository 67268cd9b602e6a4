"""Turn: when the next look at an order's target is to be expected, and why then."""

from datetime import datetime

from monitor.cadence.adaptive import ExpectedLook, predict_look
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import Priority
from monitor.evaluation.source_choice import NO_SOURCE
from monitor.evaluation.target_state import TargetState
from storage import cadence_stats
from storage.engine import Transaction


def expected_look(tx: Transaction, target: TargetState, now: datetime) -> tuple[datetime | None, str]:
    """When a target is looked at next, as far as can be told, and why.

    What has a date of its own has it. A turn comes when a look is worth as much as others are, which changes
    with the budget and with what else is at stake.
    """
    if target.schedule.source == NO_SOURCE:
        return None, "no enabled source can see it"
    if (
        target.schedule.priority is not Priority.MAX_INTERVAL
        or target.schedule.service_queue is None
        or not target.schedule.source
    ):
        return target.schedule.next_due_at, target.schedule.due_reason
    price = cadence_stats.virtual_time(tx, target.schedule.source).price
    turn = predict_look(target.schedule.cadence_state, Hazards(cadence_stats.load(tx)), price)
    if turn is None:
        return target.schedule.next_due_at, target.schedule.due_reason
    at = None if turn.at is None else max(turn.at, now)
    latest = target.schedule.next_due_at
    if latest is not None and latest > now and (at is None or latest < at):
        at = latest  # where the budget has room for it; else that date passes, and the turn is what counts
    return at, f"{target.schedule.due_reason}: {_in_words(turn)}"


def _in_words(turn: ExpectedLook) -> str:
    return (
        f"{turn.used:.0%} of the {turn.units:,} units are missing that make a drop, "
        f"and the chance that one opens is about {turn.daily:.1%} a day"
    )
