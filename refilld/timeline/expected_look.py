"""When the next look at the target of an order is expected, and why."""

from datetime import datetime

from monitor.cadence.adaptive import ExpectedLook, predict_look
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import Priority
from monitor.evaluation.source_choice import NO_SOURCE
from monitor.evaluation.target_state import TargetState
from refilld.services.look_obstacle import Obstacle
from storage import cadence_stats
from storage.engine import Transaction

NOT_COVERED = "no order is covered"


def expected_look(
    tx: Transaction, target: TargetState, now: datetime, obstacle: Obstacle | None = None
) -> tuple[datetime | None, str]:
    """The expected time of the next look at a target (None if it cannot be predicted), and the reason.

    A target that is due by date has a fixed time. The adaptive cadence looks when the value of a look reaches
    the shadow price, which changes with the budget and with the other targets. An obstacle delays the look
    until its end, or prevents it.
    """
    at, why = _scheduled(tx, target, now)
    if target.schedule.next_due_at is None and target.schedule.service_queue is None:
        return None, why or NOT_COVERED
    if obstacle is None:
        return at, why
    return (None if obstacle.until is None else max(at or now, obstacle.until)), obstacle.says


def _scheduled(tx: Transaction, target: TargetState, now: datetime) -> tuple[datetime | None, str]:
    """The next look as it is scheduled."""
    if target.schedule.source == NO_SOURCE:
        return None, "no enabled source can see it"
    schedule = target.schedule
    by_date = schedule.next_due_at, schedule.due_reason
    if (
        schedule.priority is not Priority.MAX_INTERVAL
        or schedule.service_queue is None
        or not schedule.source
    ):
        return by_date
    price = cadence_stats.virtual_time(tx, schedule.source).price
    expected = predict_look(schedule.cadence_state, Hazards(cadence_stats.load(tx)), price)
    if expected is None:
        return by_date
    at = None if expected.at is None else max(expected.at, now)
    latest = schedule.next_due_at
    if latest is not None and latest > now and (at is None or latest < at):
        at = latest  # if the budget allows it; once that date is past, the prediction counts
    return at, f"{schedule.due_reason}: {_in_words(expected)}"


def _in_words(look: ExpectedLook) -> str:
    return (
        f"at the last routine look {look.used:.0%} of the {look.units:,} units that make a drop "
        f"were missing, and the chance that one opens was about {look.daily:.1%} a day"
    )
