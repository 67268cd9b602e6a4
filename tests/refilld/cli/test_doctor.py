"""The doctor at the prompt: what it finds, how bad it is, what to do, and how it ends."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result

from monitor.model.snapshot import Outcome
from monitor.sources.contract import RateLimitHint
from refilld.cli.doctor import COMMANDS
from storage import migrate, sources
from storage.engine import Database
from tests.refilld.cli_world import Desk, a_desk, process, sold
from tests.refilld.plugged_source import SECRET, plug_in

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEVELS = {"ok", "warning", "error"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Where one source is installed that needs nothing, and enabled."""
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    plug_in(tmp_path, monkeypatch)
    with a_desk(tmp_path) as desk:
        os.chmod(desk.world.path, 0o600)  # noqa: PTH101
        configure(desk, "[sources.seer]\nenabled = true\nspacing = '0s'\nreserve = 0\n")
        yield desk


def configure(desk: Desk, text: str) -> None:
    with (desk.home / "refilld.toml").open("a") as file:
        file.write(text)


def doctor(desk: Desk, *words: str) -> Result:
    return desk.run("doctor", "--json", *words)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code in {0, 1, 3}, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def found(desk: Desk, check: str, *words: str) -> dict[str, Any]:
    """The one finding of a check."""
    (row,) = [row for row in rows(doctor(desk, *words)) if row["id"] == check]
    return row


def checks(desk: Desk, *levels: str) -> set[str]:
    return {row["id"] for row in rows(doctor(desk)) if row["level"] in levels}


# The whole


def test_the_command_is_offered_to_the_command_line() -> None:
    """Under the name that the contract gives."""
    (command,) = COMMANDS
    assert command.name == "doctor"


def test_nothing_is_wrong_with_a_good_installation(desk: Desk) -> None:
    """It ends with 0, whatever is worth a warning; each finding is a sentence, and says what to do if any."""
    result = doctor(desk)
    assert (result.exit_code, result.stderr) == (0, "")
    for row in rows(result):
        assert tuple(row) == ("level", "id", "about", "says", "hint")
        assert row["level"] in LEVELS - {"error"}
        assert (row["hint"] is None) == (row["level"] == "ok")
    assert checks(desk, "ok") >= {
        "configuration.file", "database.file", "database.reachable", "database.migrations", "database.sound",
        "clock.time", "source.opens", "source.breaker", "source.budget",
    }  # fmt: skip


def test_people_get_a_table_with_what_to_do_below_each_finding(desk: Desk) -> None:
    """The same findings."""
    shown = desk.run("doctor").stdout
    assert shown.splitlines()[0].split() == ["level", "id", "finding"]
    for row in rows(doctor(desk)):
        assert row["id"] in shown
    assert "→ put an Apprise URL into alerts.urls" in shown


def test_looking_changes_nothing(desk: Desk) -> None:
    """Not a row, and no request goes out: the source of this desk would fail the test."""
    desk.imported(sold(1))
    before = desk.dump()
    assert doctor(desk).exit_code == 0
    assert desk.dump() == before


def test_a_wrong_configuration_ends_as_with_every_command(desk: Desk) -> None:
    """One line with file, line and key, and exit code 2."""
    configure(desk, "[samplin]\n")
    result = desk.process("doctor")
    assert (result.returncode, result.stdout) == (2, "")
    assert "unknown key samplin; did you mean sampling?" in result.stderr


# The configuration


def test_the_file_that_holds_is_named(desk: Desk) -> None:
    """Whole, so that nobody edits another one."""
    assert str((desk.home / "refilld.toml").absolute()) in found(desk, "configuration.file")["says"]


def test_without_any_file_the_defaults_hold(tmp_path: Path) -> None:
    """And the database of the defaults is not there yet: the doctor creates none, and says what does."""
    result = process("doctor", "--json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    told = {row["id"]: row for row in map(json.loads, result.stdout.splitlines())}
    assert told["configuration.file"]["level"] == "warning"
    assert told["database.migrations"]["level"] == "error"
    assert told["database.migrations"]["hint"] == "run: refilld init"
    assert told["sources.enabled"]["level"] == "error"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        ("[alerts]\nurls = ['json://user:hunter2@127.0.0.1:1']\n", 0o644, True),
        ("[alerts]\nurls = ['json://user:hunter2@127.0.0.1:1']\n", 0o640, False),
        ("[alerts]\nurls = []\n", 0o644, False),
    ],
)
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_secrets_in_a_configuration_that_everyone_can_read_are_warned_of(
    desk: Desk, text: str, mode: int, told: bool
) -> None:
    """A file without any must be readable by all under systemd."""
    configure(desk, text)
    (desk.home / "refilld.toml").chmod(mode)
    assert ("configuration.secrets" in checks(desk, "warning")) is told
    assert SECRET not in doctor(desk).output


