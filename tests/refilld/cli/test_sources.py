"""`refilld sources`: the state of each source, pausing and resuming."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.model.snapshot import Outcome
from monitor.sources.breaker import Breaker
from monitor.sources.contract import RateLimitHint
from monitor.sources.rate_limit_state import RateLimitState
from monitor.sources.registry import installed
from refilld.cli.sources import COLUMNS, COMMANDS
from storage import sources
from tests.refilld.cli_world import CliWorld, cli_world, sold

NAME = "instaloader"
HOUR = timedelta(hours=1)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    with cli_world(tmp_path) as cli:
        configure(cli, f"[sources.{NAME}]\nenabled = true\nspacing = '0s'\nreserve = 0\n")
        yield cli


def configure(cli: CliWorld, text: str) -> None:
    database = f'[database]\nurl = "sqlite:///{cli.world.path}"\n'
    (cli.home / "refilld.toml").write_text(database + text)


FIELDS = (
    "source", "enabled", "state", "until", "reason", "detail", "requests_last_hour", "requests_per_hour",
    "requests_last_day", "requests_per_day", "looks_per_request", "used_percent",
    "expected_age_hours", "expected_missed_percent",
)  # fmt: skip


def listed(cli: CliWorld) -> dict[str, dict[str, object]]:
    result = cli.run("sources", "list", "--json")
    assert result.exit_code == 0, result.output
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(tuple(row) == FIELDS for row in shown)
    return {row["source"]: row for row in shown}


def refuse(cli: CliWorld, times: int) -> Breaker:
    """Store so many refusals of the source in a row."""
    with cli.world.database.write() as tx:
        breaker = sources.breaker(tx, NAME)
        for _ in range(times):
            breaker = breaker.after(Outcome.BLOCKED, "a", cli.world.now, HOUR)
        sources.save_breaker(tx, NAME, breaker)
    return breaker


def ask(cli: CliWorld, ago: timedelta, count: int) -> None:
    with cli.world.database.write() as tx:
        sources.note_requests(tx, NAME, cli.world.now - ago, count)


def test_the_group_is_registered() -> None:
    """With the documented names."""
    (group,) = COMMANDS
    assert (group.name, set(group.commands)) == ("sources", {"list", "pause", "resume", "login", "probe"})


def test_every_installed_source_is_listed(cli: CliWorld) -> None:
    """Also those that are not configured, as disabled; but not the simulated world."""
    assert set(listed(cli)) == set(installed()) - {"simulated"}
    assert listed(cli)["graph"] == {
        "source": "graph", "enabled": False, "state": "off", "until": None, "reason": None,
        "requests_last_hour": 0, "requests_per_hour": None, "requests_last_day": 0, "requests_per_day": None,
        "looks_per_request": None, "used_percent": None,
        "expected_age_hours": None, "expected_missed_percent": None, "detail": None,
    }  # fmt: skip


def test_the_simulated_world_is_listed_if_it_is_configured(cli: CliWorld) -> None:
    """For example, to set its budget."""
    configure(cli, "[sources.simulated]\nrequests_per_hour = 7\n")
    shown = listed(cli)["simulated"]
    assert (shown["state"], shown["requests_per_hour"]) == ("off", 7)


def test_a_disabled_source_is_shown_as_disabled(cli: CliWorld) -> None:
    """An earlier pause is not shown."""
    refuse(cli, 1)
    configure(cli, "")
    shown = listed(cli)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == ("off", None, None)


def test_the_expected_age_is_shown_when_there_are_targets(cli: CliWorld) -> None:
    """Thirty requests an hour and one target: the learned cadence reads it hourly at most."""
    shown = listed(cli)[NAME]
    assert (shown["expected_age_hours"], shown["expected_missed_percent"]) == (None, None)
    cli.imported(sold(1))
    shown = listed(cli)[NAME]
    assert (shown["expected_age_hours"], shown["expected_missed_percent"]) == (1.0, 0.1)


def test_the_list_shows_the_used_budget(cli: CliWorld) -> None:
    """The requests of the last sixty minutes and the limit."""
    configure(cli, f"[sources.{NAME}]\nenabled = true\nrequests_per_hour = 40\n")
    ask(cli, 2 * HOUR, 3)
    ask(cli, HOUR, 5)
    ask(cli, HOUR / 2, 7)
    shown = listed(cli)[NAME]
    assert (shown["enabled"], shown["requests_last_hour"], shown["requests_per_hour"]) == (True, 7, 40)


def test_a_paused_source_shows_until_when_and_why(cli: CliWorld) -> None:
    """After its end it is shown as over."""
    refuse(cli, 1)
    shown = listed(cli)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == ("paused", "2026-03-01T13:00:00Z", "blocked")
    assert "paused  2026-03-01 13:00  blocked" in cli.run("sources", "list").stdout
    cli.world.now += HOUR
    shown = listed(cli)[NAME]
    assert (shown["state"], shown["until"]) == ("proving", None)


def test_a_paused_source_shows_the_wait_of_the_platform_if_that_is_longer(cli: CliWorld) -> None:
    """And the message of the refusal; the next readable answer ends it."""
    with cli.world.database.write() as tx:
        breaker = sources.breaker(tx, NAME).after(
            Outcome.BLOCKED, "a", cli.world.now, HOUR, "renew the token"
        )
        sources.save_breaker(tx, NAME, breaker)
        wait = RateLimitState().after(RateLimitHint(None, 24 * HOUR), cli.world.now)
        sources.save_rate_limit_state(tx, NAME, wait)
    shown = listed(cli)[NAME]
    assert [shown[key] for key in ("state", "until", "reason", "detail")] == [
        "paused", "2026-03-02T12:00:00Z", "blocked", "renew the token",
    ]  # fmt: skip
    cli.run("sources", "resume", NAME)
    assert (listed(cli)[NAME]["until"], listed(cli)[NAME]["detail"]) == (None, None)


def test_a_stopped_source_has_no_end(cli: CliWorld) -> None:
    """Only an operator ends it."""
    assert refuse(cli, 3).stopped
    shown = listed(cli)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == ("stopped", None, "blocked")
    cli.world.now += 1000 * HOUR
    assert listed(cli)[NAME]["state"] == "stopped"


def test_booleans_are_shown_as_yes_and_no(cli: CliWorld) -> None:
    """In the table."""
    head, *rows = cli.run("sources", "list", "--wide").stdout.splitlines()
    assert head.split() == [column.name for column in COLUMNS]
    assert ["graph", "off", "-", "-", "0", "-", "-", "0", "-", "-", "-", "-", "no", "-"] in [
        row.split() for row in rows
    ]


@pytest.mark.parametrize("times", [1, 3])
def test_a_resumed_source_is_half_open_at_once(cli: CliWorld, times: int) -> None:
    """Its refusals are reset; its requests still count."""
    refuse(cli, times)
    ask(cli, HOUR / 2, 7)
    result = cli.run("sources", "resume", NAME)
    assert (result.exit_code, result.stdout) == (0, f"{NAME} may look again\n")
    shown = listed(cli)[NAME]
    assert (shown["state"], shown["reason"], shown["requests_last_hour"]) == ("proving", None, 7)
    with cli.world.database.read() as tx:
        assert sources.breaker(tx, NAME) == Breaker(half_open=True, blocked_since=cli.world.now)


def test_resuming_a_source_that_was_not_paused_changes_nothing(cli: CliWorld) -> None:
    """It is no error."""
    result = cli.run("sources", "resume", NAME)
    assert (result.exit_code, result.stdout) == (0, f"{NAME} was not paused\n")
    assert listed(cli)[NAME]["state"] == "ready"


def test_a_source_is_paused_until_it_is_resumed(cli: CliWorld) -> None:
    """The list shows the operator's reason."""
    result = cli.run("sources", "pause", NAME, "--reason", "moving house")
    assert (result.exit_code, result.stdout) == (0, f"{NAME} is stopped until it is resumed\n")
    cli.world.now += 1000 * HOUR
    shown = listed(cli)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == ("stopped", None, "operator: moving house")
    cli.run("sources", "resume", NAME)
    assert listed(cli)[NAME]["state"] == "proving"


