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
from tests.refilld.cli_world import Desk, a_desk
from tests.refilld.plugged_source import SECRET, plug_in


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """One source without options is installed and enabled."""
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    plug_in(tmp_path, monkeypatch)
    with a_desk(tmp_path) as desk:
        os.chmod(desk.world.path, 0o600)  # noqa: PTH101
        configure(desk, "[sources.seer]\nenabled = true\nspacing = '0s'\nreserve = 0\n")
        yield desk


def test_no_enabled_source_is_an_error(desk: Desk) -> None:
    """The finding names the page to read first."""
    text = (desk.home / "refilld.toml").read_text()
    (desk.home / "refilld.toml").write_text(text.replace("enabled = true", "enabled = false"))
    assert found(desk, "sources.enabled")["level"] == "error"


def test_an_uninstalled_source_is_an_error(desk: Desk) -> None:
    """With the installed names."""
    configure(desk, "[sources.telepathy]\nenabled = true\n")
    finding = found(desk, "source.installed")
    assert (finding["level"], finding["about"]) == ("error", "telepathy")
    assert "instaloader" in finding["says"]


def test_a_misspelt_source_is_reported_with_a_suggestion(desk: Desk) -> None:
    """The similar name only."""
    configure(desk, "[sources.instalaoder]\nenabled = true\n")
    assert found(desk, "source.installed")["says"].endswith("not installed; did you mean instaloader?")


def about(desk: Desk, name: str) -> list[dict[str, Any]]:
    return [row for row in rows(doctor(desk)) if row["about"] == name and row["id"] != "source.budget"]


@pytest.mark.parametrize(
    ("content", "check"), [(None, "source.credentials"), ("{}", "source.opens"), ("nonsense", "source.opens")]
)
def test_a_wrong_session_file_is_one_finding_with_the_command_that_writes_it(
    desk: Desk, content: str | None, check: str
) -> None:
    """The source has no `ok` finding."""
    path = desk.home / "session.json"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    configure(desk, f"[sources.instaloader]\nenabled = true\nsession_file = '{path}'\n")
    (finding,) = about(desk, "instaloader")
    assert (finding["level"], finding["id"]) == ("error", check)
    assert finding["hint"] == "write it with refilld sources login instaloader --cookies FILE"


@pytest.mark.parametrize(
    ("content", "check"),
    [(None, "source.credentials"), ("", "source.opens"), (f"{SECRET} {SECRET}", "source.opens")],
)
def test_a_wrong_token_file_is_one_finding(desk: Desk, content: str | None, check: str) -> None:
    """It names the required content of the file, and shows nothing of the actual one."""
    path = desk.home / "token"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    graph = f"[sources.graph]\nenabled = true\nig_user_id = '17841400000000000'\ntoken_file = '{path}'\n"
    configure(desk, graph)
    (finding,) = about(desk, "graph")
    assert (finding["level"], finding["id"]) == ("error", check)
    assert finding["hint"].startswith("put the token into it, readable by refilld's user only")
    assert SECRET not in doctor(desk).output


def test_a_source_that_cannot_start_is_reported_in_addition_to_its_valid_files(desk: Desk) -> None:
    """The files are not the fault."""
    path = desk.home / "token"
    path.write_text(SECRET)
    path.chmod(0o600)
    configure(desk, f"[sources.graph]\nenabled = true\ntoken_file = '{path}'\n")
    findings = [(row["id"], row["level"]) for row in about(desk, "graph")]
    assert findings == [("source.credentials", "ok"), ("source.opens", "error")]