def test_a_password_in_the_database_url_is_a_secret(tmp_path: Path) -> None:
    """Which is not shown; a server that does not answer is exit code 3, and the rest is told all the same."""
    url = f"postgresql+psycopg://user:{SECRET}@127.0.0.1:1/shop"
    config = tmp_path / "refilld.toml"
    config.write_text(f"[database]\nurl = '{url}'\n")
    config.chmod(0o644)
    result = process("doctor", "--json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (3, "")
    told = {row["id"]: row["level"] for row in map(json.loads, result.stdout.splitlines())}
    assert (told["configuration.secrets"], told["database.reachable"]) == ("warning", "error")
    assert {"sources.enabled", "alerts.channels"} <= told.keys()
    assert SECRET not in result.stdout


# The database


def test_a_database_that_others_can_read_is_wrong(desk: Desk) -> None:
    """It names customers; its group is a smaller matter."""
    desk.world.path.chmod(0o604)
    assert found(desk, "database.file")["level"] == "error"
    assert doctor(desk).exit_code == 1
    desk.world.path.chmod(0o640)
    told = found(desk, "database.file")
    assert (told["level"], told["hint"]) == ("warning", f"chmod 600 {desk.world.path}")


def test_a_folder_that_is_not_there_is_no_place_for_a_database(desk: Desk) -> None:
    """There is no disk to judge either."""
    (desk.home / "refilld.toml").write_text("[database]\nurl = 'sqlite:////gone/refilld.db'\n")
    assert found(desk, "database.migrations")["hint"] == "run: refilld init"
    assert not {"database.disk", "database.file"} & checks(desk, *LEVELS)


def test_a_database_of_an_older_version_wants_its_migrations(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong, but not out of reach."""
    monkeypatch.setattr(migrate, "newest", lambda: "9999")
    told = found(desk, "database.migrations")
    assert (told["level"], told["hint"]) == ("error", "run: refilld db upgrade")
    assert doctor(desk).exit_code == 1


def test_a_file_that_is_no_database_is_out_of_reach(desk: Desk) -> None:
    """One finding, no traceback."""
    (desk.home / "queue.db").unlink()
    (desk.home / "queue.db").write_bytes(b"nothing of SQLite's" * 100)
    assert found(desk, "database.reachable")["level"] == "error"
    assert doctor(desk).exit_code == 3


def test_a_file_that_nobody_lets_us_see_is_out_of_reach(desk: Desk) -> None:
    """Here its name is too long for any disk; a folder that is another account's ends alike."""
    (desk.home / "refilld.toml").write_text(f"[database]\nurl = 'sqlite:///{'x' * 300}'\n")
    assert found(desk, "database.file")["level"] == "error"
    assert found(desk, "database.reachable")["level"] == "error"
    assert doctor(desk).exit_code == 3


def test_a_damaged_file_is_told(desk: Desk) -> None:
    """By SQLite's own check: two indexes lie on one page."""
    with desk.world.database.write() as tx:
        tx.exec_driver_sql("PRAGMA writable_schema = ON")
        other = "(SELECT rootpage FROM sqlite_schema WHERE name = 'ix_drops_order_id')"
        where = "WHERE name = 'ix_orders_target_id'"
        tx.exec_driver_sql(f"UPDATE sqlite_schema SET rootpage = {other} {where}")
    desk.world.database.close()
    told = found(desk, "database.sound")
    assert (told["level"], "is damaged" in told["says"]) == ("error", True)
    assert doctor(desk).exit_code == 1


@pytest.mark.parametrize(
    ("free", "level"), [(50_000_000, "error"), (500_000_000, "warning"), (5_000_000_000, "ok")]
)
def test_a_full_disk_is_told_before_it_is_full(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    """Below 100 MB something is about to fail; below 1 GB it is time."""
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=free))
    assert found(desk, "database.disk")["level"] == level


@pytest.mark.parametrize(("faulty", "level"), [(True, "warning"), (False, "ok")])
def test_a_library_with_the_fault_is_warned_of(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, faulty: bool, level: str
) -> None:
    """As the daemon does."""
    monkeypatch.setattr("storage.sqlite_fault.may_corrupt", lambda: faulty)
    assert found(desk, "database.sqlite")["level"] == level


def test_a_missing_driver_is_told_with_what_installs_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that might be down is another matter."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    (desk.home / "refilld.toml").write_text("[database]\nurl = 'postgresql+psycopg://me@localhost/shop'\n")
    told = found(desk, "database.reachable")
    assert (told["level"], told["hint"]) == ("error", "pip install '.[postgres]'")


# The clock


def test_a_clock_behind_the_newest_look_is_wrong(desk: Desk) -> None:
    """It was ahead then, or it is behind now."""
    with desk.world.database.write() as tx:
        sources.note_requests(tx, "seer", desk.world.now, 1)
    assert found(desk, "clock.time")["level"] == "ok"
    desk.world.now -= HOUR
    told = found(desk, "clock.time")
    assert (told["level"], "2026-03-01 12:00:00Z" in told["says"]) == ("error", True)


def test_a_clock_that_never_was_set_is_wrong(desk: Desk) -> None:
    """A machine without a battery begins in 1970."""
    desk.world.now = datetime(1970, 1, 2, tzinfo=UTC)
    assert found(desk, "clock.time")["level"] == "error"


@pytest.mark.parametrize(
    ("apart", "level"),
    [
        (timedelta(0), "ok"),
        (timedelta(minutes=1), "warning"),
        (-timedelta(minutes=1), "warning"),
        (HOUR, "error"),
    ],
)
def test_the_clock_is_held_beside_the_database_servers(
    tmp_path: Path, fresh_postgres: str, monkeypatch: pytest.MonkeyPatch, apart: timedelta, level: str
) -> None:
    """Several daemons on one database must agree on the time."""
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    plug_in(tmp_path, monkeypatch)
    database = Database(fresh_postgres)
    migrate.upgrade(database)
    database.close()
    with a_desk(tmp_path) as desk:
        (desk.home / "refilld.toml").write_text(f"[database]\nurl = '{fresh_postgres}'\n")
        configure(desk, "[sources.seer]\nenabled = true\n")
        desk.world.now = datetime.now(UTC) + apart
        assert found(desk, "clock.server")["level"] == level
        told = checks(desk, *LEVELS)
        assert "database.file" not in told
        assert {"database.migrations", "source.budget", "source.breaker"} <= told


# The sources


def test_without_an_enabled_source_nothing_is_looked_at(desk: Desk) -> None:
    """Which is wrong, and says where to begin."""
    text = (desk.home / "refilld.toml").read_text()
    (desk.home / "refilld.toml").write_text(text.replace("enabled = true", "enabled = false"))
    assert found(desk, "sources.enabled")["level"] == "error"


def test_a_source_that_is_not_installed_is_wrong(desk: Desk) -> None:
    """With the names that there are."""
    configure(desk, "[sources.telepathy]\nenabled = true\n")
    told = found(desk, "source.installed")
    assert (told["level"], told["about"]) == ("error", "telepathy")
    assert "instaloader" in told["says"]


def test_a_source_that_is_misspelt_is_told_as_it_may_be_meant(desk: Desk) -> None:
    """One name, not all of them."""
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
    """And nothing good is told of the source besides."""
    path = desk.home / "session.json"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    configure(desk, f"[sources.instaloader]\nenabled = true\nsession_file = '{path}'\n")
    (told,) = about(desk, "instaloader")
    assert (told["level"], told["id"]) == ("error", check)
    assert told["hint"] == "write it with refilld sources login instaloader --cookies FILE"


@pytest.mark.parametrize(
    ("content", "check"),
    [(None, "source.credentials"), ("", "source.opens"), (f"{SECRET} {SECRET}", "source.opens")],
)
def test_a_wrong_token_file_is_one_finding(desk: Desk, content: str | None, check: str) -> None:
    """It says what belongs into the file, and nothing of what is in it."""
    path = desk.home / "token"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    graph = f"[sources.graph]\nenabled = true\nig_user_id = '17841400000000000'\ntoken_file = '{path}'\n"
    configure(desk, graph)
    (told,) = about(desk, "graph")
    assert (told["level"], told["id"]) == ("error", check)
    assert told["hint"].startswith("put the token into it, readable by refilld's user only")
    assert SECRET not in doctor(desk).output


def test_a_source_that_cannot_begin_is_told_beside_its_good_files(desk: Desk) -> None:
    """They are not what is wrong."""
    path = desk.home / "token"
    path.write_text(SECRET)
    path.chmod(0o600)
    configure(desk, f"[sources.graph]\nenabled = true\ntoken_file = '{path}'\n")
    told = [(row["id"], row["level"]) for row in about(desk, "graph")]
    assert told == [("source.credentials", "ok"), ("source.opens", "error")]


def test_a_session_file_below_the_home_folder_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the source finds it; a user that is not there is no fault of ours."""
    monkeypatch.setenv("HOME", str(desk.home))
    path = desk.home / "session.json"
    path.write_text('{"sessionid": "17%3AFAKE%3A3", "csrftoken": "FAKEtoken", "ds_user_id": "17"}')
    path.chmod(0o600)
    configure(desk, "[sources.instaloader]\nenabled = true\nsession_file = '~/session.json'\n")
    assert {row["level"] for row in about(desk, "instaloader")} == {"ok"}
    text = (desk.home / "refilld.toml").read_text()
    (desk.home / "refilld.toml").write_text(text.replace("~/", "~nobody-of-that-name/"))
    assert "error" in {row["level"] for row in about(desk, "instaloader")}


def test_a_pause_is_told_of_a_source_that_cannot_begin(desk: Desk) -> None:
    """Both have to end."""
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
def test_a_source_that_cannot_begin_is_wrong(desk: Desk, name: str, says: str) -> None:
    """What it says of its options is told; what a stranger's error says may be a secret."""
    configure(desk, f"[sources.{name}]\nenabled = true\n")
    result = doctor(desk)
    told = [row for row in rows(result) if (row["id"], row["about"]) == ("source.opens", name)]
    assert [(row["level"], row["says"]) for row in told] == [("error", says)]
    assert result.exit_code == 1
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("mode", "level"), [(0o600, "ok"), (0o400, "ok"), (0o640, "warning"), (0o644, "error"), (0o602, "error")]
)
@pytest.mark.parametrize("option", ["token_file", "session_file"])
def test_a_credential_is_its_owners_alone(desk: Desk, option: str, mode: int, level: str) -> None:
    """The file is judged, and nothing of it shown."""
    path = desk.home / "credential"
    path.write_text(SECRET)
    path.chmod(mode)
    configure(desk, f"{option} = '{path}'\n")
    told = found(desk, "source.credentials")
    assert (told["level"], told["about"]) == (level, "seer")
    assert SECRET not in doctor(desk).output


