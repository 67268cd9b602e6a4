"""The adaptive cadence: when a target is looked at next."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.adaptive import BY_VIRTUAL_TIME, predict_look
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import LookSummary, Priority
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from tests.builders import DAY, HOUR, NOW, START, a_drop, a_refill, an_order, an_order_state
from tests.effort import examples
from tests.monitor.cadence.adaptive_looks import EVERY, a_count, learner, the_look, the_schedule_request
from tests.monitor.strategies import HOURS, targets


def test_a_count_without_a_drop_is_scheduled_in_virtual_time_and_by_the_interval_at_the_latest() -> None:
    look = the_look(an_order_state(), seen=a_count(2000))
    assert (look.at, look.priority) == (NOW + EVERY, Priority.MAX_INTERVAL)
    assert look.schedule_request is not None
    assert look.schedule_request.not_before == NOW + EVERY / 6
    assert look.schedule_request.service_queue == "followers"


def test_a_predicted_look_names_the_units_it_depends_on() -> None:
    """Fifty units are the drop threshold of the order, and ten of them are missing."""
    look = the_look(an_order_state(), seen=a_count(1990))
    assert look.due_reason == BY_VIRTUAL_TIME
    predicted = predict_look(look.cadence_state, Hazards({}), 1)
    assert predicted is not None
    assert predicted.units == 50
    assert predicted.used == pytest.approx(0.2)
    assert 0 < predicted.daily < 1


def test_a_suspected_drop_has_an_urgent_date() -> None:
    """RULES 4: two hours after it opened."""
    look = the_look(an_order_state(drop=a_drop(opened_at=NOW)), seen=a_count(1500))
    assert (look.at, look.priority, look.due_reason) == (NOW + 2 * HOUR, Priority.URGENT, "confirm drop of 1")
    assert look.schedule_request is None


def test_other_orders_of_a_target_with_a_suspected_drop_keep_their_schedule_request() -> None:
    """The suspected one has a date and no schedule request."""
    whole = an_order_state(an_order("2", start_count=100, window=20 * DAY))
    look = the_look(an_order_state(drop=a_drop(opened_at=NOW)), whole, seen=a_count(1900))
    assert (look.priority, look.due_reason) == (Priority.URGENT, "confirm drop of 1")
    assert look.schedule_request is not None
    assert look.schedule_request.coverage_ends_at == START + 20 * DAY


def test_the_end_of_a_hold_has_an_urgent_date() -> None:
    held = replace(a_refill(500, RefillState.HELD), release_at=NOW + 5 * HOUR)
    look = the_look(an_order_state(refills=[held]), seen=a_count(1500))
    assert (look.at, look.priority, look.due_reason) == (NOW + 5 * HOUR, Priority.URGENT, "hold of 1 ends")


def test_a_waiting_drop_is_decided_again_at_the_interval() -> None:
    look = the_look(
        an_order_state(drop=a_drop(opened_at=NOW - DAY, state=DropState.WAITING)), seen=a_count(1500)
    )
    assert (look.at, look.priority) == (NOW + EVERY, Priority.ROUTINE)


@pytest.mark.parametrize("outcome", [Outcome.PRIVATE, Outcome.NOT_FOUND, Outcome.HIDDEN, Outcome.UNAVAILABLE])
def test_a_target_with_nothing_to_read_is_scheduled_in_virtual_time(outcome: Outcome) -> None:
    """An early retry would not help."""
    cadence_state = the_look(an_order_state(), seen=a_count(2000)).cadence_state
    look = the_look(an_order_state(), seen=LookSummary(outcome, 1, cadence_state=cadence_state))
    assert look.priority is Priority.MAX_INTERVAL
    assert look.schedule_request is not None


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.SCHEMA, Outcome.BLOCKED])
def test_a_transient_fault_is_retried_three_times_and_then_scheduled_in_virtual_time(
    outcome: Outcome,
) -> None:
    looks = [the_look(an_order_state(), seen=LookSummary(outcome, failures)) for failures in (1, 2, 3, 4)]
    soon = EVERY / 36
    assert [(look.at - NOW, look.priority) for look in looks] == [
        (soon, Priority.ROUTINE),
        (2 * soon, Priority.ROUTINE),
        (4 * soon, Priority.ROUTINE),
        (EVERY, Priority.MAX_INTERVAL),
    ]
    assert all(look.schedule_request is not None for look in looks)


@pytest.mark.parametrize(
    ("seen", "waits"),
    [
        (LookSummary(Outcome.PRIVATE, 1), 1),
        (LookSummary(None), 1),
        (LookSummary(Outcome.PRIVATE, 3), 4),
        (LookSummary(Outcome.TRANSIENT, 9), 32),
        (LookSummary(Outcome.HIDDEN, 500), 32),
    ],
)
def test_a_start_count_that_is_missing_has_a_date_however_the_last_look_ended(
    seen: LookSummary, waits: int
) -> None:
    """Losses before the measurement stay unseen; each failure delays the next look of a dead link."""
    look = the_look(an_order_state(an_order(start_count=None)), seen=seen)
    assert (look.at, look.priority) == (NOW + waits * EVERY, Priority.ROUTINE)


@pytest.mark.parametrize(
    "seen",
    [LookSummary(Outcome.PRIVATE, 1), LookSummary(Outcome.TRANSIENT, 9)],
    ids=["private", "failed often"],
)
def test_a_drop_whose_confirming_look_failed_keeps_its_schedule_request(seen: LookSummary) -> None:
    """A suspected drop is kept even when nothing else is observed on its target."""
    dropped = an_order_state(drop=a_drop(opened_at=NOW - DAY))
    cadence_state = the_look(dropped, seen=a_count(1500), now=NOW - DAY).cadence_state
    look = the_look(dropped, seen=replace(seen, cadence_state=cadence_state))
    assert look.schedule_request is not None
    assert any(look.schedule_request.hazard)


def test_orders_below_their_line_before_they_settle_keep_their_schedule_request() -> None:
    """RULES 3: they are judged once they have settled, so a look is needed then."""
    young = an_order_state(an_order(completed_at=NOW - HOUR))
    look = the_look(young, seen=a_count(1500))
    assert look.schedule_request is not None
    assert look.schedule_request.not_before == NOW + 23 * HOUR
    predicted = predict_look(look.cadence_state, Hazards({}), 1)
    assert predicted is not None
    assert (predicted.units, predicted.used) == (50, 10)


def test_a_refused_drop_alone_is_not_scheduled() -> None:
    """RULES 5: it is not decided again until it has recovered, so a look could find nothing."""
    look = the_look(
        an_order_state(drop=a_drop(opened_at=NOW - DAY, state=DropState.REFUSED)), seen=a_count(1500)
    )
    assert (look.schedule_request, look.priority, look.due_reason) == (
        None,
        Priority.ROUTINE,
        "no drop is expected",
    )
    assert look.at == NOW + 12 * EVERY


def test_until_the_first_delivery_has_settled_a_target_is_not_scheduled() -> None:
    first, second = an_order(completed_at=NOW - HOUR), an_order("2", completed_at=NOW - 2 * HOUR)
    young = [an_order_state(first), an_order_state(second)]
    assert the_schedule_request(*young, seen=a_count(3000)).not_before == NOW + 22 * HOUR
    assert (
        the_schedule_request(*young, an_order_state(an_order("3")), seen=a_count(4000)).not_before
        == NOW + EVERY / 6
    )


def test_scheduling_ends_with_the_last_guarantee() -> None:
    short, long = an_order("2", window=15 * DAY), an_order("3", window=40 * DAY)
    assert (
        the_schedule_request(an_order_state(short), an_order_state(long), seen=a_count(9000)).coverage_ends_at
        == START + 40 * DAY
    )
    lifetime = an_order_state(an_order("4", window=None))
    assert the_schedule_request(an_order_state(short), lifetime, seen=a_count(9000)).coverage_ends_at is None


@pytest.mark.parametrize(
    "state",
    [
        an_order_state(flags=[Flag.HOLD]),
        an_order_state(an_order(window=DAY)),
        an_order_state(an_order(status=OrderStatus.REFUNDED)),
        an_order_state(an_order(status=OrderStatus.PENDING, completed_at=None)),
    ],
    ids=["flagged", "over", "refunded", "not delivered"],
)
@pytest.mark.parametrize("outcome", Outcome)
def test_a_target_none_of_whose_orders_is_covered_needs_no_look(state: OrderState, outcome: Outcome) -> None:
    seen = a_count(5) if outcome is Outcome.COUNT else LookSummary(outcome, 1)
    assert learner().next_look([state], seen, NOW) is None
    assert learner().next_look([], seen, NOW) is None


def test_an_open_refill_keeps_a_target_scheduled_though_nothing_is_covered() -> None:
    """Its delivery needs a public profile."""
    flagged = an_order_state(an_order(window=DAY), refills=[a_refill()])
    look = the_look(flagged, seen=a_count(5))
    assert (look.at, look.priority, look.schedule_request) == (NOW + EVERY, Priority.ROUTINE, None)


@given(targets(), HOURS, st.sampled_from(Outcome), st.integers(0, 9), st.integers(0, 120), st.booleans())
@examples(80)
def test_every_covered_target_has_a_date_or_a_schedule_request(
    orders: list[OrderState], now: datetime, outcome: Outcome, failures: int, count: int, doubted: bool
) -> None:
    """Except where all its drops are refused; a new look is never overdue."""
    seen = a_count(count) if outcome is Outcome.COUNT else LookSummary(outcome, failures, doubted)
    look = learner().next_look(orders, seen, now)
    covered = [w for w in orders if w.covered(now)]
    if not covered:
        return
    assert look is not None
    assert now < look.at
    known = [w for w in covered if w.drop is None or w.drop.state is not DropState.REFUSED]
    running = [w for w in known if w.order.ends_at is None or w.order.ends_at > now]
    assert look.schedule_request is not None or look.priority is not Priority.MAX_INTERVAL or not running
