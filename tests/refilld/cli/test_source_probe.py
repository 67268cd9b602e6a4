"""`refilld sources probe`: charged requests, the shape of the answers, and checked assumptions."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model.snapshot import Outcome
from monitor.sources import registry
from monitor.sources.breaker import Breaker
from monitor.sources.instaloader.assumptions import assumptions
from monitor.sources.instaloader.response_schema import MOST_PATHS, shape
from refilld.demo.instagram import LOGIN_WALL, RATE_LIMITED, START_PAGE, InstagramStandIn, Post, Profile
from refilld.demo.members import MembersWorld
from refilld.demo.tunnel import HttpAnswer
from storage import sources
from tests.refilld.cli_world import CliWorld, cli_world

NAME = "instaloader"
CODE = "C0deAAAAAAA"
COOKIES = {"sessionid": "17%3AFAKE%3A3", "csrftoken": "FAKEtoken", "ds_user_id": "17"}
HOUR = timedelta(hours=1)
Held = dict[str, bool | None]


@pytest.fixture(scope="module")
def running() -> Iterator[InstagramStandIn]:
    with InstagramStandIn(MembersWorld(lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))) as standin:
        yield standin


@pytest.fixture
def world(running: InstagramStandIn, monkeypatch: pytest.MonkeyPatch) -> MembersWorld:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    running.forget()
    running.world = world = MembersWorld(
        lambda: datetime(2026, 3, 1, 12, tzinfo=UTC),
        {
            "instagram": Profile(654321),
            "natgeo": Profile(280000),
            "nasa": Profile(97000),
            "shy": Profile(7, private=True),
        },
        {CODE: Post(4711, 815)},
        sessions={COOKIES["sessionid"]: "17"},
    )
    return world


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: MembersWorld) -> Iterator[CliWorld]:
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    with cli_world(tmp_path) as cli:
        configure(cli)
        yield cli


def configure(cli: CliWorld, **keys: object) -> None:
    usual = {"enabled": True, "spacing": "0s", "jitter": 0, "reserve": 0, "requests_per_hour": 100}
    lines = [f"{name} = {json.dumps(value)}" for name, value in (usual | keys).items()]
    head = f'[database]\nurl = "sqlite:///{cli.world.path}"\n[sources.{NAME}]\n'
    (cli.home / "refilld.toml").write_text(head + "\n".join(lines) + "\n")


def probed(cli: CliWorld, *words: str) -> tuple[list[dict[str, Any]], Held]:
    result = cli.run("sources", "probe", NAME, *words, "--json")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    findings = [row for row in rows if "about" in row]
    return findings, {row["assumption"]: row["holds"] for row in rows if "assumption" in row}


def charged(cli: CliWorld) -> int:
    with cli.world.database.read() as tx:
        return sources.served(tx, NAME, cli.world.now - HOUR)[0]


def test_the_default_requests_are_sent_and_charged(cli: CliWorld, running: InstagramStandIn) -> None:
    """Three public profiles, a missing one, the start page, and an account by its id."""
    findings, held = probed(cli)
    assert [(one["about"], one["outcome"], one["requests"]) for one in findings] == [
        ("profile", "count", 1), ("profile", "count", 1), ("profile", "count", 1),
        ("missing profile", "not_found", 1), ("account", "count", 2),
    ]  # fmt: skip
    assert len(running.requests) == charged(cli) == 6
    assert held["a public profile's page tells its followers"] is True
    assert held["a missing profile is told apart from a refusal"] is True
    assert held["visitors may ask for an account by its id"] is True
    assert held["the start page holds the tokens for queries"] is True
    assert held["visitors meet no login wall"] is True
    assert held["a private profile's page tells a follower_count, too"] is None
    assert held["visitors are told a video's views"] is None


def test_a_post_shows_the_counts_for_visitors_and_for_the_login(
    cli: CliWorld, running: InstagramStandIn
) -> None:
    """The views are for members; no other request has the login."""
    session = cli.write(json.dumps(COOKIES), "session.json")
    session.chmod(0o600)
    configure(cli, session_file=str(session))
    findings, held = probed(cli, "shy", "natgeo", "--post", f"https://www.instagram.com/reel/{CODE}/")
    assert [(one["about"], one["outcome"], one["views"], one["requests"]) for one in findings[-2:]] == [
        ("post", "count", "hidden", 1), ("post with the login", "count", "count", 1),
    ]  # fmt: skip
    assert held["visitors are told a post's likes"] is True
    assert held["visitors are told a video's views"] is False
    assert held["the login is accepted and told a video's views"] is True
    assert held["a private profile's page tells a follower_count, too"] is True
    assert [one.path for one in running.requests if "FAKE" in str(one)] == ["/graphql/query"]
    assert len(running.requests) == charged(cli)


def test_the_output_holds_shapes_and_no_values(cli: CliWorld, world: MembersWorld) -> None:
    """Paths, types, statuses and sizes."""
    findings, _ = probed(cli, "natgeo", "--post", CODE)
    profile, *_, post = findings
    assert profile["shape"]["xig_user_by_username[].follower_count"] == "whole number"
    assert profile["shape"]["xig_user_by_username[].is_private"] == "true/false"
    media = "data.xdt_api__v1__media__shortcode__web_info.items[]"
    assert (post["shape"][f"{media}.like_count"], post["shape"][f"{media}.play_count"]) == (
        "whole number",
        "null",
    )
    assert profile["answers"] == [
        {"method": "GET", "path": "/natgeo/", "status": 200, "content_type": "text/html",
         "size": profile["answers"][0]["size"], "leads": ""},
    ]  # fmt: skip
    for words in (["--json"], []):
        shown = cli.run("sources", "probe", NAME, "natgeo", "--post", CODE, *words).output
        assert not any(value in shown for value in ("280000", "4711", "stand-in-lsd", "3300000000000000001"))


def test_the_table_has_the_same_content(cli: CliWorld) -> None:
    """Findings first, then the assumptions; in 80 columns, or whole with `--wide`."""
    narrow = cli.run("sources", "probe", NAME, "natgeo").stdout.splitlines()
    assert max(map(len, narrow)) <= 80
    assert narrow[0].split() == ["about", "asked", "outcome", "views", "answers"]
    cli.world.now += 2 * HOUR
    result = cli.run("sources", "probe", NAME, "natgeo", "--wide")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["about", "asked", "outcome", "views", "answers"]
    assert "GET /natgeo/ 200 text/html" in lines[1]
    [line] = [line for line in lines if "told apart" in line]
    assert "yes" in line
    assert "not_found (404)" in line


def test_a_login_wall_is_reported(cli: CliWorld, world: MembersWorld) -> None:
    """A missing profile is then not distinguished, and the tokens remain unknown."""
    world.outage = LOGIN_WALL
    findings, held = probed(cli, "natgeo")
    assert [one["answers"][0]["leads"] for one in findings] == ["login", "login"]
    assert held["visitors meet no login wall"] is False
    assert held["a missing profile is told apart from a refusal"] is False
    assert held["the start page holds the tokens for queries"] is None


@pytest.mark.parametrize(
    ("start", "tokens", "cookie"),
    [
        (START_PAGE, True, True),
        (HttpAnswer(START_PAGE.body), True, False),
        (HttpAnswer("<html>"), False, None),
    ],
)
def test_the_start_page_is_judged_by_the_next_request(
    cli: CliWorld, monkeypatch: pytest.MonkeyPatch, start: HttpAnswer, tokens: bool, cookie: bool | None
) -> None:
    """A query after it means tokens, a second request for it means no cookie."""
    monkeypatch.setattr(MembersWorld, "start_page", lambda _self: start)
    _, held = probed(cli, "natgeo")
    assert held["the start page holds the tokens for queries"] is tokens
    assert held["the start page sets a csrftoken, so that it is asked for once"] is cookie


def test_a_refusal_ends_the_probe_and_pauses_the_source(
    cli: CliWorld, world: MembersWorld, running: InstagramStandIn
) -> None:
    """No further request is sent."""
    world.outage = RATE_LIMITED
    findings, _ = probed(cli)
    assert ([one["outcome"] for one in findings], len(running.requests)) == (["rate_limited"], 1)
    with cli.world.database.read() as tx:
        assert sources.breaker(tx, NAME).state(cli.world.now) == "paused"


def test_a_paused_source_is_not_probed(cli: CliWorld, running: InstagramStandIn) -> None:
    """One line says why, and nothing is sent."""
    with cli.world.database.write() as tx:
        sources.save_breaker(tx, NAME, Breaker().after(Outcome.BLOCKED, "a", cli.world.now, HOUR))
    result = cli.run("sources", "probe", NAME)
    assert (str(result.exception), running.requests, charged(cli)) == (
        f"{NAME}: paused (blocked); nothing was asked, see `refilld sources list`", (), 0,
    )  # fmt: skip


def test_a_used_up_budget_is_not_exceeded(cli: CliWorld, running: InstagramStandIn) -> None:
    """Neither with the first request nor with a later one."""
    configure(cli, requests_per_hour=3)
    findings, _ = probed(cli)
    assert len(findings) == len(running.requests) == charged(cli) == 3
    result = cli.run("sources", "probe", NAME)
    assert (result.exit_code, str(result.exception)) == (
        1, f"{NAME}: no room for 1h; nothing was asked, see `refilld sources list`",
    )  # fmt: skip
    assert len(running.requests) == 3


def test_the_spacing_is_kept(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request waits for the spacing."""
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        cli.world.now += timedelta(seconds=seconds)

    monkeypatch.setattr("refilld.cli.source_probe.sleep", sleep)
    configure(cli, spacing="60s")
    findings, _ = probed(cli, "natgeo")
    assert len(findings) == 3
    assert len(waited) == 2
    assert min(waited) >= 60


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["telepathy"], "telepathy is not enabled"),
        ([NAME, "not a name"], "not a username"),
        ([NAME, *(f"name{number}" for number in range(13))], "no more than 12"),
        ([NAME, "--post", "@natgeo/"], "is not a post"),
        ([NAME, "--post", "abc"], "names no post"),
    ],
)
def test_invalid_requests_are_not_sent(
    cli: CliWorld, running: InstagramStandIn, words: list[str], message: str
) -> None:
    """The error is one line, and nothing is sent."""
    result = cli.run("sources", "probe", *words)
    assert (result.exit_code != 0, message in str(result.exception), running.requests) == (True, True, ())


