"""Coalescing: one request serves all orders and all targets with its request_key."""

from datetime import timedelta

import pytest

from jobs.target_selection import CLAIMED_FOR, FixedSelection
from monitor.cadence.schedule import Priority
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from storage import sources, targets
from tests.builders import HOUR, MINUTE, START
from tests.jobs.jobs_world import JobsWorld, a_configured_source, an_order
from tests.jobs.scripted_sources import EVERY, FIXED, LATER, Pages, Profiles, a_post_order, choose, learn


@pytest.fixture(params=["fixed", "learned"])
def either(request: pytest.FixtureRequest, world: JobsWorld) -> JobsWorld:
    """A world under each of the two cadences."""
    if request.param == "learned":
        learn(world)
    else:
        choose(world, FIXED, FixedSelection())
    return world


def sell_a_profile(world: JobsWorld, posts: int) -> None:
    world.sell(an_order("0"), *(a_post_order(str(n), f"P{n:02}") for n in range(1, posts + 1)))


def test_one_request_serves_a_profile_its_posts_and_all_their_orders(either: JobsWorld) -> None:
    """Three orders of followers, and one of likes on each of four posts: one request, five looks."""
    sell_a_profile(either, posts=4)
    either.sell(an_order("a"), an_order("b"))
    either.now = LATER
    source = Profiles()
    either.sampling(a_configured_source(source)).run_once()
    assert len(source.requests) == 1
    assert sorted(source.seen) == ["P01:likes", "P02:likes", "P03:likes", "P04:likes", "natgeo:followers"]
    assert either.rows("snapshots", "at") == [LATER] * 5
    assert either.rows("source_requests", "looks") == [5]


def test_likes_and_views_of_a_post_are_one_request(either: JobsWorld) -> None:
    either.sell(a_post_order("1", "AAA"), a_post_order("2", "AAA", Metric.VIEWS))
    either.now = LATER
    source = Pages()
    either.sampling(a_configured_source(source)).run_once()
    assert [sorted(request) for request in source.requests] == [["AAA:likes", "AAA:views"]]


def test_looks_are_counted_per_request(either: JobsWorld) -> None:
    """Three requests serve seven looks."""
    sell_a_profile(either, posts=4)
    either.sell(an_order("x", "other"), an_order("y", "another"))
    either.now = LATER
    either.sampling(a_configured_source(Profiles())).run_once()
    with either.database.read() as tx:
        assert sources.served(tx, "profiles", START) == (3, 7)


def test_a_request_is_limited_to_the_batch_of_the_source_and_the_next_takes_the_rest(
    either: JobsWorld,
) -> None:
    sell_a_profile(either, posts=8)
    either.now = LATER
    source = Profiles(batch=4)
    either.sampling(a_configured_source(source)).run_once()
    assert [len(request) for request in source.requests] == [4, 4, 4]
    assert len(set(source.seen[:8])) == 8
    assert len(set(source.seen)) == 9


def test_a_request_for_one_target_is_written_down_for_all(either: JobsWorld) -> None:
    """Also a minute after the last look: the page shows them at no further cost."""
    sell_a_profile(either, posts=2)
    either.now = LATER
    source = Profiles()
    sampling = either.sampling(a_configured_source(source))
    sampling.run_once()
    either.now += MINUTE
    with either.database.write() as tx:
        targets.schedule_by(tx, [2], either.now, "asked", Priority.URGENT)
    sampling.run_once()
    assert [len(request) for request in source.requests] == [3, 3]
    assert len(either.rows("snapshots")) == 6


def test_a_post_that_was_not_found_is_looked_for_only_at_its_own_time(either: JobsWorld) -> None:
    """Its source reads as many pages as it may for it, which the others do not need."""
    sell_a_profile(either, posts=2)
    either.now = LATER
    source = Profiles(script=lambda name, _now: Outcome.UNAVAILABLE if name == "P02" else 2000)
    sampling = either.sampling(a_configured_source(source))
    sampling.run_once()
    for target_id, shown in ((1, 2), (3, 3)):
        either.now += MINUTE
        with either.database.write() as tx:
            targets.schedule_by(tx, [target_id], either.now, "asked", Priority.URGENT)
        sampling.run_once()
        assert len(source.requests[-1]) == shown


