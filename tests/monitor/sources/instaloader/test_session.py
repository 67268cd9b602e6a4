"""A login is used for views only, and an expired one stops nothing else."""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import instaloader
import pytest

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.breaker import Breaker
from monitor.sources.contract import Reading
from monitor.sources.instaloader.source import InstaloaderSource
from monitor.sources.instaloader.transport import SilentContext
from refilld.demo.instagram import (
    DOWN,
    LOGIN_WALL,
    RATE_LIMITED,
    InstagramStandIn,
    Post,
    Profile,
    json_answer,
)
from refilld.demo.members import POST_QUERY, MembersWorld
from refilld.demo.tunnel import HttpAnswer
from tests.monitor.sources.instaloader.logins import (
    ANONYMOUS_QUERY,
    CODE,
    COOKIES,
    HOUR,
    LOGGED_IN,
    NOON,
    OTHER,
    PICTURE,
    QUERY,
    SESSION,
    START,
    TOKEN,
    put,
    with_session,
)


@dataclass
class Login:
    """A source with a login, the world of the stand-in, and the session file."""

    standin: InstagramStandIn
    world: MembersWorld
    file: Path
    source: InstaloaderSource

    def read(self, *metrics: Metric, code: str = CODE, now: datetime = NOON) -> Reading:
        self.standin.forget()
        return self.source.read([Target(Link(LinkKind.POST, code), metric) for metric in metrics], now)

    def look(self, code: str = CODE, now: datetime = NOON) -> Snapshot:
        return self.read(Metric.VIEWS, code=code, now=now).snapshots[0]

    @property
    def asked(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.standin.requests]

    def write(self, **changes: str) -> None:
        """Write the file again, with another modification time."""
        put(self.file, COOKIES | changes)
        later = self.file.stat().st_mtime_ns + 10**9
        os.utime(self.file, ns=(later, later))


