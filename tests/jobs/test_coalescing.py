"""Coalescing: one request serves every order and every target that it can."""

from datetime import timedelta

import pytest

from jobs.target_selection import LOOK_AGAIN, FixedSelection
from monitor.cadence.schedule import Priority
from monitor.model.target import Metric
from storage import sources, targets
from tests.jobs.jobs_world import HOUR, MINUTE, START, JobsWorld, an_eye, an_order
from tests.jobs.sources_world import FIXED, LATER, Pages, Profiles, a_post_order, choose, learn


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


def test_one_request_shows_a_profile_and_all_its_posts_to_all_their_orders(either: JobsWorld) -> None:
    """Three orders of followers, and one of likes on each of four posts: one request, five looks."""
    sell_a_profile(either, posts=4)
    either.sell(an_order("a"), an_order("b"))
    either.now = LATER
    source = Profiles()
    either.sampling(an_eye(source)).run_once()  # type: ignore[arg-type]
    assert len(source.read_together) == 1
    assert sorted(source.seen) == ["P01:likes", "P02:likes", "P03:likes", "P04:likes", "natgeo:followers"]
    assert either.rows("snapshots", "at") == [LATER] * 5
    assert either.rows("source_requests", "looks") == [5]


def test_likes_and_views_of_a_post_are_one_request(either: JobsWorld) -> None:
    either.sell(a_post_order("1", "AAA"), a_post_order("2", "AAA", Metric.VIEWS))
    either.now = LATER
    source = Pages()
    either.sampling(an_eye(source)).run_once()  # type: ignore[arg-type]
    assert [sorted(request) for request in source.read_together] == [["AAA:likes", "AAA:views"]]


def test_looks_are_counted_per_request(either: JobsWorld) -> None:
    """The saving can be shown: seven looks for three requests."""
    sell_a_profile(either, posts=4)
    either.sell(an_order("x", "other"), an_order("y", "another"))
    either.now = LATER
    either.sampling(an_eye(Profiles())).run_once()  # type: ignore[arg-type]
    with either.database.read() as tx:
        assert sources.served(tx, "profiles", START) == (3, 7)


def test_a_request_shows_no_more_than_the_source_takes_and_the_rest_is_shown_by_the_next(
    either: JobsWorld,
) -> None:
    sell_a_profile(either, posts=8)
    either.now = LATER
    source = Profiles(batch=4)
    either.sampling(an_eye(source)).run_once()  # type: ignore[arg-type]
    assert [len(request) for request in source.read_together] == [4, 4, 1]
    assert len(set(source.seen)) == 9


def test_what_was_just_seen_is_not_asked_for_again(either: JobsWorld) -> None:
    """A second urgent look at one post within ten minutes takes only those along that it did not show."""
    sell_a_profile(either, posts=2)
    either.now = LATER
    source = Profiles()
    sampling = either.sampling(an_eye(source))  # type: ignore[arg-type]
    sampling.run_once()
    for after, shown in ((LOOK_AGAIN - MINUTE, 1), (2 * LOOK_AGAIN, 3)):
        either.now = LATER + after
        with either.database.write() as tx:
            targets.schedule_by(tx, [2], either.now, "asked", Priority.URGENT)
        sampling.run_once()
        assert len(source.read_together[-1]) == shown


def test_what_is_due_again_soon_is_due_in_one_request(either: JobsWorld) -> None:
    """Five customers ask within ten minutes of the last look: the profile is asked for once."""
    sell_a_profile(either, posts=4)
    either.now = LATER
    source = Profiles()
    sampling = either.sampling(an_eye(source))  # type: ignore[arg-type]
    sampling.run_once()
    either.now = LATER + LOOK_AGAIN / 2
    with either.database.write() as tx:
        targets.schedule_by(tx, range(1, 6), either.now, "asked", Priority.URGENT)
    sampling.run_once()
    assert [len(request) for request in source.read_together] == [5, 5]


def test_what_follows_from_a_request_is_written_in_one_transaction(either: JobsWorld) -> None:
    """Five targets fall at once: five drops, by looks of one moment, each confirmed two hours later."""
    sell_a_profile(either, posts=4)
    source = Profiles(script=lambda _name, now: 2000 if now < LATER else 1500)
    sampling = either.sampling(an_eye(source))  # type: ignore[arg-type]
    either.now = LATER
    sampling.run_once()
    assert either.rows("drops", "opened_at") == [LATER] * 5
    either.now = LATER + 2 * HOUR
    sampling.run_once()
    assert len(source.read_together) == 2
    assert either.rows("refills", "order_id", "quantity") == [(str(n), 500) for n in range(5)]


def test_a_read_that_fails_as_a_whole_writes_nothing_and_all_are_asked_again(either: JobsWorld) -> None:
    sell_a_profile(either, posts=4)
    either.now = LATER
    source = Profiles(script=lambda _name, _now: ValueError("bug"))
    sampling = either.sampling(an_eye(source))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="bug"):
        sampling.run_once()
    assert either.rows("snapshots") == []
    source.script = lambda _name, _now: 2000
    either.now += LOOK_AGAIN
    sampling.run_once()
    assert [len(request) for request in source.read_together] == [5, 5]


def test_the_looks_of_a_check_serve_the_other_targets_of_the_request(either: JobsWorld) -> None:
    """A customer asks about one post; the profile and its other posts are seen as well."""
    sell_a_profile(either, posts=3)
    either.now = LATER
    source = Profiles()
    configured = an_eye(source)  # type: ignore[arg-type]
    either.sampling(configured).run_once()
    either.now += HOUR
    either.checking(configured).check("2")
    assert [len(request) for request in source.read_together] == [4, 4]
    assert either.rows("source_requests", "purpose", "looks") == [("look", 4), ("check", 4)]


def test_a_target_in_the_hands_of_another_daemon_is_not_asked_for_twice(either: JobsWorld) -> None:
    """What is taken is put off before the request is sent."""
    sell_a_profile(either, posts=3)
    either.now = LATER
    source, other = Profiles(), Profiles()
    second = either.sampling(an_eye(other))  # type: ignore[arg-type]
    read = source.read

    def meanwhile(shown, now):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        second.run_once()
        return read(shown, now)

    source.read = meanwhile  # type: ignore[method-assign]
    either.sampling(an_eye(source, spacing=timedelta(0))).run_once()  # type: ignore[arg-type]
    assert (len(source.read_together), other.read_together) == (1, [])
