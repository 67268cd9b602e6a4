"""Helpers that compute next looks with the adaptive cadence."""

from datetime import datetime, timedelta

from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import LookSummary, NextLook, Priority, ScheduleRequest
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from tests.builders import HOUR, NOW

EVERY = 6 * HOUR
FAILED = sorted(set(Outcome) - {Outcome.COUNT})
SETTLED = {"settle": timedelta(0)}


def learner(unit_prices: dict[tuple[str, Metric], float] | None = None) -> AdaptiveCadence:
    return AdaptiveCadence(EVERY, Hazards({}), unit_prices or {})


def a_count(count: int, cadence_state: str = "", priority: Priority = Priority.MAX_INTERVAL) -> LookSummary:
    return LookSummary(
        Outcome.COUNT, count=count, cadence_state=cadence_state, priority=priority, source="simulated"
    )


def the_look(
    *state: OrderState, seen: LookSummary, now: datetime = NOW, cadence: AdaptiveCadence | None = None
) -> NextLook:
    look = (cadence or learner()).next_look(state, seen, now)
    assert look is not None
    return look


def the_schedule_request(*state: OrderState, seen: LookSummary, now: datetime = NOW) -> ScheduleRequest:
    schedule_request = the_look(*state, seen=seen, now=now).schedule_request
    assert schedule_request is not None
    return schedule_request