def test_a_credential_from_systemd_is_private_in_its_own_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd lets its group in, which is nobody's."""
    folder = desk.home / "credentials"
    folder.mkdir()
    (folder / "token").write_text(SECRET)
    (folder / "token").chmod(0o440)
    configure(desk, f"token_file = '{folder / 'token'}'\n")
    assert found(desk, "source.credentials")["level"] == "warning"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert found(desk, "source.credentials")["level"] == "ok"


@pytest.mark.parametrize("place", ["gone", "."])
def test_a_credential_that_cannot_be_read_is_wrong(desk: Desk, place: str) -> None:
    """Not there, or a folder."""
    configure(desk, f"token_file = '{desk.home / place}'\n")
    assert found(desk, "source.credentials")["level"] == "error"


@pytest.mark.parametrize(("times", "level"), [(1, "warning"), (3, "error")])
def test_a_refused_source_says_why_and_how_it_goes_on(desk: Desk, times: int, level: str) -> None:
    """A pause ends by itself; after three refusals somebody has to decide."""
    with desk.world.database.write() as tx:
        breaker = sources.breaker(tx, "seer")
        for _ in range(times):
            breaker = breaker.after(Outcome.BLOCKED, "a", desk.world.now, HOUR)
        sources.save_breaker(tx, "seer", breaker)
    told = found(desk, "source.breaker")
    assert told["level"] == level
    assert "blocked" in told["says"]
    assert "refilld sources resume seer" in told["hint"]


