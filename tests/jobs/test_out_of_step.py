"""Coalescing of targets whose looks are due at different times."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from jobs.adaptive_selection import AdaptiveSelection
from jobs.target_selection import FixedSelection
from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.fixed import FixedCadence
from monitor.cadence.hazard import Hazards
from storage import sources
from tests.builders import DAY, HOUR, MINUTE, START
from tests.jobs.jobs_world import JobsWorld, a_configured_source, an_order
from tests.jobs.scripted_sources import EVERY, Profiles, a_post, a_post_order, choose

ACCOUNTS, TARGETS = 8, 5
CONFIRM_AFTER = HOUR


def sell_one(world: JobsWorld, number: int) -> None:
    """Sell followers of an account, or likes of one of its posts; each order is older than the last."""
    order_id, account = f"{number:02}", f"account{number % ACCOUNTS:02}"
    completed = world.now - (26 + 11 * number) * HOUR
    order = an_order(order_id, account, completed_at=completed, terms={"confirm_after": CONFIRM_AFTER})
    if number >= ACCOUNTS:
        order = replace(order, service="likes", target=a_post(f"Post{order_id}", owner=account))
    world.sell(order)


def falling(name: str, now: datetime) -> int:
    """Each target loses a quarter at its own time."""
    return 1500 if now >= START + 4 * HOUR + int(name[-2:]) * 31 * MINUTE else 2000


def choose_cadence(world: JobsWorld, kind: str, every: timedelta) -> None:
    if kind == "fixed":
        choose(world, FixedCadence(every), FixedSelection())
    else:
        cadence = AdaptiveCadence(every, Hazards({}))
        choose(world, cadence, AdaptiveSelection(cadence))


def check_confirmations(world: JobsWorld) -> None:
    """Check that no drop was confirmed before two looks and an hour."""
    confirmed = [
        (looks, at - opened)
        for opened, at, looks in world.rows("drops", "opened_at", "confirmed_at", "looks")
        if at is not None
    ]
    assert len(confirmed) > 1
    assert all(looks >= 2 and after >= CONFIRM_AFTER for looks, after in confirmed)


@pytest.mark.parametrize(
    ("kind", "every", "per_hour", "length"), [("learned", EVERY, 5, DAY), ("fixed", 10 * MINUTE, 100, HOUR)]
)
def test_targets_that_are_out_of_step_take_few_requests(
    world: JobsWorld, kind: str, every: timedelta, per_hour: int, length: timedelta
) -> None:
    """Eight accounts of five targets, sold one by one, each falling at its own time: four looks a request."""
    choose_cadence(world, kind, every)
    source = Profiles(script=falling)
    sampling = world.sampling(a_configured_source(source, per_hour=per_hour))
    for number in range(ACCOUNTS * TARGETS):
        sell_one(world, number)
        sampling.run_once()
        world.now += 7 * MINUTE
    sold = world.now
    while world.now < sold + length:
        sampling.run_once()
        world.now += length / 48
    with world.database.read() as tx:
        requests, looks = sources.served(tx, source.name, sold - MINUTE)
    assert requests == sum(at >= sold for at in source.times)
    assert looks == sum(at >= sold for at in world.rows("snapshots", "at"))
    assert looks >= 4 * requests
    check_confirmations(world)


def test_targets_of_one_request_come_into_step(world: JobsWorld) -> None:
    """Three posts, sold a minute apart, are read by one request each interval from then on."""
    choose_cadence(world, "fixed", 6 * MINUTE)
    source = Profiles()
    sampling = world.sampling(a_configured_source(source))
    for number in range(3):
        world.sell(a_post_order(str(number), f"Post{number}", completed_at=START - 9 * DAY))
        sampling.run_once()
        world.now += MINUTE
    source.requests.clear()
    for _ in range(60):
        sampling.run_once()
        world.now += MINUTE
    assert [len(request) for request in source.requests] == [3] * 10