def test_a_session_file_below_the_home_folder_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the source; an unknown user causes no error in the doctor."""
    monkeypatch.setenv("HOME", str(desk.home))
    path = desk.home / "session.json"
    path.write_text('{"sessionid": "17%3AFAKE%3A3", "csrftoken": "FAKEtoken", "ds_user_id": "17"}')
    path.chmod(0o600)
    configure(desk, "[sources.instaloader]\nenabled = true\nsession_file = '~/session.json'\n")
    assert {row["level"] for row in about(desk, "instaloader")} == {"ok"}
    text = (desk.home / "refilld.toml").read_text()
    (desk.home / "refilld.toml").write_text(text.replace("~/", "~nobody-of-that-name/"))
    assert "error" in {row["level"] for row in about(desk, "instaloader")}


def test_a_pause_of_a_source_that_cannot_start_is_reported(desk: Desk) -> None:
    """Both faults are reported."""
    configure(desk, "[sources.picky]\nenabled = true\n")
    with desk.world.database.write() as tx:
        sources.save_breaker(tx, "picky", sources.breaker(tx, "picky").held(None, "operator"))
    assert {row["id"] for row in about(desk, "picky")} == {"source.opens", "source.breaker"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("picky", "picky cannot begin: sources.picky.token_file: is empty"),
        ("broken", "broken fails with RuntimeError when it is opened"),
    ],
)
def test_a_source_that_cannot_start_is_an_error(desk: Desk, name: str, says: str) -> None:
    """Its own message about options is shown; the text of another error may contain a secret."""
    configure(desk, f"[sources.{name}]\nenabled = true\n")
    result = doctor(desk)
    findings = [row for row in rows(result) if (row["id"], row["about"]) == ("source.opens", name)]
    assert [(row["level"], row["says"]) for row in findings] == [("error", says)]
    assert result.exit_code == 1
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("mode", "level"), [(0o600, "ok"), (0o400, "ok"), (0o640, "warning"), (0o644, "error"), (0o602, "error")]
)
@pytest.mark.parametrize("option", ["token_file", "session_file"])
def test_a_credential_must_be_readable_by_its_owner_only(
    desk: Desk, option: str, mode: int, level: str
) -> None:
    """Nothing of its content is shown."""
    path = desk.home / "credential"
    path.write_text(SECRET)
    path.chmod(mode)
    configure(desk, f"{option} = '{path}'\n")
    finding = found(desk, "source.credentials")
    assert (finding["level"], finding["about"]) == (level, "seer")
    assert SECRET not in doctor(desk).output


def test_a_credential_from_systemd_may_be_readable_by_its_group(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd gives its group access; no user is in that group."""
    folder = desk.home / "credentials"
    folder.mkdir()
    (folder / "token").write_text(SECRET)
    (folder / "token").chmod(0o440)
    configure(desk, f"token_file = '{folder / 'token'}'\n")
    assert found(desk, "source.credentials")["level"] == "warning"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert found(desk, "source.credentials")["level"] == "ok"


@pytest.mark.parametrize("place", ["gone", "."])
def test_an_unreadable_credential_is_an_error(desk: Desk, place: str) -> None:
    """A missing file, or a folder."""
    configure(desk, f"token_file = '{desk.home / place}'\n")
    assert found(desk, "source.credentials")["level"] == "error"


@pytest.mark.parametrize(("times", "level"), [(1, "warning"), (3, "error")])
def test_a_paused_or_stopped_source_is_reported_with_reason_and_end(
    desk: Desk, times: int, level: str
) -> None:
    """A pause ends automatically; after three refusals an operator has to resume the source."""
    with desk.world.database.write() as tx:
        breaker = sources.breaker(tx, "seer")
        for _ in range(times):
            breaker = breaker.after(Outcome.BLOCKED, "a", desk.world.now, HOUR)
        sources.save_breaker(tx, "seer", breaker)
    finding = found(desk, "source.breaker")
    assert finding["level"] == level
    assert "blocked" in finding["says"]
    assert "refilld sources resume seer" in finding["hint"]


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
    desk: Desk, rate_limit: RateLimitHint, level: str, shown: str
) -> None:
    """It explains why there are few looks."""
    with desk.world.database.write() as tx:
        sources.save_rate_limit_state(
            tx, "seer", sources.rate_limit_state(tx, "seer").after(rate_limit, desk.world.now)
        )
    finding = found(desk, "source.breaker")
    assert (finding["level"], shown in finding["says"]) == (level, True)