@pytest.fixture
def login(
    standin: InstagramStandIn,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Login:
    caplog.set_level(logging.DEBUG)
    posts = {CODE: Post(100, 9001), OTHER: Post(7, 70), PICTURE: Post(5)}
    world = MembersWorld(lambda: NOON, {"natgeo": Profile(1234)}, posts, sessions={SESSION: "787132"})
    standin.world = world
    file = put(tmp_path / "session.json", COOKIES)
    return Login(standin, world, file, with_session(file))


def test_likes_and_views_are_read_in_one_request_with_a_login(login: Login) -> None:
    """Without a start page; each count has its own snapshot."""
    reading = login.read(Metric.LIKES, Metric.VIEWS)
    assert [(snapshot.count, snapshot.count_kind) for snapshot in reading.snapshots] == [
        (100, "like_count"), (9001, "play_count"),
    ]  # fmt: skip
    assert (login.asked, reading.requests) == ([QUERY], 1)


def test_the_login_is_sent_only_where_it_is_needed(login: Login) -> None:
    """Requests for views have it; those for likes alone, profiles and the start page do not."""
    login.read(Metric.VIEWS)
    [one] = login.standin.requests
    assert f"sessionid={SESSION}" in one.headers["cookie"]
    assert (one.headers["x-csrftoken"], one.form["doc_id"]) == (TOKEN, "27128499623469141")
    login.read(Metric.LIKES)
    seen = login.standin.requests
    login.source.read([Target(Link(LinkKind.PROFILE, "natgeo"), Metric.FOLLOWERS)], NOON)
    seen += login.standin.requests[len(seen) :]
    assert [f"{one.method} {one.path}" for one in seen] == [START, ANONYMOUS_QUERY, "GET /natgeo/"]
    assert not any(secret in str(one) for one in seen for secret in (SESSION, TOKEN, "787132%"))


def test_without_a_login_the_views_are_hidden_and_the_likes_are_not(login: Login) -> None:
    """Also in one request, besides the start page."""
    login.source = InstaloaderSource.configured({"session_file": ""})
    reading = login.read(Metric.VIEWS, Metric.LIKES)
    assert [(snapshot.outcome, snapshot.count) for snapshot in reading.snapshots] == [
        (Outcome.HIDDEN, None), (Outcome.COUNT, 100),
    ]  # fmt: skip
    assert (login.asked, reading.requests) == ([START, ANONYMOUS_QUERY], 2)


def said(message: str, status: int) -> HttpAnswer:
    return HttpAnswer(json.dumps({"message": message, "status": "fail"}), status)


REFUSALS = [
    LOGIN_WALL,
    HttpAnswer("", 302, (("Location", "/accounts/login/?next=%2F"),)),
    HttpAnswer("", 302, (("Location", "https://www.instagram.com/challenge/"),)),
    HttpAnswer("", 401),
    HttpAnswer("", 403),
    said("login_required", 200),
    said("login_required", 401),
    said("login_required", 403),
    said("checkpoint_required", 400),
    said("challenge_required", 400),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda answer: f"{answer.status}-{answer.body[:30]}")
def test_an_expired_login_is_reported_once_and_then_not_used(login: Login, refusal: HttpAnswer) -> None:
    """The first look ends in `login_required`; later ones are anonymous, and their detail says why."""
    login.world.sessions, login.world.refusal = {}, refusal
    first = login.look()
    assert (first.outcome, login.asked) == (Outcome.LOGIN_REQUIRED, [QUERY])
    assert first.detail.startswith(f"the session in {login.file} is refused")
    for code in (OTHER, CODE):
        later = login.look(code, NOON + 5 * HOUR)
        assert (later.outcome, QUERY in login.asked) == (Outcome.HIDDEN, False)
        assert "is refused" in later.detail


def test_an_expired_login_does_not_stop_the_likes(login: Login) -> None:
    """They are read anonymously at once, and each request is counted."""
    login.world.sessions = {}
    reading = login.read(Metric.LIKES, Metric.VIEWS)
    assert [(snapshot.outcome, snapshot.count) for snapshot in reading.snapshots] == [
        (Outcome.COUNT, 100), (Outcome.LOGIN_REQUIRED, None),
    ]  # fmt: skip
    assert (login.asked, reading.requests) == ([QUERY, START, ANONYMOUS_QUERY], 3)
    reading = login.read(Metric.LIKES, Metric.VIEWS)
    assert [snapshot.outcome for snapshot in reading.snapshots] == [Outcome.COUNT, Outcome.HIDDEN]
    assert (login.asked, reading.requests) == ([ANONYMOUS_QUERY], 1)


def test_an_expired_login_never_trips_the_breaker_of_the_source(login: Login) -> None:
    """For any number of posts with views, for days."""
    login.world.sessions, breaker = {}, Breaker()
    for hour in range(0, 72, 2):
        for code in (CODE, OTHER):
            snapshot = login.look(code, NOON + hour * HOUR)
            breaker = breaker.after(snapshot.outcome, snapshot.target.link.url, snapshot.at, HOUR)
            assert breaker.state(snapshot.at) == "ready"


def test_a_refused_login_is_tried_again_after_six_hours(login: Login) -> None:
    """Refused again, it is not used for six more hours; accepted again, it is used."""
    login.world.sessions, asked = {}, []
    for hour in (0, 5, 6, 11, 12):
        login.look(now=NOON + hour * HOUR)
        asked.append(QUERY in login.asked)
    assert asked == [True, False, True, False, True]
    login.world.sessions = {SESSION: "787132"}
    assert login.look(now=NOON + 18 * HOUR).count == 9001


def test_a_new_login_in_the_file_is_used_at_once(login: Login) -> None:
    """Without a restart, and before the six hours are over."""
    login.world.sessions = {"new": "787132"}
    assert login.look().outcome is Outcome.LOGIN_REQUIRED
    login.write(sessionid="new")
    assert login.look().count == 9001


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: put(file, "{"), lambda file: file.chmod(0o644)])
def test_a_file_that_becomes_invalid_stops_only_the_views(
    login: Login, spoil: Callable[[Path], None]
) -> None:
    """Nothing is raised, and the detail names the file."""
    login.write()
    spoil(login.file)
    if login.file.exists():
        os.utime(login.file, ns=(1, 1))
    snapshots = login.read(Metric.LIKES, Metric.VIEWS).snapshots
    assert [snapshot.outcome for snapshot in snapshots] == [Outcome.COUNT, Outcome.HIDDEN]
    assert str(login.file) in snapshots[1].detail
    assert QUERY not in login.asked


