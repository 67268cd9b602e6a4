"""Samples of orders: bounded in all and by group, and fair."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.survival.sampling import MOST_OF_A_GROUP, MOST_ORDERS, is_sampled, order_quota

SIZES = st.lists(st.integers(1, 1_000_000), max_size=500)


@given(SIZES)
def test_no_more_orders_are_read_than_the_limits_say(sizes: list[int]) -> None:
    quota = order_quota(sizes)
    assert 1 <= quota <= MOST_OF_A_GROUP
    assert sum(min(size, quota) for size in sizes) <= MOST_ORDERS


@given(SIZES)
def test_nothing_is_given_away(sizes: list[int]) -> None:
    """A higher quota would exceed a limit."""
    quota = order_quota(sizes)
    assert quota == MOST_OF_A_GROUP or sum(min(size, quota + 1) for size in sizes) > MOST_ORDERS - len(sizes)


def test_small_groups_leave_their_room_to_larger_ones() -> None:
    assert order_quota([1_000_000] * 100) == 500
    assert order_quota([*[1_000_000] * 50, *[1] * 50]) == 998 + 1


def test_a_sample_has_about_its_fraction_of_the_orders() -> None:
    assert 1_850 < sum(is_sampled(str(number), 0.2) for number in range(10_000)) < 2_150


def test_a_sample_of_all_orders_has_all() -> None:
    assert all(is_sampled(str(number), 1.0) for number in range(100))
