"""The findings of `refilld doctor` about sources."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.model.snapshot import Outcome
from monitor.sources.contract import RateLimitHint
from storage import sources
from tests.refilld.cli.doctor_runs import HOUR, configure, doctor, found, rows
from tests.refilld.cli_world import CliWorld, cli_world
from tests.refilld.plugged_source import SECRET, plug_in


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    """One source without options is installed and enabled."""
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    plug_in(tmp_path, monkeypatch)
    with cli_world(tmp_path) as cli:
        os.chmod(cli.world.path, 0o600)  # noqa: PTH101
        configure(cli, "[sources.seer]\nenabled = true\nspacing = '0s'\nreserve = 0\n")
        yield cli


def test_no_enabled_source_is_an_error(cli: CliWorld) -> None:
    """The finding names the page to read first."""
    text = (cli.home / "refilld.toml").read_text()
    (cli.home / "refilld.toml").write_text(text.replace("enabled = true", "enabled = false"))
    assert found(cli, "sources.enabled")["level"] == "error"


def test_an_uninstalled_source_is_an_error(cli: CliWorld) -> None:
    """With the installed names."""
    configure(cli, "[sources.telepathy]\nenabled = true\n")
    finding = found(cli, "source.installed")
    assert (finding["level"], finding["about"]) == ("error", "telepathy")
    assert "instaloader" in finding["says"]


def test_a_misspelt_source_is_reported_with_a_suggestion(cli: CliWorld) -> None:
    """The similar name only."""
    configure(cli, "[sources.instalaoder]\nenabled = true\n")
    assert found(cli, "source.installed")["says"].endswith("not installed; did you mean instaloader?")


def about(cli: CliWorld, name: str) -> list[dict[str, Any]]:
    return [row for row in rows(doctor(cli)) if row["about"] == name and row["id"] != "source.budget"]


@pytest.mark.parametrize(
    ("content", "check"), [(None, "source.credentials"), ("{}", "source.opens"), ("nonsense", "source.opens")]
)
def test_a_wrong_session_file_is_one_finding_with_the_command_that_writes_it(
    cli: CliWorld, content: str | None, check: str
) -> None:
    """The source has no `ok` finding."""
    path = cli.home / "session.json"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    configure(cli, f"[sources.instaloader]\nenabled = true\nsession_file = '{path}'\n")
    (finding,) = about(cli, "instaloader")
    assert (finding["level"], finding["id"]) == ("error", check)
    assert finding["hint"] == "write it with refilld sources login instaloader --cookies FILE"


@pytest.mark.parametrize(
    ("content", "check"),
    [(None, "source.credentials"), ("", "source.opens"), (f"{SECRET} {SECRET}", "source.opens")],
)
def test_a_wrong_token_file_is_one_finding(cli: CliWorld, content: str | None, check: str) -> None:
    """It names the required content of the file, and shows nothing of the actual one."""
    path = cli.home / "token"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    graph = f"[sources.graph]\nenabled = true\nig_user_id = '17841400000000000'\ntoken_file = '{path}'\n"
    configure(cli, graph)
    (finding,) = about(cli, "graph")
    assert (finding["level"], finding["id"]) == ("error", check)
    assert finding["hint"].startswith("put the token into it, readable by refilld's user only")
    assert SECRET not in doctor(cli).output


def test_a_source_that_cannot_start_is_reported_in_addition_to_its_valid_files(cli: CliWorld) -> None:
    """The files are not the fault."""
    path = cli.home / "token"
    path.write_text(SECRET)
    path.chmod(0o600)
    configure(cli, f"[sources.graph]\nenabled = true\ntoken_file = '{path}'\n")
    findings = [(row["id"], row["level"]) for row in about(cli, "graph")]
    assert findings == [("source.credentials", "ok"), ("source.opens", "error")]


def test_a_session_file_below_the_home_folder_is_found(
    cli: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the source; an unknown user causes no error in the doctor."""
    monkeypatch.setenv("HOME", str(cli.home))
    path = cli.home / "session.json"
    path.write_text('{"sessionid": "17%3AFAKE%3A3", "csrftoken": "FAKEtoken", "ds_user_id": "17"}')
    path.chmod(0o600)
    configure(cli, "[sources.instaloader]\nenabled = true\nsession_file = '~/session.json'\n")
    assert {row["level"] for row in about(cli, "instaloader")} == {"ok"}
    text = (cli.home / "refilld.toml").read_text()
    (cli.home / "refilld.toml").write_text(text.replace("~/", "~nobody-of-that-name/"))
    assert "error" in {row["level"] for row in about(cli, "instaloader")}


