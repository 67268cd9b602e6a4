"""How the source reads posts, and counts that their owners hide."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from refilld.demo.instagram import media, post_answer
from refilld.demo.tunnel import HttpAnswer

CODE = "C0deAAAAAAA"


def post_with(**changes: Any) -> HttpAnswer:
    return post_answer(media(CODE, likes=100, plays=9001) | changes)


@pytest.mark.parametrize("changes", [{"like_count": None}, {"like_count": -1}])
def test_likes_that_are_null_or_minus_one_are_hidden(
    script: Any, look: Callable[..., Snapshot], changes: dict[str, Any]
) -> None:
    """The library would return 0 for null."""
    script.query = post_with(**changes)
    assert look(Metric.LIKES).outcome is Outcome.HIDDEN
    assert look(Metric.VIEWS).count == 9001


@pytest.mark.parametrize("likes", [3, 100, 0, None, -1, "x"])
def test_the_flag_hides_likes_and_views_at_any_number(
    script: Any, look: Callable[..., Snapshot], likes: Any
) -> None:
    """Instagram shows a placeholder for hidden likes."""
    script.query = post_with(like_count=likes, like_and_view_counts_disabled=True)
    assert {look(Metric.LIKES).outcome, look(Metric.VIEWS).outcome} == {Outcome.HIDDEN}


@pytest.mark.parametrize("flag", [None, 0, "false"])
def test_without_a_valid_flag_a_number_could_be_the_placeholder(
    script: Any, look: Callable[..., Snapshot], flag: Any
) -> None:
    """So it is no count."""
    script.query = post_with(like_count=3, like_and_view_counts_disabled=flag)
    assert {look(Metric.LIKES).outcome, look(Metric.VIEWS).outcome} == {Outcome.SCHEMA}


def test_a_post_without_the_field_of_likes_is_a_schema_outcome(
    script: Any, look: Callable[..., Snapshot]
) -> None:
    """A missing field does not mean that the owner hides them."""
    item = media(CODE, likes=1, plays=None)
    del item["like_count"]
    script.query = post_answer(item)
    assert look(Metric.LIKES).outcome is Outcome.SCHEMA


def test_the_old_view_count_is_used_only_without_a_play_count(
    script: Any, look: Callable[..., Snapshot]
) -> None:
    """It has its own count kind, because the two differ."""
    script.query = post_with(play_count=None, view_count=55)
    assert (look(Metric.VIEWS).count, look(Metric.VIEWS).count_kind) == (55, "view_count")
    script.query = post_with(play_count=60, view_count=55)
    assert (look(Metric.VIEWS).count, look(Metric.VIEWS).count_kind) == (60, "play_count")


def test_views_that_are_not_shown_without_a_login_are_hidden(
    script: Any, look: Callable[..., Snapshot]
) -> None:
    """The usual case of an anonymous visitor; the detail says so, and the post does not count as gone."""
    script.query = post_with(play_count=None, view_count=None)
    assert (look(Metric.VIEWS).outcome, "login" in look(Metric.VIEWS).detail) == (Outcome.HIDDEN, True)


@pytest.mark.parametrize("media_type", [1, 8])
def test_a_post_that_is_no_video_has_likes_and_no_views(
    script: Any, look: Callable[..., Snapshot], media_type: int
) -> None:
    """An order of views for a picture is wrong; the source has no fault."""
    script.query = post_with(media_type=media_type)
    assert (look(Metric.VIEWS).outcome, look(Metric.LIKES).count) == (Outcome.HIDDEN, 100)
    assert "not a video" in look(Metric.VIEWS).detail


@pytest.mark.parametrize(
    "changes", [{"code": "C0deBBBBBBB"}, {"media_type": 99}, {"pk": None, "user": None}, {"user": {}}]
)
def test_a_post_that_is_not_the_requested_one_gives_no_count(
    script: Any, look: Callable[..., Snapshot], changes: dict[str, Any]
) -> None:
    """Another post, or a part of one, is a schema outcome."""
    script.query = post_with(**changes)
    assert look(Metric.LIKES).outcome is Outcome.SCHEMA


def test_a_post_with_unknown_fields_is_read(script: Any, look: Callable[..., Snapshot]) -> None:
    """New fields change nothing."""
    script.query = post_with(surprise=json.loads("[" * 50 + "]" * 50), like_count_string="9")
    assert look(Metric.LIKES).count == 100
