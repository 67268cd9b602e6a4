"""RULES 4 and 5: how a drop opens, is confirmed, decided and closed, count after count."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.guarantee.verdicts import evaluate_count
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.terms import BelowStart, RefillMode
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    MINUTE,
    NOW,
    START,
    a_completed_refill,
    a_drop,
    a_failed_look,
    a_refill,
    an_order,
    an_order_state,
)
from tests.monitor.guarantee.evaluation_steps import claimed, decided, looks, play, states_and_reasons

FAILED = sorted(set(Outcome) - {Outcome.COUNT})


def test_a_drop_is_suspected_confirmed_and_refilled() -> None:
    """RULES 4 and 5: two looks, two hours apart; then a refill of the claim."""
    (first, second), after = play(an_order_state(), looks((0, 1500), (2, 1400)))
    assert Drop("1", DropState.SUSPECTED, NOW) == first.drop
    assert first.decision is None
    later = NOW + 2 * HOUR
    refilled = Drop("1", DropState.REFILLED, NOW, looks=2, confirmed_at=later, closed_at=later)
    assert replace(refilled, last_decision=(Action.REFILL, Reason.DROP_CONFIRMED)) == second.drop
    # line 2000, of which 1400 are there
    decided = Decision(
        "1", later, Action.REFILL, Reason.DROP_CONFIRMED, 600, count=1400, line=2000, claim=600
    )
    assert decided == second.decision
    assert (a_refill(600, created_at=later),) == after.refills


@pytest.mark.parametrize(("confirm_after", "decided"), [(timedelta(0), True), (INSTANT, False)])
def test_one_confirmation_and_no_waiting_decides_at_the_opening_look(
    confirm_after: timedelta, decided: bool
) -> None:
    """RULES 4: the opening look counts, for `confirmations` 1 it is enough."""
    order = an_order(confirmations=1, confirm_after=confirm_after)
    (verdict,) = evaluate_count([an_order_state(order)], 1500, NOW)
    assert decided == (verdict.decision is not None)


@pytest.mark.parametrize(
    ("confirmations", "last"),
    [
        (1, "refilled: drop_confirmed"),
        (2, "refilled: drop_confirmed"),
        (3, "refilled: drop_confirmed"),
        (4, "suspected"),
    ],
)
def test_confirmations_are_judged_looks_since_the_drop_opened(confirmations: int, last: str) -> None:
    """RULES 4: three looks within the two hours of `confirm_after`, the third at their end."""
    order = an_order(confirmations=confirmations, confirm_after=2 * HOUR)
    verdicts, _ = play(an_order_state(order), looks((0, 1500), (1, 1500), (2, 1500)))
    expected = ["suspected", "suspected", last]
    assert expected == states_and_reasons(verdicts)


def test_a_recovery_closes_the_drop_and_a_new_one_needs_its_own_looks() -> None:
    """RULES 4: any judged snapshot below the threshold (50) closes it."""
    # missing: 50, 49, 50, 50
    verdicts, _ = play(an_order_state(), looks((0, 1950), (1, 1951), (2, 1950), (3, 1950)))
    expected = ["suspected", "recovered", "suspected", "suspected"]
    assert expected == states_and_reasons(verdicts)


@pytest.mark.parametrize("outcome", FAILED)
def test_failed_looks_neither_confirm_nor_close(outcome: Outcome) -> None:
    """RULES 4: a history with failed looks ends like the history without them."""
    numbers = looks((0, 1500), (1, 1500), (2, 1500))
    failed = [a_failed_look(outcome, NOW + minutes * MINUTE) for minutes in (-10, 10, 70, 119, 130)]
    timeline = sorted([*numbers, *failed], key=lambda look: look.at)
    verdicts, after = play(an_order_state(), timeline)
    expected = ["suspected", "suspected", "refilled: drop_confirmed"]
    assert expected == states_and_reasons(verdicts)
    assert (verdicts, after) == play(an_order_state(), numbers)


def test_a_fall_to_0_is_not_judged_until_it_is_seen_twice() -> None:
    """RULES 2: the first 0 opens, confirms and claims nothing; the second is a count like any other."""
    verdicts, _ = play(an_order_state(), looks((0, 2000), (1, 0), (2, 0), (4, 0)))
    # the 0 of hour 2 opens, the 0 of hour 4 confirms; below the floor of 1000, so held for review
    expected = ["none", "suspected", "held: below_start_count"]
    assert expected == states_and_reasons(verdicts)


def test_a_single_0_neither_confirms_nor_closes_an_open_drop() -> None:
    """RULES 2: a fall to 0 is a fault where the next count is a number again."""
    verdicts, _ = play(an_order_state(), looks((0, 1500), (3, 0), (4, 1500)))
    expected = ["suspected", "refilled: drop_confirmed"]
    assert expected == states_and_reasons(verdicts)


@pytest.mark.parametrize(
    ("mass_drop", "closed"), [(False, "refilled: drop_confirmed"), (True, "held: mass_drop")]
)
def test_refill_and_hold_close_the_drop(mass_drop: bool, closed: str) -> None:
    """RULES 4: and while their units are in flight, nothing is missing."""
    verdicts, after = play(an_order_state(), looks((0, 1500), (2, 1500), (3, 1500)), mass_drop=mass_drop)
    expected = [("suspected", 500), (closed, 500), ("none", 0)]
    assert expected == list(zip(states_and_reasons(verdicts), [claimed(v) for v in verdicts], strict=True))
    assert after.drop is None


@pytest.mark.parametrize(
    ("mass_drop", "closed"), [(False, "refilled: drop_confirmed"), (True, "held: mass_drop")]
)
def test_what_is_still_missing_beyond_the_units_in_flight_opens_a_new_drop(
    mass_drop: bool, closed: str
) -> None:
    """RULES 4: 500 are queued or held, then 100 more are lost; they wait for the refill in progress."""
    timeline = looks((0, 1500), (2, 1500), (3, 1400), (5, 1400), (6, 1400))
    verdicts, _ = play(an_order_state(), timeline, mass_drop=mass_drop)
    expected = [
        ("suspected", 500),
        (closed, 500),
        ("suspected", 100),
        ("waiting: refill_in_progress", 100),
        ("waiting: refill_in_progress", 100),
    ]
    assert expected == list(zip(states_and_reasons(verdicts), [claimed(v) for v in verdicts], strict=True))


def test_a_held_refill_keeps_its_units_reserved_until_it_is_rejected() -> None:
    """RULES 5: until an operator releases or rejects it."""
    held = an_order_state(refills=[a_refill(500, RefillState.HELD)])
    rejected = an_order_state(refills=[a_refill(500, RefillState.REJECTED)])
    expected = [0, 500]
    assert expected == [claimed(evaluate_count([w], 1500, NOW)[0]) for w in (held, rejected)]


def test_a_completed_refill_is_not_missed_before_it_has_settled() -> None:
    """RULES 3: completed but not yet settled is in flight; from then on only the count matters."""
    state = an_order_state(an_order(cooldown=HOUR), refills=[a_completed_refill(500, NOW - 23 * HOUR)])
    verdicts, _ = play(state, looks((0, 1500), (0.9, 1500), (1, 1500), (3, 1500)))
    expected = [("none", 0), ("none", 0), ("suspected", 500), ("refilled: drop_confirmed", 500)]
    assert expected == list(zip(states_and_reasons(verdicts), [claimed(v) for v in verdicts], strict=True))


def test_a_partly_delivered_refill_leaves_the_rest_missing() -> None:
    """RULES 3: of 500 asked 200 were delivered and 1500 + 200 are seen, 300 are still owed."""
    state = an_order_state(refills=[a_completed_refill(500, NOW - 2 * DAY, delivered=200)])
    verdicts, after = play(state, looks((0, 1700), (2, 1700)))
    expected = 300
    assert (Action.REFILL, expected) == decided(verdicts[1])
    assert a_refill(300, created_at=NOW + 2 * HOUR) == after.refills[-1]


def test_wait_is_decided_again_at_each_later_judged_snapshot() -> None:
    """RULES 4: and again at each later one while the decision is `wait`, here a cooldown of 24 h."""
    order = an_order(settle=timedelta(0), cooldown=24 * HOUR)
    state = an_order_state(order, refills=[a_completed_refill(100, NOW)])
    verdicts, _ = play(state, looks((0, 1500), (2, 1500), (10, 1400), (23.9, 1400), (24, 1300)))
    expected = [
        ("suspected", 500),
        ("waiting: cooldown", 500),  # the refill has settled at once, so 500 are missing again
        ("waiting: cooldown", 600),
        ("waiting: cooldown", 600),
        ("refilled: drop_confirmed", 700),
    ]
    assert expected == list(zip(states_and_reasons(verdicts), [claimed(v) for v in verdicts], strict=True))


def test_a_waiting_drop_that_recovers_is_closed_undecided() -> None:
    """RULES 4: any judged snapshot below the threshold closes it, also while it waits."""
    state = an_order_state(an_order(refill=RefillMode.ON_REQUEST))
    verdicts, _ = play(state, looks((0, 1500), (2, 1500), (3, 2000)))
    expected = ["suspected", "waiting: awaiting_request", "recovered"]
    assert expected == states_and_reasons(verdicts)


def test_a_waiting_drop_is_decided_when_the_customer_has_asked() -> None:
    """RULES 5, row 6: wait without a request, refill after one."""
    order = an_order(refill=RefillMode.ON_REQUEST)
    verdicts, waiting = play(an_order_state(order), looks((0, 1500), (2, 1500)))
    expected = ["suspected", "waiting: awaiting_request"]
    assert expected == states_and_reasons(verdicts)
    (verdict,) = evaluate_count([replace(waiting, request_pending=True)], 1500, NOW + 3 * HOUR)
    assert decided(verdict) == (Action.REFILL, 500)
    assert verdict.request_answered


def test_a_refused_drop_is_not_decided_again_until_it_has_recovered() -> None:
    """RULES 4 and 5: `refuse` leaves it refused until it recovers; the next drop is decided again."""
    state = an_order_state(an_order(below_start=BelowStart.REFUSE))
    timeline = looks((0, 900), (2, 900), (3, 900), (9, 1500), (10, 1990), (11, 1500), (13, 1500))
    verdicts, _ = play(state, timeline)
    # hour 9 is above the floor of 1000 again, which does not help a refused drop; hour 10 recovers
    expected = [
        "suspected",
        "refused: below_start_count",
        "refused",
        "refused",
        "recovered",
        "suspected",
        "refilled: drop_confirmed",
    ]
    assert expected == states_and_reasons(verdicts)


def test_a_drop_that_opened_inside_the_window_is_confirmed_beyond_it() -> None:
    """RULES 3: later as long as it has an open drop; once that is decided, nothing new opens."""
    order = an_order(completed_at=NOW - 30 * DAY + HOUR, window=30 * DAY)
    # the window ends at hour 1; 500 are refilled at hour 2, 100 more are lost at hour 3
    verdicts, _ = play(an_order_state(order), looks((0, 1500), (2, 1500), (3, 1400)))
    expected = ["suspected", "refilled: drop_confirmed", "none"]
    assert expected == states_and_reasons(verdicts)
    assert verdicts[2].claim is None


def test_a_drop_that_recovers_beyond_the_window_is_the_last() -> None:
    """RULES 4: a drop opens inside the window only."""
    order = an_order(completed_at=NOW - 30 * DAY + HOUR, window=30 * DAY)
    verdicts, _ = play(an_order_state(order), looks((0, 1500), (2, 2000), (3, 1500)))
    expected = ["suspected", "recovered", "none"]
    assert expected == states_and_reasons(verdicts)


def test_a_refused_drop_does_not_outlive_the_window() -> None:
    """RULES 3: suspected or waiting, not refused."""
    order = an_order(completed_at=NOW - 30 * DAY + 3 * HOUR, window=30 * DAY, max_refill_percent=0)
    verdicts, _ = play(an_order_state(order), looks((0, 1500), (2, 1500), (3, 1500)))
    expected = ["suspected", "refused: refill_allowance_spent", "none"]
    assert expected == states_and_reasons(verdicts)
    assert verdicts[2].claim is None


def test_a_claim_below_the_threshold_is_in_the_verdict_and_opens_no_drop() -> None:
    """RULES 4: 49 of 1000 are missing, the threshold is 50."""
    (verdict,) = evaluate_count([an_order_state()], 1951, NOW)
    expected = 49
    assert expected == claimed(verdict)
    assert verdict.drop is None


def test_overlapping_orders_share_one_loss_between_their_refills() -> None:
    """RULES 3: the claims of a snapshot are worked out once, before any of its decisions."""
    orders = [
        an_order_state(
            an_order("a", start_count=1000), drop=replace(a_drop(opened_at=NOW - DAY), order_id="a")
        ),
        an_order_state(
            an_order("b", start_count=2000, delivered=500, completed_at=START + DAY),
            drop=replace(a_drop(opened_at=NOW - DAY), order_id="b"),
        ),
    ]
    # both lines 2500, 1300 missing: a ends first and pays the 1000 it delivered, b the other 300;
    # 1200 is below both floors, 1500 and 2000, so both are held for review
    verdicts = evaluate_count(orders, 1200, NOW)
    expected = [(Action.HOLD, 1000), (Action.HOLD, 300)]
    assert expected == [decided(v) for v in verdicts]
