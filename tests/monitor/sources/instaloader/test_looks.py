"""All looks: counts, number of requests, and requests that are never sent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading, Source
from monitor.sources.instaloader.source import InstaloaderSource
from refilld.demo.instagram import DemoInstagram, InstagramStandIn, Post, Profile, media, page, post_answer
from refilld.demo.tunnel import HttpAnswer

CODE = "C0deAAAAAAA"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
USER = {"pk": "1", "username": "natgeo", "is_private": False, "follower_count": 1234}


def user_page(**changes: Any) -> HttpAnswer:
    return page({"xig_user_by_username": USER | changes})


def post_with(**changes: Any) -> HttpAnswer:
    return post_answer(media(CODE, likes=100, plays=9001) | changes)


def test_it_fulfils_the_contract_of_a_source(source: InstaloaderSource) -> None:
    """The registry accepts it under its configured name."""
    assert isinstance(InstaloaderSource(), Source)
    assert (source.name, source.batch) == ("instaloader", 2)


def test_it_counts_followers_likes_and_views(source: InstaloaderSource) -> None:
    """All metrics are supported."""
    assert source.metrics == frozenset({Metric.FOLLOWERS, Metric.LIKES, Metric.VIEWS})


@pytest.mark.parametrize(
    ("kind", "metric"),
    [(LinkKind.POST, Metric.FOLLOWERS), (LinkKind.PROFILE, Metric.LIKES), (LinkKind.PROFILE, Metric.VIEWS)],
)
def test_a_metric_on_the_wrong_kind_of_page_is_never_requested(
    source: InstaloaderSource, kind: LinkKind, metric: Metric
) -> None:
    """Followers of a post, or likes of a profile, cost no request and give no number."""
    reading = source.read([Target(Link(kind, "natgeo"), metric)], datetime.now(UTC))
    assert (reading.requests, reading.snapshots[0].outcome) == (0, Outcome.SCHEMA)


@pytest.mark.parametrize(
    ("metric", "count", "counted"),
    [
        (Metric.FOLLOWERS, 1234, "follower_count"),
        (Metric.LIKES, 100, "like_count"),
        (Metric.VIEWS, 9001, "play_count"),
    ],
)
def test_a_count_names_its_origin(
    script: Any, look: Callable[..., Snapshot], metric: Metric, count: Any, counted: str
) -> None:
    """A snapshot has the count kind, the source and the time."""
    seen = look(metric)
    assert (seen.outcome, seen.count, seen.count_kind) == (Outcome.COUNT, count, counted)
    assert (seen.source, seen.at, seen.detail) == ("instaloader", NOON, "")


@pytest.mark.parametrize("count", [0, 1, 10**12 - 1])
def test_every_plausible_number_is_a_count(script: Any, look: Callable[..., Snapshot], count: Any) -> None:
    """Zero included; whether it is credible is decided elsewhere."""
    script.page, script.query = user_page(follower_count=count), post_with(like_count=count, play_count=count)
    assert [look(metric).count for metric in Metric] == [count] * 3


@pytest.mark.parametrize("count", [-2, 10**12, 10**40, True, 12.0, "1234", "1.2m", [5], {"count": 5}])
def test_an_impossible_number_is_no_count(script: Any, look: Callable[..., Snapshot], count: Any) -> None:
    """Rounded, spelled out, impossible and nested numbers are a schema outcome."""
    script.page, script.query = user_page(follower_count=count), post_with(like_count=count, play_count=count)
    assert {look(metric).outcome for metric in Metric} == {Outcome.SCHEMA}


def test_a_second_look_gives_the_new_count(standin: InstagramStandIn, look: Callable[..., Snapshot]) -> None:
    """Nothing about a profile or a post is cached between looks."""
    minutes = iter(range(100))
    world = DemoInstagram(lambda: NOON + timedelta(minutes=next(minutes)))
    standin.world = world
    world.profiles["natgeo"] = Profile(lambda at: 1000 + at.minute)
    world.posts[CODE] = Post(lambda at: 2000 + at.minute)
    seen = [look(metric).count for metric in (Metric.FOLLOWERS, Metric.LIKES) * 2]
    assert seen == [1000, 2001, 1002, 2003]


@pytest.mark.parametrize(
    "key", ["natgeo/?x=1", "natgeo#", "NatGeo", "../p", "a" * 31, "ü", "a\nb", "natgeo\n", " "]
)
def test_an_unquoted_username_is_never_sent(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading], key: str
) -> None:
    """The library would put it into the address unquoted."""
    reading = read(Metric.FOLLOWERS, key)
    assert (reading.snapshots[0].outcome, reading.requests, standin.requests) == (Outcome.SCHEMA, 0, ())


@pytest.mark.parametrize("key", ['abc","x":"', "abc/de", "abcd", "a" * 41, "abcdé"])
def test_an_invalid_shortcode_is_never_sent(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading], key: str
) -> None:
    """Nor is another request sent."""
    reading = read(Metric.LIKES, key)
    assert (reading.snapshots[0].outcome, reading.requests, standin.requests) == (Outcome.SCHEMA, 0, ())


def test_a_metric_on_the_wrong_kind_of_page_is_never_sent(
    standin: InstagramStandIn, script: Any, source: InstaloaderSource
) -> None:
    """Followers of a post do not exist."""
    reading = source.read([Target(Link(LinkKind.POST, CODE), Metric.FOLLOWERS)], NOON)
    assert (reading.requests, standin.requests) == (0, ())


def test_every_target_of_a_reading_gets_its_snapshot_in_order(script: Any, source: InstaloaderSource) -> None:
    """A fault of one target does not affect the others."""
    profile = Target(Link(LinkKind.PROFILE, "natgeo"), Metric.FOLLOWERS)
    other, post = (
        Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS),
        Target(Link(LinkKind.POST, CODE), Metric.LIKES),
    )
    reading = source.read([profile, other, post], NOON)
    assert [seen.target for seen in reading.snapshots] == [profile, other, post]
    assert [seen.count for seen in reading.snapshots] == [1234, None, 100]
    assert reading.requests == 4


def test_the_library_does_not_sleep(
    script: Any, read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget paces requests, and survives a restart."""

    def sleep(_seconds: float) -> None:
        raise AssertionError("slept")

    monkeypatch.setattr("time.sleep", sleep)
    assert {read(Metric.FOLLOWERS).snapshots[0].count for _ in range(90)} == {1234}


def test_the_start_page_is_requested_again_after_some_hours_and_after_an_unexpected_answer(
    script: Any, read: Callable[..., Reading]
) -> None:
    """The library would keep its tokens without limit, but Instagram lets them expire."""
    costs = [read(Metric.LIKES, now=NOON + timedelta(hours=hours)).requests for hours in (0, 1, 5, 6, 7, 13)]
    assert costs == [2, 1, 1, 2, 1, 2]
    later = NOON + timedelta(hours=14)
    good, costs = script.query, []
    for script.query in (HttpAnswer("", 403), good, HttpAnswer("null"), good, HttpAnswer("", 429), good):
        costs.append(read(Metric.LIKES, now=later).requests)
    assert costs == [1, 2, 1, 2, 1, 1]


def test_a_start_page_without_a_cookie_costs_another_counted_request(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading]
) -> None:
    """The library requests the cookie before each query."""
    script.start = HttpAnswer(script.start.body)
    costs = [read(Metric.LIKES).requests for _ in range(2)]
    assert costs == [3, 2]
    assert len(standin.requests) == sum(costs)