def test_a_pause_of_a_source_that_cannot_start_is_reported(cli: CliWorld) -> None:
    """Both faults are reported."""
    configure(cli, "[sources.picky]\nenabled = true\n")
    with cli.world.database.write() as tx:
        sources.save_breaker(tx, "picky", sources.breaker(tx, "picky").held(None, "operator"))
    assert {row["id"] for row in about(cli, "picky")} == {"source.opens", "source.breaker"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("picky", "picky cannot begin: sources.picky.token_file: is empty"),
        ("broken", "broken fails with RuntimeError when it is made"),
    ],
)
def test_a_source_that_cannot_start_is_an_error(cli: CliWorld, name: str, says: str) -> None:
    """Its own message about options is shown; the text of another error may contain a secret."""
    configure(cli, f"[sources.{name}]\nenabled = true\n")
    result = doctor(cli)
    findings = [row for row in rows(result) if (row["id"], row["about"]) == ("source.opens", name)]
    assert [(row["level"], row["says"]) for row in findings] == [("error", says)]
    assert result.exit_code == 1
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("mode", "level"), [(0o600, "ok"), (0o400, "ok"), (0o640, "warning"), (0o644, "error"), (0o602, "error")]
)
@pytest.mark.parametrize("option", ["token_file", "session_file"])
def test_a_credential_must_be_readable_by_its_owner_only(
    cli: CliWorld, option: str, mode: int, level: str
) -> None:
    """Nothing of its content is shown."""
    path = cli.home / "credential"
    path.write_text(SECRET)
    path.chmod(mode)
    configure(cli, f"{option} = '{path}'\n")
    finding = found(cli, "source.credentials")
    assert (finding["level"], finding["about"]) == (level, "seer")
    assert SECRET not in doctor(cli).output


def test_a_credential_from_systemd_may_be_readable_by_its_group(
    cli: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd gives its group access; no user is in that group."""
    folder = cli.home / "credentials"
    folder.mkdir()
    (folder / "token").write_text(SECRET)
    (folder / "token").chmod(0o440)
    configure(cli, f"token_file = '{folder / 'token'}'\n")
    assert found(cli, "source.credentials")["level"] == "warning"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert found(cli, "source.credentials")["level"] == "ok"


@pytest.mark.parametrize("place", ["gone", "."])
def test_an_unreadable_credential_is_an_error(cli: CliWorld, place: str) -> None:
    """A missing file, or a folder."""
    configure(cli, f"token_file = '{cli.home / place}'\n")
    assert found(cli, "source.credentials")["level"] == "error"


@pytest.mark.parametrize(("times", "level"), [(1, "warning"), (3, "error")])
def test_a_paused_or_stopped_source_is_reported_with_reason_and_end(
    cli: CliWorld, times: int, level: str
) -> None:
    """A pause ends automatically; after three refusals an operator has to resume the source."""
    with cli.world.database.write() as tx:
        breaker = sources.breaker(tx, "seer")
        for _ in range(times):
            breaker = breaker.after(Outcome.BLOCKED, "a", cli.world.now, HOUR)
        sources.save_breaker(tx, "seer", breaker)
    finding = found(cli, "source.breaker")
    assert finding["level"] == level
    assert "blocked" in finding["says"]
    assert "refilld sources resume seer" in finding["hint"]


def test_a_paused_source_is_reported_with_the_wait_of_the_platform_and_what_to_do(cli: CliWorld) -> None:
    with cli.world.database.write() as tx:
        breaker = sources.breaker(tx, "seer")
        breaker = breaker.after(Outcome.BLOCKED, "a", cli.world.now, HOUR, "renew the token")
        sources.save_breaker(tx, "seer", breaker)
        wait = sources.rate_limit_state(tx, "seer").after(RateLimitHint(None, 24 * HOUR), cli.world.now)
        sources.save_rate_limit_state(tx, "seer", wait)
    finding = found(cli, "source.breaker")
    assert (finding["says"], finding["hint"]) == (
        "seer is paused until 2026-03-02 12:00:00Z: blocked: renew the token",
        "it goes on by itself",
    )


@pytest.mark.parametrize(
    ("rate_limit", "level", "shown"),
    [
        (RateLimitHint(used_percent=74), "ok", "may look"),
        (RateLimitHint(used_percent=75), "warning", "75 %"),
        (RateLimitHint(used_percent=95), "warning", "wait until 2026-03-01 13:00:00Z"),
        (RateLimitHint(wait=HOUR / 2), "warning", "wait until 2026-03-01 12:30:00Z"),
    ],
)
def test_a_source_near_its_rate_limit_is_reported(
    cli: CliWorld, rate_limit: RateLimitHint, level: str, shown: str
) -> None:
    """It explains why there are few looks."""
    with cli.world.database.write() as tx:
        sources.save_rate_limit_state(
            tx, "seer", sources.rate_limit_state(tx, "seer").after(rate_limit, cli.world.now)
        )
    finding = found(cli, "source.breaker")
    assert (finding["level"], shown in finding["says"]) == (level, True)