@pytest.mark.parametrize(("outage", "outcome"), [(RATE_LIMITED, "rate_limited"), (DOWN, "transient")])
def test_a_rate_limit_and_transient_faults_do_not_mark_the_login_expired(
    login: Login, outage: HttpAnswer, outcome: str
) -> None:
    """No further request is sent, and the next look uses the login."""
    login.world.outage = outage
    snapshots = login.read(Metric.LIKES, Metric.VIEWS).snapshots
    assert ([snapshot.outcome for snapshot in snapshots], login.asked) == ([outcome] * 2, [QUERY])
    login.world.outage = None
    assert login.look().count == 9001


def test_a_post_missing_with_a_login_is_gone_only_if_it_is_missing_anonymously(login: Login) -> None:
    """A look with a login is no evidence of absence; a login that shows less is not used any more."""
    gone = login.read(Metric.VIEWS, code="C0deGGGGGGG")
    assert (gone.snapshots[0].outcome, login.asked) == (Outcome.UNAVAILABLE, [QUERY, START, ANONYMOUS_QUERY])
    assert gone.requests == 3
    assert login.look().count == 9001
    login.world.sessions, login.world.refusal = (
        {},
        json_answer({"data": None, "errors": [{}], "status": "ok"}),
    )
    assert (login.look().outcome, login.asked) == (Outcome.LOGIN_REQUIRED, [QUERY, ANONYMOUS_QUERY])
    assert (login.look().outcome, login.asked) == (Outcome.HIDDEN, [ANONYMOUS_QUERY])


def test_the_clips_of_an_owner_are_requested_only_if_the_plays_are_missing_with_a_login(
    login: Login,
) -> None:
    """One more request, for clips only; an order of views for a picture costs one request."""
    assert (login.look().count, login.asked) == (9001, [QUERY])
    login.world.shown_among_clips_only = True
    reading = login.read(Metric.LIKES, Metric.VIEWS)
    assert [snapshot.count for snapshot in reading.snapshots] == [100, 9001]
    assert (login.asked, reading.requests) == ([QUERY, QUERY], 2)
    assert login.standin.requests[1].form["doc_id"] == "27234427476213202"
    assert (login.look(PICTURE).outcome, login.asked) == (Outcome.HIDDEN, [QUERY])


def clips(*media: object) -> HttpAnswer:
    edges = [{"node": {"media": one}} for one in media]
    return json_answer(
        {"data": {"xdt_api__v1__clips__user__connection_v2": {"edges": edges}}, "status": "ok"}
    )


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (clips({"code": CODE, "play_count": 5}), Outcome.COUNT),
        (clips({"code": OTHER, "play_count": 5}), Outcome.HIDDEN),
        (clips({"code": CODE, "play_count": None}), Outcome.HIDDEN),
        (clips({"code": CODE, "play_count": "5"}), Outcome.SCHEMA),
        (clips({"code": CODE, "play_count": True}), Outcome.SCHEMA),
        (clips(), Outcome.HIDDEN),
        (clips(None), Outcome.HIDDEN),
        (HttpAnswer("null"), Outcome.HIDDEN),
        (HttpAnswer("", 403), Outcome.HIDDEN),
        (RATE_LIMITED, Outcome.RATE_LIMITED),
    ],
)
def test_the_answer_with_clips_is_read_strictly(
    login: Login, monkeypatch: pytest.MonkeyPatch, answer: HttpAnswer, outcome: Outcome
) -> None:
    """A count needs the requested clip, and a rate limit is a rate limit."""
    login.world.shown_among_clips_only = True
    monkeypatch.setattr("refilld.demo.members.clips_answer", lambda _posts: answer)
    assert login.look().outcome is outcome


