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
from tests.refilld.cli_world import Desk, a_desk, sold

NAME = "instaloader"
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    with a_desk(tmp_path) as desk:
        configure(desk, f"[sources.{NAME}]\nenabled = true\nspacing = '0s'\nreserve = 0\n")
        yield desk


def configure(desk: Desk, text: str) -> None:
    database = f'[database]\nurl = "sqlite:///{desk.world.path}"\n'
    (desk.home / "refilld.toml").write_text(database + text)


def listed(desk: Desk) -> dict[str, dict[str, object]]:
    result = desk.run("sources", "list", "--json")
    assert result.exit_code == 0, result.output
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(tuple(row) == COLUMNS for row in shown)
    return {row["source"]: row for row in shown}


def refuse(desk: Desk, times: int) -> Breaker:
    """Store so many refusals of the source in a row."""
    with desk.world.database.write() as tx:
        breaker = sources.breaker(tx, NAME)
        for _ in range(times):
            breaker = breaker.after(Outcome.BLOCKED, "a", desk.world.now, HOUR)
        sources.save_breaker(tx, NAME, breaker)
    return breaker


def ask(desk: Desk, ago: timedelta, count: int) -> None:
    with desk.world.database.write() as tx:
        sources.note_requests(tx, NAME, desk.world.now - ago, count)


def test_the_group_is_registered() -> None:
    """With the documented names."""
    (group,) = COMMANDS
    assert (group.name, set(group.commands)) == ("sources", {"list", "pause", "resume", "login", "probe"})


def test_every_installed_source_is_listed(desk: Desk) -> None:
    """Also those that are not configured, as disabled; but not the simulated world."""
    assert set(listed(desk)) == set(installed()) - {"simulated"}
    assert listed(desk)["graph"] == {
        "source": "graph", "enabled": False, "state": "off", "until": None, "reason": None,
        "requests_last_hour": 0, "requests_per_hour": None, "requests_last_day": 0, "requests_per_day": None,
        "looks_per_request": None, "used_percent": None,
        "expected_age_hours": None, "expected_missed_percent": None,
    }  # fmt: skip


def test_the_simulated_world_is_listed_if_it_is_configured(desk: Desk) -> None:
    """For example, to set its budget."""
    configure(desk, "[sources.simulated]\nrequests_per_hour = 7\n")
    shown = listed(desk)["simulated"]
    assert (shown["state"], shown["requests_per_hour"]) == ("off", 7)


def test_a_disabled_source_is_shown_as_disabled(desk: Desk) -> None:
    """An earlier pause is not shown."""
    refuse(desk, 1)
    configure(desk, "")
    shown = listed(desk)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == ("off", None, None)


def test_the_expected_age_is_shown_when_there_are_targets(desk: Desk) -> None:
    """Thirty requests an hour and one target: the learned cadence reads it hourly at most."""
    shown = listed(desk)[NAME]
    assert (shown["expected_age_hours"], shown["expected_missed_percent"]) == (None, None)
    desk.imported(sold(1))
    shown = listed(desk)[NAME]
    assert (shown["expected_age_hours"], shown["expected_missed_percent"]) == (1.0, 0.1)


def test_the_list_shows_the_used_budget(desk: Desk) -> None:
    """The requests of the last sixty minutes and the limit."""
    configure(desk, f"[sources.{NAME}]\nenabled = true\nrequests_per_hour = 40\n")
    ask(desk, 2 * HOUR, 3)
    ask(desk, HOUR, 5)
    ask(desk, HOUR / 2, 7)
    shown = listed(desk)[NAME]
    assert (shown["enabled"], shown["requests_last_hour"], shown["requests_per_hour"]) == (True, 7, 40)


def test_a_paused_source_shows_until_when_and_why(desk: Desk) -> None:
    """After its end it is shown as over."""
    refuse(desk, 1)
    shown = listed(desk)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == ("paused", "2026-03-01T13:00:00Z", "blocked")
    assert "paused  2026-03-01 13:00:00Z  blocked" in desk.run("sources", "list").stdout
    desk.world.now += HOUR
    shown = listed(desk)[NAME]
    assert (shown["state"], shown["until"]) == ("proving", None)


def test_a_stopped_source_has_no_end(desk: Desk) -> None:
    """Only an operator ends it."""
    assert refuse(desk, 3).stopped
    shown = listed(desk)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == ("stopped", None, "blocked")
    desk.world.now += 1000 * HOUR
    assert listed(desk)[NAME]["state"] == "stopped"


def test_booleans_are_shown_as_yes_and_no(desk: Desk) -> None:
    """In the table."""
    head, *rows = desk.run("sources", "list").stdout.splitlines()
    assert head.split() == list(COLUMNS)
    assert ["graph", "no", "off", "-", "-", "0", "-", "0", "-", "-", "-", "-", "-"] in [
        row.split() for row in rows
    ]


@pytest.mark.parametrize("times", [1, 3])
def test_a_resumed_source_is_half_open_at_once(desk: Desk, times: int) -> None:
    """Its refusals are reset; its requests still count."""
    refuse(desk, times)
    ask(desk, HOUR / 2, 7)
    result = desk.run("sources", "resume", NAME)
    assert (result.exit_code, result.stdout) == (0, f"{NAME} may look again\n")
    shown = listed(desk)[NAME]
    assert (shown["state"], shown["reason"], shown["requests_last_hour"]) == ("proving", None, 7)
    with desk.world.database.read() as tx:
        assert sources.breaker(tx, NAME) == Breaker(half_open=True)


