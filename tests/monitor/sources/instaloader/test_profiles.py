"""How the source reads profile pages."""

from collections.abc import Callable
from typing import Any

import pytest

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from refilld.demo.instagram import page, profile_page
from refilld.demo.tunnel import HttpAnswer

USER = {"pk": "1", "username": "natgeo", "is_private": False, "follower_count": 1234}


def user_page(**changes: Any) -> HttpAnswer:
    return page({"xig_user_by_username": USER | changes})


def test_a_private_profile_is_private_and_gives_no_count(script: Any, look: Callable[..., Snapshot]) -> None:
    """Also if the page contains its followers."""
    script.page = profile_page("natgeo", 1234, private=True)
    assert look(Metric.FOLLOWERS).outcome is Outcome.PRIVATE


def test_a_page_whose_user_is_null_is_a_missing_profile(script: Any, look: Callable[..., Snapshot]) -> None:
    """Instagram answers null for a missing profile."""
    script.page = page({"xig_user_by_username": None}, {"something_else": {}})
    assert look(Metric.FOLLOWERS).outcome is Outcome.NOT_FOUND


def test_a_user_in_several_results_is_merged(script: Any, look: Callable[..., Snapshot]) -> None:
    """The real page splits the user among its queries."""
    halves = [{"username": "NatGeo", "follower_count": None}, {"is_private": False, "follower_count": 7}]
    script.page = page(*({"xig_user_by_username": half} for half in halves), {"xig_user_by_username": None})
    assert look(Metric.FOLLOWERS).count == 7


@pytest.mark.parametrize(
    "answer",
    [
        user_page(username="nasa"),
        user_page(username=None),
        user_page(username=7),
        user_page(is_private=None),
        user_page(is_private="no"),
        user_page(is_private=1),
        user_page(follower_count=None),
        page({"xig_user_by_username": [USER]}),
        page({"xig_user_by_username": "natgeo"}),
        page({"xig_user_by_username": USER}, {"xig_user_by_username": USER | {"follower_count": 9}}),
        page({"xig_user_by_username": USER}, {"xig_user_by_username": {"pk": "2"}}),
        page({"other": {}}),
    ],
)
def test_a_profile_that_is_not_clearly_the_requested_one_gives_no_count(
    script: Any, look: Callable[..., Snapshot], answer: HttpAnswer
) -> None:
    """Another username, missing privacy or a contradiction is a schema outcome."""
    script.page = answer
    assert look(Metric.FOLLOWERS).outcome is Outcome.SCHEMA