def test_a_source_is_paused_for_a_time(cli: CliWorld) -> None:
    """Afterwards it is used again automatically."""
    result = cli.run("sources", "pause", NAME, "--for", "2h")
    assert (result.exit_code, result.stdout) == (0, f"{NAME} is paused until 2026-03-01 14:00:00Z\n")
    shown = listed(cli)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == (
        "paused", "2026-03-01T14:00:00Z", "operator",
    )  # fmt: skip
    cli.world.now += 2 * HOUR
    assert listed(cli)[NAME]["state"] == "proving"


def test_pausing_never_shortens_another_pause(cli: CliWorld) -> None:
    """The existing end and reason are reported."""
    first = f"for a shorter pause, refilld sources resume {NAME} comes first\n"
    refuse(cli, 1)
    result = cli.run("sources", "pause", NAME, "--for", "10m")
    message = f"{NAME} is paused until 2026-03-01 13:00:00Z already (blocked); {first}"
    assert (result.exit_code, result.stdout) == (0, message)
    assert listed(cli)[NAME]["until"] == "2026-03-01T13:00:00Z"
    cli.run("sources", "pause", NAME)
    result = cli.run("sources", "pause", NAME, "--for", "10m")
    assert result.stdout == f"{NAME} is stopped until it is resumed already (operator); {first}"


