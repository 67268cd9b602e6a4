"""Unexpected answers: invalid bodies, redirect loops, and texts that are unsuitable for a log."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from monitor.sources.contract import Reading
from refilld.demo.instagram import InstagramStandIn, post_answer
from refilld.demo.tunnel import HttpAnswer

INVALID_BODIES = [
    "",
    "null",
    "[]",
    '"x"',
    "7",
    "{}",
    "for(;;);{}",
    '{"data":',
    "[" * 100_000,
    "<html></html>",
    "\x00\x01",
]


def said(message: str, status: int) -> HttpAnswer:
    body = json.dumps({"message": message, "status": "fail"})
    return HttpAnswer(body, status, (("Content-Type", "application/json"),))


def redirect(where: str, status: int = 302) -> HttpAnswer:
    return HttpAnswer("", status, (("Location", where),))


@pytest.mark.parametrize("body", INVALID_BODIES, ids=lambda body: repr(body[:12]))
@pytest.mark.parametrize("status", [200, 400])
def test_an_invalid_body_is_a_schema_outcome(
    script: Any, look: Callable[..., Snapshot], body: str, status: int
) -> None:
    """No body raises an error or counts as a missing profile or post."""
    script.page = script.query = HttpAnswer(body, status)
    assert look(Metric.FOLLOWERS).outcome is Outcome.SCHEMA
    query = look(Metric.LIKES).outcome
    assert query is (Outcome.UNAVAILABLE if (body, status) == ("{}", 200) else Outcome.SCHEMA)


@pytest.mark.parametrize("body", INVALID_BODIES, ids=lambda body: repr(body[:12]))
def test_an_invalid_start_page_is_a_schema_outcome(
    script: Any, look: Callable[..., Snapshot], body: str
) -> None:
    """No query can be sent after it."""
    script.start = HttpAnswer(body)
    assert look(Metric.LIKES).outcome is Outcome.SCHEMA


@pytest.mark.parametrize(
    "script_tag",
    [
        "[" * 100_000,
        '{"__bbox":{"result":{"data":{"xig_user_by_username":',
        "1" * 5000,
        '{"__bbox":' * 900 + "1" + "}" * 900,
    ],
)
def test_a_page_with_unexpected_data_is_a_schema_outcome(
    script: Any, look: Callable[..., Snapshot], script_tag: str
) -> None:
    """Nesting and numbers beyond Python's limits included."""
    script.page = HttpAnswer(f'<script type="application/json">{script_tag}</script>')
    assert look(Metric.FOLLOWERS).outcome is Outcome.SCHEMA


def test_a_page_without_data_that_asks_for_a_login_is_a_login_wall(
    script: Any, look: Callable[..., Snapshot]
) -> None:
    """The library treats the profile as missing, but this is no evidence."""
    script.page = HttpAnswer('<html><form action="/accounts/login/ajax/"></form></html>')
    assert look(Metric.FOLLOWERS).outcome is Outcome.LOGIN_REQUIRED


@pytest.mark.parametrize(
    "body",
    [
        post_answer(None).body,
        '{"data":{"xdt_api__v1__media__shortcode__web_info":{"items":[]}},"status":"ok"}',
        '{"data":null,"errors":[{"message":"execution error"}]}',
        '{"error":1357004,"errorSummary":"Sorry, something went wrong"}',
    ],
)
def test_an_answer_without_a_post_is_unavailable(
    script: Any, look: Callable[..., Snapshot], body: str
) -> None:
    """Deleted, private and withheld posts have the same answer."""
    script.query = HttpAnswer(body)
    assert look(Metric.LIKES).outcome is Outcome.UNAVAILABLE


def test_a_start_page_without_tokens_is_a_schema_outcome(script: Any, look: Callable[..., Snapshot]) -> None:
    """No query can be sent without them."""
    script.start = HttpAnswer("<html>a new start page</html>")
    assert look(Metric.LIKES).outcome is Outcome.SCHEMA
    assert "token" in look(Metric.LIKES).detail


class RedirectLoop:
    """A challenge that redirects to itself on every page, after the given answers of the start page."""

    def __init__(self, start: Iterable[HttpAnswer]) -> None:
        self.start = iter(start)

    def start_page(self) -> HttpAnswer:
        return next(self.start, redirect("https://www.instagram.com/"))

    def profile(self, username: str) -> HttpAnswer:
        return redirect(f"https://www.instagram.com/{username}/")

    def post(self, shortcode: str) -> HttpAnswer:
        return redirect("https://www.instagram.com/api/graphql/")

    def account(self, user_id: str) -> HttpAnswer:
        return redirect(f"https://i.instagram.com/api/v1/users/{user_id}/info/")


def test_a_challenge_that_redirects_to_itself_costs_exactly_one_request(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading]
) -> None:
    """The library would follow it forever."""
    standin.world = RedirectLoop([script.start])
    assert read(Metric.FOLLOWERS).requests == 1
    assert read(Metric.LIKES).requests == 2
    assert len(standin.requests) == 3


def test_a_start_page_with_a_redirect_loop_is_abandoned_after_the_first_redirect(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading]
) -> None:
    """The library's request for the cookie would follow thirty redirects."""
    standin.world = RedirectLoop([HttpAnswer(script.start.body)])
    reading = read(Metric.LIKES)
    assert (reading.snapshots[0].outcome, reading.requests) == (Outcome.BLOCKED, 2)
    assert len(standin.requests) == 2


def test_a_detail_is_one_short_printable_line(script: Any, look: Callable[..., Snapshot]) -> None:
    """A detail is shown in logs, mails and terminals."""
    script.page = said("evil\r\n\x1b[31m\u202e\ud800 " + "x" * 500, 403)
    detail = look(Metric.FOLLOWERS).detail
    assert detail.startswith("HTTP 403 Forbidden: evil [31m x")
    assert (len(detail), detail.isprintable()) == (200, True)
    assert detail.encode()


def test_the_detail_of_a_redirect_has_no_query_string(script: Any, look: Callable[..., Snapshot]) -> None:
    """The query string may contain a secret."""
    script.page = redirect("/challenge/action/?token=secret")
    assert look(Metric.FOLLOWERS).detail == "HTTP 302: redirected to /challenge/action/"
