"""Each kind of refusal ends in its own outcome, after one attempt."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.sources.contract import Reading
from refilld.demo.instagram import LOGIN_WALL, MISSING, InstagramStandIn
from refilld.demo.tunnel import HttpAnswer

SELF = "https://www.instagram.com/challenge/"


def said(message: str, status: int) -> HttpAnswer:
    body = json.dumps({"message": message, "status": "fail"})
    return HttpAnswer(body, status, (("Content-Type", "application/json"),))


def redirect(where: str, status: int = 302) -> HttpAnswer:
    return HttpAnswer("", status, (("Location", where),))


WAIT = "Please wait a few minutes before you try again."
BOTH = [
    (MISSING, Outcome.NOT_FOUND),
    (said(WAIT, 401), Outcome.RATE_LIMITED),
    (said("", 401), Outcome.BLOCKED),
    (HttpAnswer("", 401), Outcome.BLOCKED),
    (HttpAnswer("", 403), Outcome.BLOCKED),
    (said("login_required", 403), Outcome.LOGIN_REQUIRED),
    (HttpAnswer("", 429), Outcome.RATE_LIMITED),
    (said(WAIT, 429), Outcome.RATE_LIMITED),
    (said("checkpoint_required", 400), Outcome.BLOCKED),
    (said("challenge_required", 400), Outcome.BLOCKED),
    (said("feedback_required", 400), Outcome.BLOCKED),
    (said("invalid request", 400), Outcome.SCHEMA),
    (HttpAnswer("<html>", 400), Outcome.SCHEMA),
    (HttpAnswer("[1]", 400), Outcome.SCHEMA),
    (HttpAnswer("", 410), Outcome.SCHEMA),
    (HttpAnswer("", 408), Outcome.TRANSIENT),
    (HttpAnswer("", 204), Outcome.SCHEMA),
    *((HttpAnswer("", status), Outcome.TRANSIENT) for status in (500, 502, 503, 504, 560)),
    (LOGIN_WALL, Outcome.LOGIN_REQUIRED),
    (redirect("/accounts/login/"), Outcome.LOGIN_REQUIRED),
    (redirect("/accounts/login/?next=/natgeo/", 301), Outcome.LOGIN_REQUIRED),
    (redirect("https://i.instagram.com/accounts/login/"), Outcome.LOGIN_REQUIRED),
    (redirect("/challenge/"), Outcome.BLOCKED),
    (redirect(SELF, 307), Outcome.BLOCKED),
    (redirect("http://[", 302), Outcome.BLOCKED),
    (redirect("https://elsewhere.example/"), Outcome.BLOCKED),
    (said("login_required", 200), Outcome.LOGIN_REQUIRED),
    (said(WAIT, 200), Outcome.RATE_LIMITED),
]


def name(answer: object) -> str | None:
    return (
        f"{answer.status}-{answer.body[:40]!r}-{answer.headers[:1]}"
        if isinstance(answer, HttpAnswer)
        else None
    )


@pytest.mark.parametrize(("answer", "outcome"), BOTH, ids=name)
def test_a_refused_profile_look_costs_one_request_and_has_a_detail(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading], answer: HttpAnswer, outcome: Outcome
) -> None:
    """All answers of a profile page without a profile."""
    script.page = answer
    reading = read(Metric.FOLLOWERS)
    assert (reading.snapshots[0].outcome, reading.requests, len(standin.requests)) == (outcome, 1, 1)
    assert reading.snapshots[0].detail


@pytest.mark.parametrize(("answer", "outcome"), BOTH, ids=name)
def test_a_refused_post_look_costs_the_start_page_and_one_request(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading], answer: HttpAnswer, outcome: Outcome
) -> None:
    """All answers of the query without a post."""
    script.query = answer
    reading = read(Metric.LIKES)
    assert (reading.snapshots[0].outcome, reading.requests, len(standin.requests)) == (outcome, 2, 2)
    assert reading.snapshots[0].detail


@pytest.mark.parametrize(("answer", "outcome"), BOTH, ids=name)
def test_a_refused_start_page_is_no_evidence_about_the_post(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading], answer: HttpAnswer, outcome: Outcome
) -> None:
    """The same outcomes for the start page, except that its absence is not that of the post."""
    script.start = answer
    reading = read(Metric.VIEWS)
    expected = Outcome.SCHEMA if outcome is Outcome.NOT_FOUND else outcome
    assert (reading.snapshots[0].outcome, reading.requests, len(standin.requests)) == (expected, 1, 1)