def test_the_longest_probe_is_twenty_requests(
    cli: CliWorld, world: MembersWorld, monkeypatch: pytest.MonkeyPatch, running: InstagramStandIn
) -> None:
    """Twelve profiles, a login, and a start page that sets no cookie."""
    monkeypatch.setattr(MembersWorld, "start_page", lambda _self: HttpAnswer(START_PAGE.body))
    session = cli.write(json.dumps(COOKIES), "session.json")
    session.chmod(0o600)
    configure(cli, session_file=str(session))
    names = [f"name{number}" for number in range(12)]
    world.profiles |= {name: Profile(5) for name in names}
    probed(cli, *names, "--post", CODE)
    assert len(running.requests) <= 20
    assert len(running.requests) == charged(cli)


def test_a_probe_of_another_source_reads_the_profiles(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers are reported; there are no assumptions to check."""
    assert registry.installed()
    monkeypatch.setattr("refilld.services.source_probe.INSTALOADER", "another")
    findings, held = probed(cli, "natgeo", "nobody")
    assert [(one["asked"], one["outcome"], one["requests"]) for one in findings] == [
        ("natgeo", "count", 1), ("nobody", "not_found", 1),
    ]  # fmt: skip
    assert (held, charged(cli)) == ({}, 2)


def test_keys_that_are_data_are_not_shown() -> None:
    """The number of paths is limited."""
    assert shape({"17": {"a": 1.5}, "natgeo!": None, "x": ["secret", 5]}) == {
        "": "object", "*": "null or object", "*.a": "number", "x": "list", "x[]": "text or whole number",
    }  # fmt: skip
    assert len(shape({f"k{number}": 1 for number in range(9999)})) == MOST_PATHS
    assert shape(json.loads("[" * 500 + "]" * 500))


def test_without_a_network_every_assumption_is_open(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request is sent, and one line reports the failure."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    result = cli.run("sources", "probe", NAME, "--json")
    assert (result.exit_code, result.stderr) == (
        3, "www.instagram.com cannot be reached from here (no answer); nothing was learned\n",
    )  # fmt: skip
    finding, *held = map(json.loads, result.stdout.splitlines())
    assert (finding["asked"], finding["outcome"]) == ("instagram", "transient")
    assert {one["holds"] for one in held} == {None}
    assert charged(cli) == 1


def test_a_server_that_is_down_breaks_no_assumption(cli: CliWorld, world: MembersWorld) -> None:
    """The failure says nothing about them."""
    world.outage = HttpAnswer("down", 503)
    findings, held = probed(cli, "natgeo")
    assert {one["outcome"] for one in findings} == {"transient"}
    assert set(held.values()) == {None}


def test_without_findings_no_assumption_is_confirmed() -> None:
    """Every assumption is open."""
    assert {one.holds for one in assumptions([])} == {None}


def test_after_a_pause_the_canary_is_asked_first(cli: CliWorld, running: InstagramStandIn) -> None:
    """As in the daemon: its answer closes the breaker, and it is charged."""
    configure(cli, canary="nasa")
    with cli.world.database.write() as tx:
        paused = Breaker().after(Outcome.BLOCKED, "a", cli.world.now - 2 * HOUR, HOUR)
        sources.save_breaker(tx, NAME, paused)
        assert paused.half_open
    findings, _ = probed(cli, "natgeo")
    assert ([one.path for one in running.requests][:2], len(findings)) == (["/nasa/", "/natgeo/"], 3)
    assert len(running.requests) == charged(cli) == 5


def test_a_refused_login_does_not_pause_the_source(cli: CliWorld, world: MembersWorld) -> None:
    """The source continues without it."""
    session = cli.write(json.dumps(COOKIES), "session.json")
    session.chmod(0o600)
    configure(cli, session_file=str(session))
    world.sessions, world.refusal = {}, HttpAnswer('{"message":"checkpoint_required","status":"fail"}', 400)
    findings, held = probed(cli, "natgeo", "--post", CODE)
    assert findings[-1]["outcome"] == "blocked"
    assert held["the login is accepted and told a video's views"] is False
    with cli.world.database.read() as tx:
        assert sources.breaker(tx, NAME).state(cli.world.now) == "ready"