@pytest.mark.parametrize(
    "wrong",
    [["--for", "soon"], ["--for", "0s"], ["--reason", ""], ["--reason", "a\nb"], ["--reason", "x" * 201]],
)
def test_an_invalid_pause_is_a_wrong_usage(cli: CliWorld, wrong: list[str]) -> None:
    """The state of the source does not change."""
    assert cli.run("sources", "pause", NAME, *wrong).exit_code == 2
    assert listed(cli)[NAME]["state"] == "ready"


def test_a_wait_requested_by_the_platform_is_shown(cli: CliWorld) -> None:
    """With the used share of its limit, if known; resuming ends the wait."""
    with cli.world.database.write() as tx:
        heard = RateLimitState().after(RateLimitHint(93, 3 * HOUR), cli.world.now)
        sources.save_rate_limit_state(tx, NAME, heard)
    shown = listed(cli)[NAME]
    assert [shown[key] for key in ("state", "until", "reason", "used_percent")] == [
        "waiting", "2026-03-01T15:00:00Z", "platform", 93,
    ]  # fmt: skip
    cli.world.now += HOUR
    assert (listed(cli)[NAME]["state"], listed(cli)[NAME]["used_percent"]) == ("waiting", None)
    cli.run("sources", "resume", NAME)
    assert listed(cli)[NAME]["state"] == "proving"


def test_the_looks_per_request_are_shown(cli: CliWorld) -> None:
    """Of the last day: ten looks, four requests."""
    with cli.world.database.write() as tx:
        for hours, looks in ((0, 6), (5, 4), (6, 0), (23, 0), (24, 50)):
            sources.note_requests(tx, NAME, cli.world.now - hours * HOUR, 1, looks=looks)
    shown = listed(cli)[NAME]
    assert (shown["requests_last_hour"], shown["requests_last_day"]) == (1, 4)
    assert shown["looks_per_request"] == 2.5


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_an_uninstalled_source_is_a_wrong_usage(cli: CliWorld, action: str) -> None:
    """With the installed names."""
    result = cli.main("sources", action, "telepathy")
    assert (result.returncode, result.stdout) == (2, "")
    expected = f"Error: Invalid value for NAME: no such source; there are: {', '.join(installed())}"
    assert result.stderr.splitlines()[-1] == expected


def test_enabling_a_source_that_is_not_installed_is_a_wrong_configuration(cli: CliWorld) -> None:
    """Reported before any look, with the installed names."""
    result = cli.main("run", "--once", REFILLD_SOURCES__TELEPATHY__ENABLED="true")
    assert (result.returncode, result.stdout) == (2, "")
    expected = (
        f"refilld: sources.telepathy: no such source is installed; there are: {', '.join(installed())}\n"
    )
    assert result.stderr == expected


def test_running_without_any_source_is_a_wrong_configuration(cli: CliWorld) -> None:
    """One line names the key and the page to read first."""
    configure(cli, "")
    result = cli.main("run", "--once")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("refilld: no source is enabled")
    assert len(result.stderr.splitlines()) == 1