def test_targets_of_one_request_get_one_due_time(world: JobsWorld) -> None:
    """The youngest order needs the earliest look; the others say that it is made for them too."""
    choose(world, FIXED, FixedSelection())
    ages = [timedelta(hours=hours) for hours in (30, 100, 400)]
    world.sell(
        an_order("0", completed_at=START - ages[2]),
        a_post_order("1", "P01", completed_at=START - ages[1]),
        a_post_order("2", "P02", completed_at=START - ages[0]),
    )
    world.sampling(a_configured_source(Profiles())).run_once()
    assert set(world.rows("targets", "next_due_at")) == {START + EVERY / 2}
    assert world.rows("targets", "due_reason") == ["routine, in one request"] * 2 + ["routine"]


def test_targets_due_soon_after_a_look_are_read_in_one_request(either: JobsWorld) -> None:
    """Five requests within ten minutes of the last look cause one read."""
    sell_a_profile(either, posts=4)
    either.now = LATER
    source = Profiles()
    sampling = either.sampling(a_configured_source(source))
    sampling.run_once()
    either.now = LATER + CLAIMED_FOR / 2
    with either.database.write() as tx:
        targets.schedule_by(tx, range(1, 6), either.now, "asked", Priority.URGENT)
    sampling.run_once()
    assert [len(request) for request in source.requests] == [5, 5]


def test_the_results_of_a_request_are_written_in_one_transaction(either: JobsWorld) -> None:
    """Five targets fall together: five drops with one time, each confirmed two hours later."""
    sell_a_profile(either, posts=4)
    source = Profiles(script=lambda _name, now: 2000 if now < LATER else 1500)
    sampling = either.sampling(a_configured_source(source))
    either.now = LATER
    sampling.run_once()
    assert either.rows("drops", "opened_at") == [LATER] * 5
    either.now = LATER + 2 * HOUR
    sampling.run_once()
    assert len(source.requests) == 2
    assert either.rows("refills", "order_id", "quantity") == [(str(n), 500) for n in range(5)]


def test_a_read_that_raises_writes_nothing_and_is_repeated(either: JobsWorld) -> None:
    sell_a_profile(either, posts=4)
    either.now = LATER
    source = Profiles(script=lambda _name, _now: ValueError("bug"))
    sampling = either.sampling(a_configured_source(source))
    with pytest.raises(ValueError, match="bug"):
        sampling.run_once()
    assert either.rows("snapshots") == []
    source.script = lambda _name, _now: 2000
    either.now += CLAIMED_FOR
    sampling.run_once()
    assert [len(request) for request in source.requests] == [5, 5]


def test_a_check_also_records_the_other_targets_of_its_request(either: JobsWorld) -> None:
    """A check of one post also reads the profile and its other posts."""
    sell_a_profile(either, posts=3)
    either.now = LATER
    source = Profiles()
    configured = a_configured_source(source)
    either.sampling(configured).run_once()
    either.now += HOUR
    either.checking(configured).check("2")
    assert [len(request) for request in source.requests] == [4, 4]
    assert either.rows("source_requests", "purpose", "looks") == [("look", 4), ("check", 4)]


def test_a_target_claimed_by_another_daemon_is_not_read_twice(either: JobsWorld) -> None:
    """Targets are claimed before the request is sent."""
    sell_a_profile(either, posts=3)
    either.now = LATER
    other = Profiles()
    second = either.sampling(a_configured_source(other))
    source = Profiles(while_reading=second.run_once)
    either.sampling(a_configured_source(source, spacing=timedelta(0))).run_once()
    assert (len(source.requests), other.requests) == (1, [])


def test_a_request_stays_in_step_when_one_of_its_targets_has_an_open_drop(world: JobsWorld) -> None:
    """The look at the followers changes nothing and could be saved alone, on the fast path."""
    learn(world)
    sell_a_profile(world, posts=1)
    source = Profiles()
    sampling = world.sampling(a_configured_source(source))
    source.script = lambda name, now: 1500 if name == "P01" and now > LATER else 2000
    for hours in (0, 6):
        world.now = LATER + hours * HOUR
        with world.database.write() as tx:
            targets.schedule_by(tx, [1, 2], world.now, "asked", Priority.URGENT)
        sampling.run_once()
    assert world.rows("drops", "order_id") == ["1"]
    assert len(set(world.rows("targets", "next_due_at"))) == 1
