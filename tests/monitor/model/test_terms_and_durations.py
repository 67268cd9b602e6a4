"""RULES 2, 4 and 5: the words of an order, its threshold, its limits, and how durations are written."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from monitor.model.duration import format_duration, parse_duration
from monitor.model.order import Flag, OrderStatus
from monitor.model.terms import BelowStart, RefillMode, Terms
from tests.builders import DAY, HOUR, MINUTE, SECOND, START, an_order
from tests.effort import examples

# The words of an order


@pytest.mark.parametrize(
    ("quantity", "remains", "expected"), [(1000, 0, 1000), (1000, 300, 700), (1000, 1000, 0)]
)
def test_delivered_is_quantity_less_remains(quantity: int, remains: int, expected: int) -> None:
    """RULES 2: delivered = quantity - remains."""
    assert expected == an_order(delivered=quantity - remains, remains=remains).delivered


def test_baseline_is_start_count_plus_delivered() -> None:
    """RULES 2: start_count + delivered, what remains not included."""
    order = an_order(start_count=250, delivered=700, remains=300)
    expected = 950  # 250 + (1000 - 300)
    assert expected == order.baseline


def test_an_order_without_start_count_has_no_baseline_yet() -> None:
    """RULES 2: a missing start count is never taken for 0."""
    order = an_order(start_count=None)
    with pytest.raises(ValueError, match="no start count"):
        order.baseline  # noqa: B018


@pytest.mark.parametrize(
    ("spelling", "guaranteed", "waiting"),
    [
        ("Completed", True, False),
        ("Partial", True, False),
        ("Pending", False, True),
        ("In progress", False, True),
        ("Processing", False, True),
        ("Canceled", False, False),
        ("Refunded", False, False),
        ("Fail", False, False),
    ],
)
def test_a_status_carries_the_guarantee_waits_for_delivery_or_carries_none(
    spelling: str, guaranteed: bool, waiting: bool
) -> None:
    """RULES 2: the eight statuses, spelled as panels write them."""
    status = OrderStatus(spelling)
    assert (guaranteed, waiting) == (an_order(status=status).guaranteed, status.waiting)


def test_there_are_no_other_statuses() -> None:
    """RULES 2 names eight."""
    expected = 8
    assert expected == len(OrderStatus)


def test_an_order_that_delivered_nothing_carries_no_guarantee() -> None:
    """RULES 3: there is nothing that such an order could lose."""
    assert not an_order(status=OrderStatus.PARTIAL, delivered=0, remains=1000).guaranteed


@pytest.mark.parametrize(
    ("flag", "voids"),
    [
        ("hold", False),
        ("dispute", True),
        ("chargeback", True),
        ("abuse", True),
        ("guideline_violation", True),
    ],
)
def test_hold_suspends_the_guarantee_and_the_other_four_flags_void_it(flag: str, voids: bool) -> None:
    """RULES 1: `hold` suspends the guarantee, the other four void it."""
    assert voids is Flag(flag).voids


def test_there_are_no_other_flags() -> None:
    """RULES 1 names five."""
    expected = 5
    assert expected == len(Flag)


@pytest.mark.parametrize(
    ("after", "inside"),
    [
        (-timedelta.resolution, False),
        (timedelta(0), True),
        (30 * DAY - timedelta.resolution, True),
        (30 * DAY, False),
    ],
)
def test_the_window_runs_from_completion_to_just_before_its_end(after: timedelta, inside: bool) -> None:
    """RULES 3: t < completed_at + window."""
    assert inside is an_order(window=30 * DAY).in_window(START + after)


def test_the_window_of_a_lifetime_has_no_end() -> None:
    """RULES 5, defaults: window 30d (also `lifetime`)."""
    order = an_order(window=None)
    assert order.ends_at is None
    assert order.in_window(START + 10_000 * DAY)


# Terms


def test_the_defaults_are_the_published_ones() -> None:
    """RULES 5, the paragraph of defaults, written out."""
    expected = Terms(
        window=timedelta(days=30),
        settle=timedelta(hours=24),
        min_drop_percent=5,
        min_drop_units=10,
        confirmations=2,
        confirm_after=timedelta(hours=2),
        cooldown=timedelta(hours=24),
        max_refills=3,
        max_refill_percent=150,
        below_start=BelowStart("review"),
        partial_orders=True,
        refill=RefillMode("automatic"),
    )
    assert expected == Terms()


@pytest.mark.parametrize(
    ("units", "percent", "delivered", "expected"),
    [
        (10, 5, 1000, 50),  # 5% of 1000
        (10, 5, 200, 10),  # 5% of 200 is 10, as much as the units
        (10, 5, 201, 11),  # 10.05, rounded up
        (10, 5, 220, 11),  # 11 exactly
        (10, 5, 100, 10),  # 5% is 5, the units are more
        (10, 5, 3, 10),  # more than was delivered: such a small order has no drops
        (0, 1, 1, 1),  # 0.01, rounded up
        (0, 33, 10, 4),  # 3.3, rounded up
        (0, 100, 7, 7),
        (7, 0, 1_000_000, 7),
        (0, 0, 1000, 1),  # at least 1
        (0, 5, 10**15 + 1, 5 * 10**13 + 1),  # 5e13 + 0.05, rounded up: no float can tell this
    ],
)
def test_threshold_is_the_largest_of_units_and_percentage_and_one(
    units: int, percent: int, delivered: int, expected: int
) -> None:
    """RULES 4: threshold = max(min_drop_units, ceil(min_drop_percent% of delivered), 1)."""
    terms = Terms(min_drop_units=units, min_drop_percent=percent)
    assert expected == terms.threshold(delivered)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_drop_percent", -1),
        ("min_drop_percent", 101),
        ("min_drop_units", -1),
        ("confirmations", 0),
        ("max_refills", -1),
        ("max_refill_percent", -1),
        ("window", timedelta(0)),
        ("window", -DAY),
    ],
)
def test_terms_outside_their_limits_are_refused_by_name(field: str, value: Any) -> None:
    """RULES 5: a limit outside its range is no promise."""
    with pytest.raises(BadInputError) as refused:
        Terms(**{field: value})
    assert field == refused.value.field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_drop_percent", 0),
        ("min_drop_percent", 100),
        ("min_drop_units", 0),
        ("confirmations", 1),
        ("max_refills", 0),
        ("max_refill_percent", 0),
        ("window", None),
        ("window", SECOND),
    ],
)
def test_terms_at_their_limits_are_accepted(field: str, value: Any) -> None:
    """RULES 5: 0 = no limit, `lifetime`, and the least and most of each limit."""
    assert value == getattr(Terms(**{field: value}), field)


# Durations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("30d", timedelta(days=30)),
        ("0s", timedelta(0)),
        ("007d", timedelta(days=7)),
        (" 24h ", timedelta(hours=24)),
        ("36500d", timedelta(days=36_500)),
        ("999999999s", timedelta(seconds=999_999_999)),
    ],
)
def test_durations_are_written_with_one_number_and_one_unit(text: str, expected: timedelta) -> None:
    """RULES 5: durations are written `90s`, `30m`, `24h`, `30d`."""
    assert expected == parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "d",
        "-1d",
        "+1d",
        "1.5h",
        "1 d",
        "1h30m",
        "30D",
        "2w",
        "1e3s",
        "1_000s",
        "30d\n1",
        "lifetime",
        "٣d",
        "1000000000s",
        "36501d",
        "999999999d",
    ],
)
def test_anything_else_is_not_a_duration(text: str) -> None:
    """RULES 5: no signs, fractions, sums, other units or digits; and nothing beyond 100 years."""
    with pytest.raises(BadInputError, match=r"^settle: "):
        parse_duration(text, "settle")


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(0), "0s"),
        (SECOND, "1s"),
        (90 * SECOND, "90s"),
        (MINUTE, "1m"),
        (90 * MINUTE, "90m"),
        (HOUR, "1h"),
        (25 * HOUR, "25h"),
        (24 * HOUR, "1d"),
        (30 * DAY, "30d"),
        (DAY + SECOND, "86401s"),
    ],
)
def test_a_duration_is_written_with_the_largest_unit_that_divides_it(
    duration: timedelta, expected: str
) -> None:
    """RULES 5: the operator reads durations the way operators write them."""
    assert expected == format_duration(duration)


@given(st.integers(0, 999_999_999), st.sampled_from("smhd"))
@examples(100)
def test_a_duration_written_and_read_again_is_the_same(number: int, unit: str) -> None:
    """RULES 5: what was read is written so that it reads the same."""
    limit = {"s": 10**9, "m": 36_500 * 24 * 60, "h": 36_500 * 24, "d": 36_500}[unit]
    duration = parse_duration(f"{number % limit}{unit}")
    assert duration == parse_duration(format_duration(duration))
