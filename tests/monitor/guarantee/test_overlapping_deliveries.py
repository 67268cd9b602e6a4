"""RULES 3: money in hidden worlds where deliveries overlap and progress gradually.

`EFFORT=100` runs a hundred thousand profiles.
"""

from random import Random

import pytest

from tests.effort import EFFORT
from tests.monitor.guarantee.overlapping_deliveries import LAST_HOUR, Shop, sequential_shop, shop

BATCH = 125
"""Profiles per test case, so that test processes can share them."""
GAPS = (1, 2, 6, 6, 24, 48)


@pytest.mark.parametrize("batch", range(8 * EFFORT))
def test_without_losses_no_drop_opens(batch: int) -> None:
    """However deliveries overlap, whatever is known, missing or measured, whenever one looks."""
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        random = Random(seed)
        tried = shop(random, losses=False)
        for hour in looks(random):
            assert not any(verdict.opened for verdict in tried.look(hour)), f"seed {seed}, hour {hour}"


@pytest.mark.parametrize("batch", range(8 * EFFORT))
def test_no_more_is_refilled_than_was_lost(batch: int) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        random = Random(seed)
        tried = shop(random, losses=True)
        for hour in looks(random):
            tried.look(hour)
            assert tried.refilled <= tried.profile.lost(hour), f"seed {seed}, hour {hour}"
            tried.fulfil(hour)


@pytest.mark.parametrize("batch", range(2 * EFFORT))
def test_all_that_is_lost_is_refilled_where_orders_follow_each_other(batch: int) -> None:
    """With known creation times and start counts, and within the limits of the terms."""
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        random = Random(seed)
        tried = sequential_shop(random, losses=random.randint(1, 6))
        live(tried, random)
        for hour in range(LAST_HOUR, LAST_HOUR + 100):
            tried.look(hour)
            tried.fulfil(hour)
        assert tried.refilled == tried.profile.lost(LAST_HOUR), f"seed {seed}"


def test_most_of_what_is_lost_is_refilled() -> None:
    """The worlds are no empty ones: of what 200 profiles lost, a fifth is refilled under random terms."""
    lost, refilled = map(sum, zip(*(lost_and_refilled(seed) for seed in range(200)), strict=True))
    assert refilled > lost / 5


def lost_and_refilled(seed: int) -> tuple[int, int]:
    random = Random(seed)
    tried = shop(random, losses=True)
    live(tried, random)
    return tried.profile.lost(LAST_HOUR), tried.refilled


def live(tried: Shop, random: Random) -> None:
    for hour in looks(random):
        tried.look(hour)
        tried.fulfil(hour)


def looks(random: Random) -> list[int]:
    hours = [0]
    while hours[-1] < LAST_HOUR:
        hours.append(hours[-1] + random.choice(GAPS))
    return hours[1:]
