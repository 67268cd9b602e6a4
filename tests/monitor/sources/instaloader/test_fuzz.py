"""Mutated answers raise nothing, and give no count that they do not contain."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.instaloader.page_counts import followers, likes, views
from monitor.sources.instaloader.source import InstaloaderSource
from refilld.demo.instagram import MISSING, media, page, post_answer, user
from refilld.demo.tunnel import HttpAnswer

CODE = "C0deAAAAAAA"
LOST = Target(Link(LinkKind.PROFILE, "natgeo"), Metric.FOLLOWERS, account="17")
USER = {"pk": "1", "username": "natgeo", "is_private": False, "follower_count": 1234}
PAGES = [
    {"xig_user_by_username": USER},
    {"xig_user_by_username": {"pk": "1", "username": "natgeo"}},
    {"x": 1},
]
NODE = media(CODE, likes=100, plays=9001)
POST = json.loads(post_answer(NODE).body)

REPLACEMENTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 3, 10**12 - 1, 10**12, 10**30]),
    st.floats(allow_nan=True),
    st.text(max_size=5),
    st.sampled_from(["natgeo", "NATGEO", CODE, [], {}, [1], {"count": 5}]),
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a JSON value."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from paths(part, (*here, key))


def replaced(value: Any, path: tuple[Any, ...], replacement: Any, *, drop: bool) -> Any:
    """The value with one part changed or left out."""
    if not path:
        return replacement
    if isinstance(value, dict):
        return {
            key: replaced(part, path[1:], replacement, drop=drop) if key == path[0] else part
            for key, part in value.items()
            if not (drop and path == (key,))
        }
    return [
        replaced(part, path[1:], replacement, drop=drop) if at == path[0] else part
        for at, part in enumerate(value)
    ]


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """The value with one to three parts changed or left out."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(value))))
        value = replaced(value, path, draw(REPLACEMENTS), drop=draw(st.booleans()))
    return value


def numbers(value: Any) -> set[int]:
    """All integers in a JSON value."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return {number for part in parts for number in numbers(part)}
    return {value} if type(value) is int else set()


@settings(max_examples=400, deadline=None)
@given(mutated(PAGES))
def test_a_mutated_profile_never_yields_an_invented_count(pages: Any) -> None:
    """A count is the follower_count of a user object."""
    if not isinstance(pages, list):
        return
    pages = [one for one in pages if isinstance(one, dict)]
    seen = followers(pages, "natgeo")
    if seen.outcome is Outcome.COUNT:
        users = [one["xig_user_by_username"] for one in pages if one.get("xig_user_by_username")]
        assert seen.count in [user.get("follower_count") for user in users]
        assert all(user.get("is_private") is not True for user in users)


@settings(max_examples=400, deadline=None)
@given(mutated(NODE))
def test_a_mutated_post_never_yields_an_invented_count(node: Any) -> None:
    """A count is the value of the field that it names, and that field is not hidden."""
    if not isinstance(node, dict):
        return
    for seen in (likes(node), views(node)):
        if seen.outcome is Outcome.COUNT:
            assert (type(seen.count), seen.count) == (int, node[seen.count_kind])
            assert node["like_and_view_counts_disabled"] is False


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_mutated_answers_over_the_network_raise_nothing(
    script: Any, look: Callable[..., Snapshot], data: Any
) -> None:
    """Through the whole library, with complete and with truncated JSON."""
    if data.draw(st.booleans()):
        results = data.draw(mutated(PAGES))
        script.page, metric, there = (
            page(*results) if isinstance(results, list) else page(results),
            Metric.FOLLOWERS,
            results,
        )
    else:
        there = data.draw(mutated(POST))
        script.query, metric = (
            HttpAnswer(json.dumps(there)),
            data.draw(st.sampled_from([Metric.LIKES, Metric.VIEWS])),
        )
    seen = look(metric)
    assert seen.count is None or seen.count in numbers(there)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated({"data": {"user": user("nat.geo", 1234, user_id="17")}}))
def test_a_mutated_account_answer_never_yields_an_invented_count(
    script: Any, source: InstaloaderSource, there: Any
) -> None:
    """A count is in an answer that names the account and says that it is public."""
    script.page, script.by_id = MISSING, HttpAnswer(json.dumps(there))
    [seen] = source.read([LOST], datetime(2026, 11, 23, 12, tzinfo=UTC)).snapshots
    if seen.outcome is Outcome.COUNT:
        shown = there["data"]["user"]
        assert (shown["follower_count"], shown["is_private"], str(shown["pk"])) == (seen.count, False, "17")
        name = shown["username"].lower()
        assert (seen.account, seen.username) == ("17", "" if name == "natgeo" else name)


@pytest.mark.parametrize("length", range(0, len(post_answer(NODE).body), 23))
def test_an_answer_that_ends_early_gives_no_number(
    script: Any, look: Callable[..., Snapshot], length: int
) -> None:
    """However much of it was received."""
    script.query = HttpAnswer(post_answer(NODE).body[:length])
    assert look(Metric.LIKES).outcome is Outcome.SCHEMA