@pytest.mark.parametrize(
    ("rate_limit", "level", "said"),
    [
        (RateLimitHint(used_percent=74), "ok", "may look"),
        (RateLimitHint(used_percent=75), "warning", "75 %"),
        (RateLimitHint(used_percent=95), "warning", "wait until 2026-03-01 13:00:00Z"),
        (RateLimitHint(wait=HOUR / 2), "warning", "wait until 2026-03-01 12:30:00Z"),
    ],
)
def test_a_platform_that_is_strained_is_told(
    desk: Desk, rate_limit: RateLimitHint, level: str, said: str
) -> None:
    """It is no fault, but somebody may wonder why so little is looked at."""
    with desk.world.database.write() as tx:
        sources.save_rate_limit_state(
            tx, "seer", sources.rate_limit_state(tx, "seer").after(rate_limit, desk.world.now)
        )
    told = found(desk, "source.breaker")
    assert (told["level"], said in told["says"]) == (level, True)


# The alerts


def test_without_a_channel_nobody_is_told(desk: Desk) -> None:
    """Which may be meant so."""
    assert found(desk, "alerts.channels")["level"] == "warning"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_an_address_that_is_none_is_wrong(desk: Desk) -> None:
    """Told by its number, for it may hold a password; a test alert is then out of the question."""
    configure(desk, f"[alerts]\nurls = ['nosuch://{SECRET}']\n")
    result = doctor(desk, "--send-test-alert")
    assert (result.exit_code, SECRET in result.output) == (1, False)
    assert found(desk, "alerts.channels")["level"] == "error"
    assert "alerts.test" not in {row["id"] for row in rows(result)}


def test_a_database_stays_its_owners_alone(desk: Desk) -> None:
    """Whatever the doctor opened."""
    assert doctor(desk).exit_code == 0
    for path in desk.home.glob("queue.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