def test_the_context_of_a_login_is_renewed_like_an_anonymous_one(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After six hours, and once after an unexpected answer; it never requests a start page."""
    opened: list[object] = []
    load = SilentContext.load_session

    def load_session(self: SilentContext, *args: Any) -> Any:
        opened.append(self)
        return load(self, *args)

    monkeypatch.setattr(SilentContext, "load_session", load_session)
    for hours in (0, 1, 5, 6, 7, 13):
        login.look(now=NOON + hours * HOUR)
        assert login.asked == [QUERY]
    assert len(opened) == 3
    login.world.refusal, login.world.sessions = HttpAnswer("null"), {}
    login.look("C0deGGGGGGG", NOON + 14 * HOUR)
    login.world.sessions = {SESSION: "787132"}
    login.look(now=NOON + 14 * HOUR)
    assert len(opened) == 4


def test_the_secrets_are_only_in_the_request(
    login: Login, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in details, even if answers echo them, nor in output, addresses, objects and logs."""
    login.world.sessions = {}
    login.world.refusal = said(f"login_required {SESSION} {TOKEN}", 401)
    snapshots = login.read(Metric.VIEWS, Metric.LIKES).snapshots
    words = [str(snapshots), caplog.text, *capfd.readouterr(), *login.asked]
    words += [
        repr(login.source._session),
        repr(login.source._session._cookies if login.source._session else 0),
    ]
    assert "***" in snapshots[0].detail
    assert not any(secret in word for word in words for secret in (SESSION, TOKEN))


def test_a_login_answer_without_a_status_is_read_without_output(
    login: Login, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library prints that the field is missing, even with `quiet`."""
    answer = json_answer(
        {"data": json.loads(str(login.world._answer(POST_QUERY, {"shortcode": CODE}).body))["data"]}
    )
    monkeypatch.setattr(MembersWorld, "member", lambda _self, _asked: answer)
    assert (login.look().count, capfd.readouterr()) == (9001, ("", ""))


def test_cookies_that_answers_set_change_no_login(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login is that of the file; anonymous requests keep their own token."""
    member = MembersWorld.member
    monkeypatch.setattr(
        MembersWorld,
        "member",
        lambda self, asked: replace(
            member(self, asked), headers=(("Set-Cookie", "sessionid=other; Domain=.instagram.com; Path=/"),)
        ),
    )
    sent = []
    for metrics in ([Metric.VIEWS], [Metric.LIKES], [Metric.VIEWS]):
        login.read(*metrics)
        sent.append(login.standin.requests[-1].cookies)
    assert [cookies["sessionid"] for cookies in sent] == [SESSION, "", SESSION]
    assert [cookies["csrftoken"] for cookies in sent] == [TOKEN, "stand-in", TOKEN]


def test_a_login_passes_on_the_requested_wait(login: Login) -> None:
    """To the budget, which the login and anonymous looks share."""
    login.world.outage = HttpAnswer("", 429, (("Retry-After", "600"),))
    assert login.read(Metric.VIEWS).rate_limit.wait == timedelta(minutes=10)


# What the library does with a login, and why the source avoids it


def test_a_media_list_has_all_counts_and_the_library_requests_each_again(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plays are in the raw post; the property of the library costs a request per post."""
    context = SilentContext(5, NOON)
    context.load_session("natgeo", COOKIES)
    context.wire.begin()
    node = {"id": "1", "pk": "1", "username": "natgeo", "is_private": False, "edge_followed_by": {"count": 1}}
    monkeypatch.setattr(instaloader.Profile, "_obtain_metadata", lambda _self: None)
    monkeypatch.setattr(MembersWorld, "start_page", lambda _self: LOGGED_IN)
    posts = list(instaloader.Profile(context, node).get_posts())
    before = context.wire.sent
    raw = [instaloader.get_json_structure(post)["node"]["iphone_struct"]["play_count"] for post in posts]
    assert (raw, [post.likes for post in posts], context.wire.sent - before) == (
        [9001, 70, None], [100, 7, 5], 0,
    )  # fmt: skip
    assert (posts[0].video_play_count, context.wire.sent - before) == (9001, 1)
