"""The adaptive cadence: the value of a look, by order weight, time since the last look and guarantee end."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from monitor.cadence.adaptive import SLOT_HOURS, predict_look
from monitor.cadence.observation_state import dump, hours_since_epoch, load
from monitor.cadence.piecewise_hazard import cumulative_hazard
from monitor.cadence.virtual_time import final_look_value
from monitor.model.order_state import OrderState
from monitor.model.target import Metric
from tests.builders import DAY, HOUR, NOW, START, an_order, an_order_state
from tests.monitor.cadence.adaptive_looks import a_count, learner, the_look, the_schedule_request

# Weights


def priced(price: str | None, currency: str | None = "EUR") -> OrderState:
    amount = None if price is None else Decimal(price)
    return an_order_state(replace(an_order(), price=amount, currency=currency if price else None))


@pytest.mark.parametrize(
    ("price", "currency", "times"),
    [("10", "EUR", 1), ("20", "EUR", 2), ("1000", "EUR", 8), ("0.01", "EUR", 1 / 8), ("20", "USD", 1)],
)
def test_an_order_weighs_by_its_price_compared_with_the_average_price(
    price: str, currency: str, times: float
) -> None:
    """A cent a unit is average: twice the price, twice the weight; within bounds, and per currency."""
    cadence = learner({("EUR", Metric.FOLLOWERS): 0.01})
    (observation,) = load(
        the_look(priced(price, currency), seen=a_count(2000), cadence=cadence).cadence_state
    )
    assert observation.weight == pytest.approx(50 * times)


def test_without_a_price_an_order_weighs_its_drop_threshold() -> None:
    (observation,) = load(the_look(priced(None), seen=a_count(2000)).cadence_state)
    assert (observation.weight, observation.threshold, observation.line) == (50, 50, 2000)


# Final looks


def test_the_value_of_a_final_look_is_the_probability_of_an_unseen_drop() -> None:
    """Its slot is that of half an hour before the end of the guarantee."""
    cadence = learner()
    look = the_look(an_order_state(), seen=a_count(2000), cadence=cadence)
    assert look.schedule_request is not None
    final_look, ends = look.schedule_request.final_look, hours_since_epoch(START + 30 * DAY)
    assert final_look is not None
    assert final_look.slot == int((ends - 0.5) // SLOT_HOURS)
    assert final_look.value == pytest.approx(
        final_look_value(1, cumulative_hazard(look.schedule_request.hazard, 480)), rel=0.6
    )


def test_the_most_valuable_final_look_of_a_target_is_chosen() -> None:
    """Two small orders that end together may have more value than one; a lifetime guarantee has none."""
    small = [
        an_order_state(an_order(str(n), delivered=1000, completed_at=START + n * HOUR / 4)) for n in range(3)
    ]
    other = an_order_state(an_order("9", delivered=1000, completed_at=START + 3 * DAY))
    schedule_request = the_schedule_request(*small, other, seen=a_count(9000))
    assert schedule_request.final_look is not None
    assert schedule_request.final_look.slot == int((hours_since_epoch(START + 30 * DAY) - 0.5) // SLOT_HOURS)
    assert the_schedule_request(an_order_state(an_order(window=None)), seen=a_count(2000)).final_look is None


@pytest.mark.parametrize("before", [timedelta(0), HOUR, 2 * HOUR, 4 * HOUR])
def test_a_look_late_enough_is_the_final_look(before: timedelta) -> None:
    """Otherwise the same guarantee would get another final look at once."""
    slot = int((hours_since_epoch(START + 30 * DAY) - 0.5) // SLOT_HOURS)
    now = datetime.fromtimestamp((slot - 1) * SLOT_HOURS * 3600, NOW.tzinfo) + before
    if now < START + 30 * DAY:
        assert the_schedule_request(an_order_state(), seen=a_count(2000), now=now).final_look is None


def test_until_the_last_slot_a_final_look_is_pending() -> None:
    slot = int((hours_since_epoch(START + 30 * DAY) - 0.5) // SLOT_HOURS)
    now = datetime.fromtimestamp((slot - 1) * SLOT_HOURS * 3600 - 1, NOW.tzinfo)
    assert the_schedule_request(an_order_state(), seen=a_count(2000), now=now).final_look is not None


# The value of a look


def test_the_value_of_a_look_grows_with_the_time_since_the_last_one() -> None:
    cadence = learner()
    cadence_state = the_look(an_order_state(), seen=a_count(1990), cadence=cadence).cadence_state
    values = [cadence.look_value(cadence_state, NOW + after * HOUR) for after in (0, 1, 10, 100)]
    assert values == sorted(values)
    assert values[0] == 0
    assert cadence.look_value(cadence_state, START + 31 * DAY) == 0


def test_a_lower_shadow_price_predicts_an_earlier_look() -> None:
    cadence = learner()
    cadence_state = the_look(an_order_state(), seen=a_count(1990), cadence=cadence).cadence_state
    cheap, dear = (predict_look(cadence_state, cadence.hazards, price) for price in (1, 100))
    assert cheap is not None
    assert dear is not None
    assert cheap.at is not None
    assert dear.at is not None
    assert NOW < cheap.at < dear.at
    assert predict_look(dump([]), cadence.hazards, 1) is None