def test_resuming_a_source_that_was_not_paused_changes_nothing(desk: Desk) -> None:
    """It is no error."""
    result = desk.run("sources", "resume", NAME)
    assert (result.exit_code, result.stdout) == (0, f"{NAME} was not paused\n")
    assert listed(desk)[NAME]["state"] == "ready"


def test_a_source_is_paused_until_it_is_resumed(desk: Desk) -> None:
    """The list shows the operator's reason."""
    result = desk.run("sources", "pause", NAME, "--reason", "moving house")
    assert (result.exit_code, result.stdout) == (0, f"{NAME} is paused until it is resumed\n")
    desk.world.now += 1000 * HOUR
    shown = listed(desk)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == ("stopped", None, "operator: moving house")
    desk.run("sources", "resume", NAME)
    assert listed(desk)[NAME]["state"] == "proving"


def test_a_source_is_paused_for_a_time(desk: Desk) -> None:
    """Afterwards it is used again automatically."""
    result = desk.run("sources", "pause", NAME, "--for", "2h")
    assert (result.exit_code, result.stdout) == (0, f"{NAME} is paused until 2026-03-01 14:00:00Z\n")
    shown = listed(desk)[NAME]
    assert (shown["state"], shown["until"], shown["reason"]) == (
        "paused", "2026-03-01T14:00:00Z", "operator",
    )  # fmt: skip
    desk.world.now += 2 * HOUR
    assert listed(desk)[NAME]["state"] == "proving"


def test_pausing_never_shortens_another_pause(desk: Desk) -> None:
    """The existing end and reason are reported."""
    first = f"for a shorter pause, refilld sources resume {NAME} comes first\n"
    refuse(desk, 1)
    result = desk.run("sources", "pause", NAME, "--for", "10m")
    message = f"{NAME} is paused until 2026-03-01 13:00:00Z already (blocked); {first}"
    assert (result.exit_code, result.stdout) == (0, message)
    assert listed(desk)[NAME]["until"] == "2026-03-01T13:00:00Z"
    desk.run("sources", "pause", NAME)
    result = desk.run("sources", "pause", NAME, "--for", "10m")
    assert result.stdout == f"{NAME} is paused until it is resumed already (operator); {first}"


@pytest.mark.parametrize(
    "wrong",
    [["--for", "soon"], ["--for", "0s"], ["--reason", ""], ["--reason", "a\nb"], ["--reason", "x" * 201]],
)
def test_an_invalid_pause_is_a_wrong_usage(desk: Desk, wrong: list[str]) -> None:
    """The state of the source does not change."""
    assert desk.run("sources", "pause", NAME, *wrong).exit_code == 2
    assert listed(desk)[NAME]["state"] == "ready"


def test_a_wait_requested_by_the_platform_is_shown(desk: Desk) -> None:
    """With the used share of its limit, if known; resuming ends the wait."""
    with desk.world.database.write() as tx:
        heard = RateLimitState().after(RateLimitHint(93, 3 * HOUR), desk.world.now)
        sources.save_rate_limit_state(tx, NAME, heard)
    shown = listed(desk)[NAME]
    assert [shown[key] for key in ("state", "until", "reason", "used_percent")] == [
        "waiting", "2026-03-01T15:00:00Z", "platform", 93,
    ]  # fmt: skip
    desk.world.now += HOUR
    assert (listed(desk)[NAME]["state"], listed(desk)[NAME]["used_percent"]) == ("waiting", None)
    desk.run("sources", "resume", NAME)
    assert listed(desk)[NAME]["state"] == "proving"


def test_the_looks_per_request_are_shown(desk: Desk) -> None:
    """Of the last day: ten looks, four requests."""
    with desk.world.database.write() as tx:
        for hours, looks in ((0, 6), (5, 4), (6, 0), (23, 0), (24, 50)):
            sources.note_requests(tx, NAME, desk.world.now - hours * HOUR, 1, looks=looks)
    shown = listed(desk)[NAME]
    assert (shown["requests_last_hour"], shown["requests_last_day"]) == (1, 4)
    assert shown["looks_per_request"] == 2.5


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_an_uninstalled_source_is_a_wrong_usage(desk: Desk, action: str) -> None:
    """With the installed names."""
    result = desk.process("sources", action, "telepathy")
    assert (result.returncode, result.stdout) == (2, "")
    expected = f"Error: Invalid value for NAME: no such source; there are: {', '.join(installed())}"
    assert result.stderr.splitlines()[-1] == expected


def test_enabling_a_source_that_is_not_installed_is_a_wrong_configuration(desk: Desk) -> None:
    """Reported before any look, with the installed names."""
    result = desk.process("run", "--once", REFILLD_SOURCES__TELEPATHY__ENABLED="true")
    assert (result.returncode, result.stdout) == (2, "")
    expected = (
        f"refilld: sources.telepathy: no such source is installed; there are: {', '.join(installed())}\n"
    )
    assert result.stderr == expected


def test_running_without_any_source_is_a_wrong_configuration(desk: Desk) -> None:
    """One line names the key and the page to read first."""
    configure(desk, "")
    result = desk.process("run", "--once")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("refilld: no source is enabled")
    assert len(result.stderr.splitlines()) == 1
