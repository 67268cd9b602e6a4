"""Virtual time: the order of looks without a date."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.piecewise_hazard import ENDS
from monitor.cadence.virtual_time import INITIAL_PRICE, MISSED_PENALTY_HOURS, VirtualTime, final_look_value

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STREAMS = st.sampled_from(["a", "b"])


def constant(hazard: float) -> tuple[float, ...]:
    """A piecewise hazard with the same rate in each span, weight included."""
    return (hazard,) * len(ENDS)


def in_a_surge() -> VirtualTime:
    """A clock whose service queue `a` has a surge."""
    clock, now, dice = VirtualTime(), NOW, random.Random(1)
    for hour in range(60):
        for _ in range(30):
            crossed = dice.random() < (0.1 if hour > 40 else 0.02)
            clock.observe("a", expected=0.02, crossed=crossed, hours=6.0, now=now + timedelta(hours=hour))
    assert clock.service_queues["a"].surge.on
    return clock


@given(st.floats(1e-6, 1e3), st.floats(1e-3, 1e6))
def test_at_a_constant_hazard_the_price_does_not_matter(hazard: float, price: float) -> None:
    """V + sqrt(2 / (w h)): a budget that grows or falls changes no stored value."""
    clock = VirtualTime(v=7.0)
    clock.record_served(price)
    assert clock.due("a", constant(hazard)) == pytest.approx(7 + (2 / hazard) ** 0.5)


def test_a_target_without_hazard_comes_last() -> None:
    """Its due value is a finite number that a database can store."""
    clock = VirtualTime()
    assert clock.due("a", constant(1e-9)) < clock.due("a", constant(0)) < 1e15


@given(st.lists(st.tuples(STREAMS, st.floats(-1e6, 1e6)), max_size=50))
def test_the_clock_never_goes_back(pops: list[tuple[str, float]]) -> None:
    """Also when a target is due in the past."""
    clock = VirtualTime()
    for service_queue, due in pops:
        before = clock.v
        clock.advance_to(service_queue, due)
        assert clock.v >= before


def test_only_a_look_by_virtual_time_advances_the_clock() -> None:
    """Not a final look, an observation or a new queue position: an extra look is due in the future."""
    clock = in_a_surge()
    before = clock.v
    clock.due("a", constant(0.1))
    clock.record_final_look(1e6)
    clock.record_served(3.0)
    clock.observe("a", expected=0.1, crossed=True, hours=5.0, now=NOW)
    assert clock.v == before


def test_a_surge_advances_its_service_queue_and_writes_no_row() -> None:
    """The stored value stays; the longer the surge, the earlier the look."""
    clock = in_a_surge()
    due, other = clock.due("a", constant(0.001)), clock.due("b", constant(0.001))
    before = clock.position_of("a", due)
    clock.advance_to("b", clock.v + 5.0)
    assert clock.position_of("a", due) < before
    assert clock.position_of("b", other) == other
    assert clock.due("a", constant(0.001)) - clock.offset("a") == pytest.approx(clock.v + 2000**0.5)


def test_a_surge_counts_from_its_beginning() -> None:
    """The offset includes the time between the start of the surge and its detection."""
    clock, dice = VirtualTime(), random.Random(1)
    for hour in range(60):
        clock.advance_to("b", float(hour))
        for _ in range(30):
            crossed = dice.random() < (0.1 if hour > 40 else 0.02)
            clock.observe("a", expected=0.02, crossed=crossed, hours=6.0, now=NOW + timedelta(hours=hour))
    service_queue = clock.service_queues["a"]
    assert 36 < service_queue.began < 46
    assert service_queue.offset > (service_queue.surge.rate_multiplier - 1) * 10


def test_the_price_is_that_of_a_request() -> None:
    """A request that shows many orders has the sum of their values, and counts as one request."""
    clock = VirtualTime()
    for _ in range(5000):
        clock.record_served(40.0)
    assert clock.price == pytest.approx(40, rel=0.1)
    assert clock.affords(45.0)
    assert not clock.affords(35.0)


def test_a_few_final_looks_do_not_set_the_shadow_price() -> None:
    """Routine looks do."""
    clock = VirtualTime()
    for _ in range(200):
        clock.record_final_look(1e9)
    assert clock.price == pytest.approx(INITIAL_PRICE)


def test_final_looks_that_take_most_requests_set_the_shadow_price() -> None:
    """Otherwise they would take the whole budget; their value raises the price until some are refused."""
    clock = VirtualTime()
    for _ in range(4000):
        clock.record_final_look(1e4)
    assert clock.price > 50 * INITIAL_PRICE
    assert not clock.affords(INITIAL_PRICE)


def test_the_value_of_a_final_look_is_the_expected_unseen_loss() -> None:
    """The probability of a drop times the penalty in hours for a missed one."""
    assert final_look_value(3.0, 0.0) == 0
    assert final_look_value(3.0, 1e9) == pytest.approx(3 * MISSED_PENALTY_HOURS)


def test_virtual_time_is_stored_as_text() -> None:
    """With its surges, so that it continues unchanged."""
    clock = in_a_surge()
    clock.advance_to("a", 12.5)
    clock.record_served(30.0)
    again = VirtualTime.load(clock.dump())
    assert again == clock
    for each in (clock, again):
        each.advance_to("b", 99.0)
    assert again.offset("a") == clock.offset("a") > 0


@given(st.one_of(st.text(), st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(), inner, max_size=3)),
).map(json.dumps)))  # fmt: skip
def test_any_text_loads_as_a_clock(text: str) -> None:
    """Text of an older version, or empty text, gives a new clock."""
    clock = VirtualTime.load(text)
    assert clock.due("a", constant(0.01)) > clock.v
    assert VirtualTime.load(clock.dump()) == clock


@pytest.mark.parametrize(
    "text",
    [
        "[NaN,1,1,0,{}]",
        "[1e999,1,1,0,{}]",
        "[0,1e9,1,0,{}]",
        "[0,1,-5,0,{}]",
        '[0,1,1,0,{"a":[0,0]}]',
        '[0,1,1,0,{"a":[0,0,0,true,1e999,0,0,0,0,0,[]]}]',
        '[0,1,1,0,{"a":[0,0,0,true,-5,0,0,0,0,0,[]]}]',
        "[" * 100_000,
    ],
)
def test_an_invalid_stored_clock_starts_from_zero(text: str) -> None:
    """NaN and out-of-range numbers, queues of another shape, deep nesting."""
    assert VirtualTime.load(text) == VirtualTime()
