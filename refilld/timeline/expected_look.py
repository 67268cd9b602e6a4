"""When the next look at the target of an order is expected, and why."""

from datetime import datetime

from jobs.routing import NOBODY
from monitor.cadence.adaptive import ExpectedLook, predict_look
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import Priority
from storage import cadence_stats
from storage.engine import Transaction
from storage.targets import TargetState


def expected_look(tx: Transaction, target: TargetState, now: datetime) -> tuple[datetime | None, str]:
    """The expected time of the next look at a target (None if it cannot be predicted), and the reason.

    A target that is due by date has a fixed time. The adaptive cadence looks when the value of a look reaches
    the shadow price, which changes with the budget and with the other targets.
    """
    if target.source == NOBODY:
        return None, "no enabled source can see it"
    if target.priority is not Priority.MAX_INTERVAL or target.service_queue is None or not target.source:
        return target.next_due_at, target.due_reason
    price = cadence_stats.virtual_time(tx, target.source).price
    expected = predict_look(target.cadence_state, Hazards(cadence_stats.load(tx)), price)
    if expected is None:
        return target.next_due_at, target.due_reason
    at = None if expected.at is None else max(expected.at, now)
    latest = target.next_due_at
    if latest is not None and latest > now and (at is None or latest < at):
        at = latest  # if the budget allows it; once that date is past, the prediction counts
    return at, f"{target.due_reason}: {_in_words(expected)}"


def _in_words(look: ExpectedLook) -> str:
    return (
        f"{look.used:.0%} of the {look.units:,} units are missing that make a drop, "
        f"and the chance that one opens is about {look.daily:.1%} a day"
    )
