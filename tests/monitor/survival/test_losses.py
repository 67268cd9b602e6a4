"""Losses of an order: which looks are used, how losses are dated, and where observation ends."""

from datetime import timedelta
from typing import Any

import pytest

from monitor.survival.delivered_order import ArrivedRefill, Interruptions, Pause, observed_until
from monitor.survival.losses import NEVER, CountedLook, LossInterval, OrderLosses, losses
from tests.builders import DAY, HOUR, START
from tests.monitor.survival.simulated_orders import a_delivered_order

END = START + 30 * DAY
NOTHING = Interruptions()


def looks(*counts: int, every: timedelta = DAY) -> list[CountedLook]:
    """Counts one day apart, the first one a day after the completion."""
    return [CountedLook(START + number * every, count) for number, count in enumerate(counts, start=1)]


def found(*counts: int, happened: Interruptions = NOTHING, **changes: Any) -> OrderLosses | None:
    return losses(a_delivered_order(**changes), looks(*counts), END, happened)


def intervals(*counts: int, **changes: Any) -> dict[tuple[int, int], int]:
    losses_found = found(*counts, **changes)
    return {} if losses_found is None else {tuple(one): units for one, units in losses_found.intervals}  # type: ignore[misc]


def test_a_loss_lies_between_the_looks_before_and_after_it() -> None:
    assert intervals(2000, 1900, 1850, 1850) == {(4, 8): 100, (8, 12): 50, (12, NEVER): 850}


def test_the_last_look_only_confirms() -> None:
    """What it alone shows may be a fault; all units are then observed until the look before it."""
    assert intervals(2000, 2000, 1000) == {(8, NEVER): 1000}


def test_a_fall_that_one_look_shows_is_no_loss() -> None:
    assert intervals(2000, 1500, 2000, 2000) == {(12, NEVER): 1000}


def test_units_that_others_replace_stay_lost() -> None:
    """Organic growth is not survival."""
    assert intervals(1900, 1900, 2100, 2100) == {(0, 4): 100, (12, NEVER): 900}


def test_no_more_can_be_lost_than_was_delivered() -> None:
    """Followers from before the order are no units of it."""
    assert intervals(500, 500) == {(0, 4): 1000, (4, NEVER): 0}


def test_growth_before_a_loss_hides_it() -> None:
    """It cannot be told from survival; docs/retention.md says so."""
    assert intervals(2300, 2200, 2200) == {(8, NEVER): 1000}


def test_counts_are_not_used_before_they_settle() -> None:
    assert intervals(1000, 2000, 2000, settle=36 * HOUR) == {(8, NEVER): 1000}


@pytest.mark.parametrize("number", [0, 1])
def test_an_order_with_less_than_two_looks_shows_nothing(number: int) -> None:
    assert found(*[2000] * number) is None


def test_looks_at_one_point_of_the_grid_are_one() -> None:
    counted = [
        CountedLook(START + DAY + minutes * timedelta(minutes=1), 2000 - minutes) for minutes in range(9)
    ]
    shown = losses(a_delivered_order(), counted, END, NOTHING)
    assert shown is not None
    assert shown.intervals == ((LossInterval(0, 4), 7), (LossInterval(4, NEVER), 993))


def test_observation_ends_with_an_open_refill_or_a_flag() -> None:
    """The look at which it happens is used still: it made the decision."""
    happened = Interruptions(ends=(START + 3 * DAY,))
    assert intervals(1900, 1900, 1900, 1000, 1000, happened=happened) == {(0, 4): 100, (8, NEVER): 900}


def test_a_refill_that_has_arrived_is_added_to_what_must_be_there() -> None:
    """Of 200 more lost units as many fall to the order as its share of what was left: 800 of 1000."""
    happened = Interruptions(refills=(ArrivedRefill(START + 3 * DAY, START + 4 * DAY, 200),))
    found_intervals = intervals(1800, 1800, 1800, 2000, 1800, 1800, happened=happened)
    assert found_intervals == {(0, 4): 200, (16, 20): 160, (20, NEVER): 640}


def test_looks_while_a_refill_is_under_way_or_settling_are_not_used() -> None:
    """How much of it has arrived is not known."""
    happened = Interruptions(refills=(ArrivedRefill(START + 3 * DAY, START + 4 * DAY, 200),))
    found_intervals = intervals(1800, 1800, 1800, 0, 0, 2000, 2000, happened=happened, settle=DAY + HOUR)
    assert found_intervals == {(0, 8): 200, (24, NEVER): 800}


def test_what_happened_before_the_completion_ends_nothing() -> None:
    assert intervals(1900, 1900, happened=Interruptions(ends=(START - DAY,))) == {
        (0, 4): 100,
        (4, NEVER): 900,
    }


def test_looks_in_a_pause_are_not_used() -> None:
    happened = Interruptions(pauses=(Pause(START + 2 * DAY, START + 3 * DAY),))
    assert intervals(2000, 1500, 1500, 1500, 1500, happened=happened) == {(4, 12): 500, (16, NEVER): 500}


def test_ages_beyond_the_grid_are_not_used() -> None:
    order = a_delivered_order()
    until = observed_until(order, [], START + 400 * DAY)
    assert until == START + 90 * DAY


# Other orders of the target


def test_an_order_alone_is_observed_until_now() -> None:
    assert observed_until(a_delivered_order(), [], END) == END


def test_observation_ends_where_the_next_delivery_begins() -> None:
    later = a_delivered_order("2", created_at=START + 5 * DAY, completed_at=START + 9 * DAY, imported_at=END)
    assert observed_until(a_delivered_order(), [later], END) == START + 5 * DAY


def test_a_delivery_without_a_beginning_is_taken_to_last_a_day() -> None:
    later = a_delivered_order("2", created_at=None, completed_at=START + 9 * DAY, imported_at=END)
    assert observed_until(a_delivered_order(), [later], END) == START + 8 * DAY


def test_a_delivery_that_is_waited_for_ends_observation_too() -> None:
    later = a_delivered_order("2", created_at=None, completed_at=None, imported_at=START + DAY)
    assert observed_until(a_delivered_order(), [later], END) == START + DAY


@pytest.mark.parametrize("completed", [START - DAY, START, START + DAY])
def test_an_order_whose_target_has_units_of_another_order_is_not_used(completed: object) -> None:
    other = a_delivered_order("2", created_at=START - 9 * DAY, completed_at=completed)
    assert observed_until(a_delivered_order(), [other], END) is None


def test_an_order_of_long_ago_does_not_matter() -> None:
    other = a_delivered_order("2", created_at=START - 99 * DAY, completed_at=START - 90 * DAY)
    assert observed_until(a_delivered_order(), [other], END) == END


@pytest.mark.parametrize(
    "changes",
    [
        {"completed_at": None},
        {"delivered": 0},
        {"baseline": None},
        {"measured_at": START + DAY},
    ],
    ids=["not delivered", "nothing delivered", "no start count", "start count measured late"],
)
def test_an_order_without_a_known_baseline_is_not_used(changes: dict[str, Any]) -> None:
    assert observed_until(a_delivered_order(**changes), [], END) is None


def test_a_start_count_that_was_measured_soon_is_good_enough() -> None:
    assert observed_until(a_delivered_order(measured_at=START + HOUR), [], END) == END
