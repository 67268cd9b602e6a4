"""The learned cadence: what has a date, what waits for its turn, and what a look teaches."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.cadence.adaptive import BY_VIRTUAL_TIME, SLOT_HOURS, AdaptiveCadence, predict_look
from monitor.cadence.hazard import Hazards
from monitor.cadence.observation_state import dump, hours_since_epoch, load
from monitor.cadence.piecewise_hazard import cumulative_hazard
from monitor.cadence.schedule import LookSummary, NextLook, Priority, ScheduleRequest
from monitor.cadence.virtual_time import VirtualTime, final_look_value
from monitor.guarantee.noop_bounds import noop_bounds
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from tests.monitor.worlds import (
    DAY,
    HOUR,
    HOURS,
    NOW,
    START,
    a_drop,
    a_refill,
    a_watched,
    an_order,
    examples,
    targets,
)

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


def the_wish(*state: OrderState, seen: LookSummary, now: datetime = NOW) -> ScheduleRequest:
    schedule_request = the_look(*state, seen=seen, now=now).schedule_request
    assert schedule_request is not None
    return schedule_request


# Turns and dates


def test_a_count_without_news_waits_for_its_turn_and_longest_for_the_interval() -> None:
    look = the_look(a_watched(), seen=a_count(2000))
    assert (look.at, look.priority) == (NOW + EVERY, Priority.MAX_INTERVAL)
    assert look.schedule_request is not None
    assert look.schedule_request.not_before == NOW + EVERY / 6
    assert look.schedule_request.service_queue == "1"


def test_a_turn_tells_what_it_hangs_on() -> None:
    """Fifty units are the drop threshold of the order, and ten of them are missing."""
    look = the_look(a_watched(), seen=a_count(1990))
    assert look.due_reason == BY_VIRTUAL_TIME
    turn = predict_look(look.cadence_state, Hazards({}), 1)
    assert turn is not None
    assert (turn.units, turn.used) == (50, pytest.approx(0.2))
    assert 0 < turn.daily < 1


def test_a_suspicion_has_a_date_in_the_first_lane() -> None:
    """RULES 4: two hours after it opened."""
    look = the_look(a_watched(drop=a_drop(NOW)), seen=a_count(1500))
    assert (look.at, look.priority, look.due_reason) == (NOW + 2 * HOUR, Priority.URGENT, "confirm drop of 1")
    assert look.schedule_request is None


def test_the_other_orders_of_a_target_with_a_suspicion_keep_their_turn() -> None:
    """The suspected one asks for no turn beside its date."""
    whole = a_watched(an_order("2", start=100, window=20 * DAY))
    look = the_look(a_watched(drop=a_drop(NOW)), whole, seen=a_count(1900))
    assert (look.priority, look.due_reason) == (Priority.URGENT, "confirm drop of 1")
    assert look.schedule_request is not None
    assert look.schedule_request.coverage_ends_at == START + 20 * DAY


def test_the_end_of_a_hold_has_a_date_in_the_first_lane() -> None:
    held = replace(a_refill(500, RefillState.HELD), release_at=NOW + 5 * HOUR)
    look = the_look(a_watched(refills=[held]), seen=a_count(1500))
    assert (look.at, look.priority, look.due_reason) == (NOW + 5 * HOUR, Priority.URGENT, "hold of 1 ends")


def test_a_drop_that_waits_is_decided_anew_at_the_interval() -> None:
    look = the_look(a_watched(drop=a_drop(NOW - DAY, DropState.WAITING)), seen=a_count(1500))
    assert (look.at, look.priority) == (NOW + EVERY, Priority.ROUTINE)


@pytest.mark.parametrize("outcome", [Outcome.PRIVATE, Outcome.NOT_FOUND, Outcome.HIDDEN, Outcome.UNAVAILABLE])
def test_a_target_with_nothing_to_read_has_no_date(outcome: Outcome) -> None:
    """Asking sooner would not help: it waits for its turn like any other."""
    cadence_state = the_look(a_watched(), seen=a_count(2000)).cadence_state
    look = the_look(a_watched(), seen=LookSummary(outcome, 1, cadence_state=cadence_state))
    assert look.priority is Priority.MAX_INTERVAL
    assert look.schedule_request is not None


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.SCHEMA, Outcome.BLOCKED])
def test_a_passing_fault_is_tried_again_three_times_and_then_waits_for_its_turn(outcome: Outcome) -> None:
    looks = [the_look(a_watched(), seen=LookSummary(outcome, failures)) for failures in (1, 2, 3, 4)]
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
    """What is lost before it is measured is never seen; but a dead link is asked for ever more seldom."""
    look = the_look(a_watched(an_order(start=None)), seen=seen)
    assert (look.at, look.priority) == (NOW + waits * EVERY, Priority.ROUTINE)


@pytest.mark.parametrize(
    "seen",
    [LookSummary(Outcome.PRIVATE, 1), LookSummary(Outcome.TRANSIENT, 9)],
    ids=["private", "failed often"],
)
def test_a_drop_whose_confirmation_failed_keeps_its_turn(seen: LookSummary) -> None:
    """A suspicion must not be forgotten because nothing else is at stake on its target."""
    dropped = a_watched(drop=a_drop(NOW - DAY))
    cadence_state = the_look(dropped, seen=a_count(1500), now=NOW - DAY).cadence_state
    look = the_look(dropped, seen=replace(seen, cadence_state=cadence_state))
    assert look.schedule_request is not None
    assert any(look.schedule_request.hazard)


def test_orders_that_have_fallen_before_they_can_be_judged_keep_their_turn() -> None:
    """RULES 3: they are judged once they have settled, and somebody must look then."""
    young = a_watched(an_order(completed=NOW - HOUR))
    look = the_look(young, seen=a_count(1500))
    assert look.schedule_request is not None
    assert look.schedule_request.not_before == NOW + 23 * HOUR
    turn = predict_look(look.cadence_state, Hazards({}), 1)
    assert turn is not None
    assert (turn.units, turn.used) == (50, 10)


def test_a_refused_drop_alone_asks_for_no_turn() -> None:
    """RULES 5: it is not decided again until it has recovered; nothing is lost by not looking."""
    look = the_look(a_watched(drop=a_drop(NOW - DAY, DropState.REFUSED)), seen=a_count(1500))
    assert (look.schedule_request, look.priority, look.due_reason) == (
        None,
        Priority.ROUTINE,
        "no drop is expected",
    )
    assert look.at == NOW + 12 * EVERY


def test_until_the_first_delivery_has_settled_a_target_rests() -> None:
    first, second = an_order(completed=NOW - HOUR), an_order("2", completed=NOW - 2 * HOUR)
    young = [a_watched(first), a_watched(second)]
    assert the_wish(*young, seen=a_count(3000)).not_before == NOW + 22 * HOUR
    assert the_wish(*young, a_watched(an_order("3")), seen=a_count(4000)).not_before == NOW + EVERY / 6


def test_a_turn_is_over_with_the_last_guarantee() -> None:
    short, long = an_order("2", window=15 * DAY), an_order("3", window=40 * DAY)
    assert (
        the_wish(a_watched(short), a_watched(long), seen=a_count(9000)).coverage_ends_at == START + 40 * DAY
    )
    lifetime = a_watched(an_order("4", window=None))
    assert the_wish(a_watched(short), lifetime, seen=a_count(9000)).coverage_ends_at is None


@pytest.mark.parametrize(
    "state",
    [
        a_watched(flags=[Flag.HOLD]),
        a_watched(an_order(window=DAY)),
        a_watched(an_order(status=OrderStatus.REFUNDED)),
        a_watched(an_order(status=OrderStatus.PENDING, completed=None)),
    ],
    ids=["flagged", "over", "refunded", "not delivered"],
)
@pytest.mark.parametrize("outcome", Outcome)
def test_a_target_none_of_whose_orders_is_covered_needs_no_look(state: OrderState, outcome: Outcome) -> None:
    seen = a_count(5) if outcome is Outcome.COUNT else LookSummary(outcome, 1)
    assert learner().next_look([state], seen, NOW) is None
    assert learner().next_look([], seen, NOW) is None


def test_an_open_refill_keeps_a_target_looked_at_though_nothing_is_covered() -> None:
    """Whoever delivers it must know whether the profile is public."""
    flagged = a_watched(an_order(window=DAY), refills=[a_refill()])
    look = the_look(flagged, seen=a_count(5))
    assert (look.at, look.priority, look.schedule_request) == (NOW + EVERY, Priority.ROUTINE, None)


@given(targets(), HOURS, st.sampled_from(Outcome), st.integers(0, 9), st.integers(0, 120), st.booleans())
@examples(80)
def test_every_covered_target_has_a_date_or_a_turn(
    orders: list[OrderState], now: datetime, outcome: Outcome, failures: int, count: int, doubted: bool
) -> None:
    """Only where all its drops are refused may it be left to spare budget; and never is a look overdue."""
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


# Weights


def priced(price: str | None, currency: str | None = "EUR") -> OrderState:
    amount = None if price is None else Decimal(price)
    return a_watched(replace(an_order(), price=amount, currency=currency if price else None))


@pytest.mark.parametrize(
    ("price", "currency", "times"),
    [("10", "EUR", 1), ("20", "EUR", 2), ("1000", "EUR", 8), ("0.01", "EUR", 1 / 8), ("20", "USD", 1)],
)
def test_an_order_weighs_by_its_price_compared_with_the_going_rate(
    price: str, currency: str, times: float
) -> None:
    """A cent a unit is usual: twice as dear, twice the weight; within bounds, and by its own currency."""
    cadence = learner({("EUR", Metric.FOLLOWERS): 0.01})
    (observation,) = load(
        the_look(priced(price, currency), seen=a_count(2000), cadence=cadence).cadence_state
    )
    assert observation.weight == pytest.approx(50 * times)


def test_without_a_price_an_order_weighs_what_is_at_stake() -> None:
    (observation,) = load(the_look(priced(None), seen=a_count(2000)).cadence_state)
    assert (observation.weight, observation.threshold, observation.line) == (50, 50, 2000)


# Lessons


def lessons_of(cadence: AdaptiveCadence) -> list[tuple[float, bool]]:
    return [
        (observation.hours, observation.crossed) for observation in cadence.drain_observations("simulated")
    ]


def look_on(
    cadence: AdaptiveCadence,
    state: OrderState,
    looks: Sequence[tuple[int, int, Priority]],
    cadence_state: str = "",
) -> str:
    """Take looks at an order, each so many hours after the standard now; gives the last memo."""
    for after, count, priority in looks:
        seen = a_count(count, cadence_state, priority)
        cadence_state = the_look(state, seen=seen, now=NOW + after * HOUR, cadence=cadence).cadence_state
    return cadence_state


def test_the_first_look_teaches_what_became_of_an_order_since_its_completion() -> None:
    cadence = learner()
    look_on(cadence, a_watched(), [(0, 1990, Priority.MAX_INTERVAL)])
    assert lessons_of(cadence) == [(240, False)]


@pytest.mark.parametrize("priority", [Priority.ROUTINE, Priority.MAX_INTERVAL])
def test_each_routine_look_teaches_what_became_of_an_order_since_the_one_before(priority: Priority) -> None:
    cadence = learner()
    look_on(cadence, a_watched(), [(0, 1990, priority), (5, 1960, priority), (12, 1950, priority)])
    assert lessons_of(cadence) == [(240, False), (5, False), (7, True)]


def test_a_crossed_order_teaches_nothing_more_until_it_is_whole_again() -> None:
    cadence = learner()
    looks = [(0, 1990), (1, 1940), (5, 1900), (9, 2000), (20, 1990)]
    look_on(cadence, a_watched(), [(after, count, Priority.ROUTINE) for after, count in looks])
    assert lessons_of(cadence) == [(240, False), (1, True), (11, False)]


def test_a_look_of_the_first_lane_teaches_nothing_and_leaves_the_state_as_it_was() -> None:
    """Twice the event in an hour would teach a hazard that is not there; and a slope of minutes is none."""
    cadence = learner()
    routine = look_on(cadence, a_watched(), [(0, 1990, Priority.ROUTINE)])
    lessons_of(cadence)
    urgent = look_on(cadence, a_watched(), [(1, 1960, Priority.URGENT), (2, 1940, Priority.URGENT)], routine)
    assert lessons_of(cadence) == []
    assert urgent == routine


def test_after_a_look_of_the_first_lane_the_next_routine_look_teaches_all_the_time_since_the_last_one() -> (
    None
):
    cadence = learner()
    look_on(
        cadence,
        a_watched(),
        [(0, 1990, Priority.ROUTINE), (3, 1990, Priority.URGENT), (7, 1990, Priority.ROUTINE)],
    )
    assert lessons_of(cadence) == [(240, False), (7, False)]


@pytest.mark.parametrize("outcome", FAILED)
def test_a_failed_look_teaches_nothing_and_leaves_the_state_as_it_was(outcome: Outcome) -> None:
    cadence = learner()
    cadence_state = look_on(cadence, a_watched(), [(0, 1990, Priority.ROUTINE)])
    lessons_of(cadence)
    seen = LookSummary(outcome, 1, cadence_state=cadence_state, priority=Priority.ROUTINE, source="simulated")
    assert the_look(a_watched(), seen=seen, now=NOW + HOUR, cadence=cadence).cadence_state == cadence_state
    assert lessons_of(cadence) == []


def test_units_in_flight_are_not_lost() -> None:
    """A drop whose refill is under way is no crossing."""
    cadence = learner()
    refilled = a_watched(refills=[a_refill(500)])
    look_on(cadence, refilled, [(0, 1500, Priority.ROUTINE)])
    assert lessons_of(cadence) == [(240, False)]


def test_lessons_are_taken_away_by_source() -> None:
    cadence = learner()
    look_on(cadence, a_watched(), [(0, 1990, Priority.ROUTINE)])
    assert cadence.drain_observations("another") == []
    assert len(cadence.drain_observations("simulated")) == 1
    assert cadence.drain_observations("simulated") == []


@pytest.mark.parametrize(("crossed", "dearer"), [(True, True), (False, False)])
def test_a_lesson_changes_what_is_to_be_expected_of_its_likes(crossed: bool, dearer: bool) -> None:
    cadence, clock = learner(), VirtualTime()
    cadence_state = look_on(cadence, a_watched(), [(0, 1990, Priority.ROUTINE)])
    (observation,) = cadence.drain_observations("simulated")
    cell = load(cadence_state)[0].cell
    before = cumulative_hazard(cadence.hazards.hazard_for(cell), 30)
    for _ in range(3000):
        cadence.learn(observation._replace(cell=cell, hours=10, crossed=crossed), clock)
    assert (cumulative_hazard(cadence.hazards.hazard_for(cell), 30) > before) is dearer


# Last calls


def test_a_last_call_is_worth_the_chance_that_a_drop_is_never_seen() -> None:
    """Its slot is the one in which the guarantee ends, half an hour before that at the latest."""
    cadence = learner()
    look = the_look(a_watched(), seen=a_count(2000), cadence=cadence)
    assert look.schedule_request is not None
    call, ends = look.schedule_request.final_look, hours_since_epoch(START + 30 * DAY)
    assert call is not None
    assert call.slot == int((ends - 0.5) // SLOT_HOURS)
    assert call.value == pytest.approx(
        final_look_value(1, cumulative_hazard(look.schedule_request.hazard, 480)), rel=0.6
    )


def test_the_most_valuable_last_call_of_a_target_is_chosen() -> None:
    """Two small orders that end together may be worth more than one; a lifetime never ends."""
    small = [a_watched(an_order(str(n), delivered=1000, completed=START + n * HOUR / 4)) for n in range(3)]
    other = a_watched(an_order("9", delivered=1000, completed=START + 3 * DAY))
    schedule_request = the_wish(*small, other, seen=a_count(9000))
    assert schedule_request.final_look is not None
    assert schedule_request.final_look.slot == int((hours_since_epoch(START + 30 * DAY) - 0.5) // SLOT_HOURS)
    assert the_wish(a_watched(an_order(window=None)), seen=a_count(2000)).final_look is None


@pytest.mark.parametrize("before", [timedelta(0), HOUR, 2 * HOUR, 4 * HOUR])
def test_a_look_that_could_be_the_last_call_is_the_last_one(before: timedelta) -> None:
    """Else the same guarantee would be called again at once, as long as that pays."""
    slot = int((hours_since_epoch(START + 30 * DAY) - 0.5) // SLOT_HOURS)
    now = datetime.fromtimestamp((slot - 1) * SLOT_HOURS * 3600, NOW.tzinfo) + before
    if now < START + 30 * DAY:
        assert the_wish(a_watched(), seen=a_count(2000), now=now).final_look is None


def test_until_the_slot_before_the_end_a_last_call_is_still_to_come() -> None:
    slot = int((hours_since_epoch(START + 30 * DAY) - 0.5) // SLOT_HOURS)
    now = datetime.fromtimestamp((slot - 1) * SLOT_HOURS * 3600 - 1, NOW.tzinfo)
    assert the_wish(a_watched(), seen=a_count(2000), now=now).final_look is not None


# A calm target


@given(
    targets(),
    HOURS,
    st.integers(60, 200),
    st.integers(0, 40),
    st.integers(1, 3_000),
    st.sampled_from(Priority),
)
@examples(150)
def test_by_the_notes_alone_a_calm_target_gets_what_its_orders_would_have_got(
    orders: list[OrderState], now: datetime, count: int, more: int, later: int, priority: Priority
) -> None:
    """The same turn, notes, reason and lessons; or nothing, and the orders are asked."""
    orders = [
        replace(w, settled_look=True, drop=None, refills=()) for w in orders if w.order.completed_at <= now
    ]
    orders.sort(key=lambda w: (w.order.completed_at, w.order.order_id))
    first = learner()
    before = first.next_look(orders, a_count(count), now)
    found = noop_bounds(orders, now, count)
    assume(found is not None and before is not None and before.cadence_state)
    assert found is not None
    assert before is not None
    at = now + later * HOUR / 60
    assume(at < found.until and found.judges(at) and found.count + more > 0)
    quick, slow = learner(), learner()
    by_notes = quick.next_look_after_noop(before.cadence_state, found.count + more, at, priority, "simulated")
    by_orders = slow.next_look(orders, a_count(found.count + more, before.cadence_state, priority), at)
    if by_notes is not None:
        assert by_notes == by_orders
        assert quick.drain_observations("simulated") == slow.drain_observations("simulated")
    elif priority is not Priority.URGENT:
        assert quick.drain_observations("simulated") == []


def test_where_a_guarantee_has_ended_the_orders_are_asked() -> None:
    """Its units are in no line any more."""
    orders = [a_watched(), a_watched(an_order("2", start=2000, completed=START + HOUR, window=11 * DAY))]
    cadence_state = the_look(*orders, seen=a_count(3000)).cadence_state
    assert (
        learner().next_look_after_noop(cadence_state, 3000, NOW + 2 * DAY, Priority.ROUTINE, "simulated")
        is None
    )
    assert (
        learner().next_look_after_noop(cadence_state, 3000, NOW + HOUR, Priority.ROUTINE, "simulated")
        is not None
    )


@pytest.mark.parametrize("cadence_state", ["", "[]", "nonsense"])
def test_without_notes_the_orders_are_asked(cadence_state: str) -> None:
    assert learner().next_look_after_noop(cadence_state, 3000, NOW, Priority.ROUTINE, "simulated") is None


# What a turn is worth


def test_a_look_is_worth_more_the_longer_it_was_not_taken() -> None:
    cadence = learner()
    cadence_state = the_look(a_watched(), seen=a_count(1990), cadence=cadence).cadence_state
    worth = [cadence.look_value(cadence_state, NOW + after * HOUR) for after in (0, 1, 10, 100)]
    assert worth == sorted(worth)
    assert worth[0] == 0
    assert cadence.look_value(cadence_state, START + 31 * DAY) == 0


def test_a_turn_is_expected_the_sooner_the_lower_the_price() -> None:
    cadence = learner()
    cadence_state = the_look(a_watched(), seen=a_count(1990), cadence=cadence).cadence_state
    cheap, dear = (predict_look(cadence_state, cadence.hazards, price) for price in (1, 100))
    assert cheap is not None
    assert dear is not None
    assert cheap.at is not None
    assert dear.at is not None
    assert NOW < cheap.at < dear.at
    assert predict_look(dump([]), cadence.hazards, 1) is None
