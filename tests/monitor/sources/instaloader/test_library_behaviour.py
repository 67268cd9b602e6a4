"""Behaviour of the library that is unsuitable for a long-running service, and is prevented."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric, Target
from monitor.sources.contract import RateLimitHint, Reading
from monitor.sources.instaloader.source import InstaloaderSource
from refilld.demo.instagram import InstagramStandIn, media, page, post_answer, user
from refilld.demo.tunnel import HttpAnswer

CODE = "C0deAAAAAAA"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
POST = Link(LinkKind.POST, CODE)
LIKES, VIEWS = Target(POST, Metric.LIKES), Target(POST, Metric.VIEWS)
NATGEO = Target(Link(LinkKind.PROFILE, "natgeo"), Metric.FOLLOWERS)


def paths(standin: InstagramStandIn) -> list[str]:
    return [one.path for one in standin.requests]


def test_a_posts_likes_and_views_share_a_request_key_and_one_request(
    standin: InstagramStandIn, script: Any, source: InstaloaderSource
) -> None:
    """The snapshots are in the order of the targets; a profile has another key."""
    assert source.request_key(LIKES) == source.request_key(VIEWS) == f"post:{CODE}"
    assert source.request_key(NATGEO) == "profile:natgeo"
    assert source.batch == 2
    reading = source.read([VIEWS, LIKES], NOON)
    assert [(snapshot.target.metric, snapshot.count) for snapshot in reading.snapshots] == [
        (Metric.VIEWS, 9001), (Metric.LIKES, 100),
    ]  # fmt: skip
    assert (reading.requests, paths(standin)) == (2, ["/", "/api/graphql"])
    assert source.read([LIKES, VIEWS], NOON).requests == 1


def test_a_refused_request_is_the_outcome_of_both(
    standin: InstagramStandIn, script: Any, source: InstaloaderSource
) -> None:
    """It is not repeated for the second target."""
    script.query = HttpAnswer("", 429)
    reading = source.read([LIKES, VIEWS], NOON)
    assert [snapshot.outcome for snapshot in reading.snapshots] == [Outcome.RATE_LIMITED] * 2
    assert (reading.requests, paths(standin)) == (2, ["/", "/api/graphql"])


def test_missing_views_lead_to_no_other_request(
    standin: InstagramStandIn, script: Any, source: InstaloaderSource
) -> None:
    """The library would request the clips of the owner."""
    script.query = post_answer(media(CODE, likes=100, plays=None))
    reading = source.read([VIEWS], NOON)
    assert (reading.snapshots[0].outcome, reading.requests, len(standin.requests)) == (Outcome.HIDDEN, 2, 2)


def test_missing_followers_lead_to_no_other_request(
    standin: InstagramStandIn, script: Any, source: InstaloaderSource
) -> None:
    """The library would request them from an older interface with other refusals."""
    without = {name: value for name, value in user("natgeo", 5).items() if name != "follower_count"}
    script.page = page({"xig_user_by_username": without})
    reading = source.read([NATGEO], NOON)
    assert (reading.snapshots[0].outcome, reading.requests) == (Outcome.SCHEMA, 1)
    assert paths(standin) == ["/natgeo/"]


def test_eight_threads_share_one_start_page_and_every_request_is_counted(
    standin: InstagramStandIn, script: Any, source: InstaloaderSource
) -> None:
    """The library has one context per thread, and each would fetch the tokens."""
    with ThreadPoolExecutor(8) as pool:
        readings = list(pool.map(lambda _: source.read([LIKES, VIEWS], NOON), range(8)))
    assert [[snapshot.count for snapshot in reading.snapshots] for reading in readings] == [[100, 9001]] * 8
    assert sum(reading.requests for reading in readings) == len(standin.requests) == 9
    assert paths(standin).count("/") == 1


def test_the_library_does_not_delay_queries(
    script: Any, source: InstaloaderSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default it waits eleven minutes after two hundred queries of a type."""

    def sleep(_seconds: float) -> None:
        raise AssertionError("slept")

    monkeypatch.setattr("time.sleep", sleep)
    assert {source.read([LIKES], NOON).snapshots[0].count for _ in range(205)} == {100}


def test_an_answer_without_a_status_is_read_without_output(
    script: Any, source: InstaloaderSource, capfd: pytest.CaptureFixture[str]
) -> None:
    """The library prints one even with `quiet`."""
    body = post_answer(media(CODE, likes=100, plays=1)).body
    assert isinstance(body, str)
    script.query = HttpAnswer(body.replace(', "status": "ok"', ""))
    assert "status" not in str(script.query.body)
    assert source.read([LIKES], NOON).snapshots[0].count == 100
    assert capfd.readouterr() == ("", "")


def test_a_missing_profile_and_a_login_wall_are_distinguished(script: Any, source: InstaloaderSource) -> None:
    """The library treats both as a missing profile."""
    outcomes = []
    for script.page in (page({"xig_user_by_username": None}), HttpAnswer("<html>accounts/login</html>")):
        outcomes += [source.read([NATGEO], NOON).snapshots[0].outcome]
    assert outcomes == [Outcome.NOT_FOUND, Outcome.LOGIN_REQUIRED]


def test_no_password_is_read_from_netrc(
    standin: InstagramStandIn,
    script: Any,
    source: InstaloaderSource,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The HTTP library would send the credentials of ~/.netrc to every host."""
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert [snapshot.count for snapshot in source.read([NATGEO, LIKES], NOON).snapshots] == [1234, 100]
    assert not any("authorization" in one.headers for one in standin.requests)


def refused(**headers: str) -> HttpAnswer:
    return HttpAnswer("", 429, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Mon, 23 Nov 2026 13:00:00 GMT", timedelta(hours=1)),
        ("Mon, 23 Nov 2026 11:00:00 GMT", None),
        *((odd, None) for odd in ("", "0", "-5", "soon", "1e9", "9" * 40, "\xb2", "Mon, 99 Nov 2026")),
    ],
)
@pytest.mark.parametrize("target", [NATGEO, LIKES])
def test_a_requested_wait_is_passed_on(
    script: Any, source: InstaloaderSource, target: Target, header: str, wait: timedelta | None
) -> None:
    """The library ignores it. Only the reading of the refused look has it."""
    script.page = script.query = refused(Retry_After=header)
    assert source.read([target], NOON).rate_limit == RateLimitHint(wait=wait)
    script.page = script.query = HttpAnswer("", 500)
    assert source.read([target], NOON).rate_limit == RateLimitHint()


def test_only_a_refusal_has_a_requested_wait(read: Callable[..., Reading], script: Any) -> None:
    """A successful answer may have the header for other reasons."""
    script.page = HttpAnswer(script.page.body, headers=(("Retry-After", "3600"),))
    assert read(Metric.FOLLOWERS).rate_limit == RateLimitHint()
