"""The exact requests of the pinned library: a new version must pass these tests."""

import json
from collections.abc import Callable
from typing import Any

import instaloader
import pytest

from monitor.model.target import Metric
from monitor.sources.contract import Reading
from refilld.demo.instagram import InstagramStandIn
from refilld.demo.tunnel import HttpRequest

CODE = "C0deAAAAAAA"
LOOKS_LIKE_A_VISITOR = "sessionid=; mid=; ig_pr=1; ig_vw=1920; csrftoken=; s_network=; ds_user_id="


@pytest.fixture
def asked(standin: InstagramStandIn, script: Any, read: Callable[..., Reading]) -> tuple[HttpRequest, ...]:
    """The requests of a profile look followed by two post looks."""
    for metric in (Metric.FOLLOWERS, Metric.LIKES, Metric.VIEWS):
        read(metric)
    return standin.requests


def test_the_library_has_the_version_of_this_contract() -> None:
    """Raise it only together with the requests in this file."""
    assert instaloader.__version__ == "4.16"


def test_a_profile_look_and_two_post_looks_send_these_requests_and_no_others(
    asked: tuple[HttpRequest, ...],
) -> None:
    """One page, one start page for all posts, one query per post, all to one host."""
    assert [(one.method, one.host, one.path) for one in asked] == [
        ("GET", "www.instagram.com", "/natgeo/"),
        ("GET", "www.instagram.com", "/"),
        ("POST", "www.instagram.com", "/api/graphql"),
        ("POST", "www.instagram.com", "/api/graphql"),
    ]


def test_a_post_is_requested_with_exactly_this_form(asked: tuple[HttpRequest, ...]) -> None:
    """The id of the query, its variables, and the tokens of the start page."""
    for one in asked[2:]:
        assert json.loads(one.form["variables"]) == {
            "shortcode": CODE,
            "__relay_internal__pv__PolarisAIGMMediaWebLabelEnabledrelayprovider": False,
        }
        assert one.form | {"variables": ""} == {
            "variables": "",
            "doc_id": "27128499623469141",
            "server_timestamps": "true",
            "lsd": "stand-in-lsd",
            "av": "0",
        }
        assert (one.headers["x-fb-lsd"], one.headers["x-csrftoken"]) == ("stand-in-lsd", "stand-in")


def test_pages_are_requested_anonymously(asked: tuple[HttpRequest, ...]) -> None:
    """No form, no authorization, and anonymous cookies."""
    for one in asked[:2]:
        assert (one.form, one.headers["cookie"]) == ({}, LOOKS_LIKE_A_VISITOR)
        assert (one.headers["accept"], one.headers["sec-fetch-mode"]) == ("text/html", "navigate")


def test_no_request_carries_a_session(asked: tuple[HttpRequest, ...]) -> None:
    """The only cookie value is the token of the start page."""
    for one in asked:
        cookies = dict(pair.split("=", 1) for pair in one.headers["cookie"].split("; "))
        assert {key for key, value in cookies.items() if value} <= {"ig_pr", "ig_vw", "csrftoken"}
        assert cookies["csrftoken"] in {"", "stand-in"}
        assert "authorization" not in one.headers


def test_the_library_has_the_methods_that_the_source_uses() -> None:
    """Public methods: for all requests, for the fields of a post, and for a profile by its id."""
    context = instaloader.InstaloaderContext
    for method in (context.get_anonymous_session, context.get_json, context.get_page_data):
        assert callable(method)
    assert callable(instaloader.get_json_structure)
    assert callable(instaloader.Profile.from_id)
    assert instaloader.InstaloaderContext(quiet=True).profile_id_cache == {}
