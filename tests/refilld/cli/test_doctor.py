"""`refilld doctor`: findings, their levels and remedies, and the exit code."""

import json
import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from refilld.cli.doctor import COMMANDS
from refilld.extras import install_command
from storage import revision, sources
from tests.main_in_process import run_main
from tests.refilld.cli.doctor_runs import HOUR, checks, configure, doctor, found, rows
from tests.refilld.cli_world import CliWorld, cli_world, sold
from tests.refilld.plugged_source import SECRET, plug_in

LEVELS = {"ok", "warning", "error"}


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    """One source without options is installed and enabled."""
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    plug_in(tmp_path, monkeypatch)
    with cli_world(tmp_path) as cli:
        os.chmod(cli.world.path, 0o600)  # noqa: PTH101
        configure(cli, "[sources.seer]\nenabled = true\nspacing = '0s'\nreserve = 0\n")
        yield cli


# All findings


def test_the_command_is_registered() -> None:
    """Under the documented name."""
    (command,) = COMMANDS
    assert command.name == "doctor"


def test_a_good_installation_has_no_errors(cli: CliWorld) -> None:
    """Exit code 0, also with warnings; each finding is a sentence with a remedy where there is one."""
    result = doctor(cli)
    assert (result.exit_code, result.stderr) == (0, "")
    for row in rows(result):
        assert tuple(row) == ("level", "id", "about", "says", "hint")
        assert row["level"] in LEVELS - {"error"}
        assert (row["hint"] is None) == (row["level"] == "ok")
    assert checks(cli, "ok") >= {
        "configuration.file", "database.file", "database.reachable", "database.migrations", "database.sound",
        "clock.time", "source.opens", "source.breaker", "source.budget",
    }  # fmt: skip


def test_the_table_shows_each_finding_with_its_remedy(cli: CliWorld) -> None:
    """The same findings."""
    shown = cli.run("doctor").stdout
    assert shown.splitlines()[0].split() == ["level", "id", "finding"]
    for row in rows(doctor(cli)):
        assert row["id"] in shown
    assert "→ put an Apprise URL into alerts.urls" in shown


def test_the_doctor_changes_nothing(cli: CliWorld) -> None:
    """No row is written and no request is sent."""
    cli.imported(sold(1))
    before = cli.dump()
    assert doctor(cli).exit_code == 0
    assert cli.dump() == before


def test_a_wrong_configuration_is_a_one_line_error(cli: CliWorld) -> None:
    """One line with file, line and key, and exit code 2."""
    configure(cli, "[samplin]\n")
    result = cli.main("doctor")
    assert (result.returncode, result.stdout) == (2, "")
    assert "unknown key samplin; did you mean sampling?" in result.stderr


# The configuration


def test_the_configuration_file_is_named(cli: CliWorld) -> None:
    """With its full path."""
    assert str((cli.home / "refilld.toml").absolute()) in found(cli, "configuration.file")["says"]


def test_without_a_file_the_defaults_apply(tmp_path: Path) -> None:
    """The default database does not exist yet: the doctor does not create it, and names the command."""
    result = run_main("doctor", "--json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    findings = {row["id"]: row for row in map(json.loads, result.stdout.splitlines())}
    assert findings["configuration.file"]["level"] == "warning"
    assert findings["database.migrations"]["level"] == "error"
    assert findings["database.migrations"]["hint"] == "run: refilld init"
    assert findings["sources.enabled"]["level"] == "error"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "mode", "warned"),
    [
        ("[alerts]\nurls = ['json://user:hunter2@127.0.0.1:1']\n", 0o644, True),
        ("[alerts]\nurls = ['json://user:hunter2@127.0.0.1:1']\n", 0o640, False),
        ("[alerts.receivers.a]\nurls = ['json://user:hunter2@127.0.0.1:1']\n", 0o644, True),
        ("[alerts]\nurls = []\n", 0o644, False),
    ],
)
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_secrets_in_a_world_readable_configuration_are_a_warning(
    cli: CliWorld, text: str, mode: int, warned: bool
) -> None:
    """A file without secrets may be readable by all, as under systemd."""
    configure(cli, text)
    (cli.home / "refilld.toml").chmod(mode)
    assert ("configuration.secrets" in checks(cli, "warning")) is warned
    assert SECRET not in doctor(cli).output


def test_a_password_in_the_database_url_is_a_secret(tmp_path: Path) -> None:
    """It is not shown; an unreachable server is exit code 3, and all other findings are reported."""
    url = f"postgresql+psycopg://user:{SECRET}@127.0.0.1:1/shop"
    config = tmp_path / "refilld.toml"
    config.write_text(f"[database]\nurl = '{url}'\n")
    config.chmod(0o644)
    result = run_main("doctor", "--json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (3, "")
    findings = {row["id"]: row["level"] for row in map(json.loads, result.stdout.splitlines())}
    assert (findings["configuration.secrets"], findings["database.reachable"]) == ("warning", "error")
    assert {"sources.enabled", "alerts.channels"} <= findings.keys()
    assert SECRET not in result.stdout


# The database


def test_a_world_readable_database_is_an_error(cli: CliWorld) -> None:
    """A group-readable one is a warning."""
    cli.world.path.chmod(0o604)
    assert found(cli, "database.file")["level"] == "error"
    assert doctor(cli).exit_code == 1
    cli.world.path.chmod(0o640)
    finding = found(cli, "database.file")
    assert (finding["level"], finding["hint"]) == ("warning", f"chmod 600 {cli.world.path}")


def test_a_missing_folder_of_the_database_is_an_error(cli: CliWorld) -> None:
    """The disk cannot be checked either."""
    (cli.home / "refilld.toml").write_text("[database]\nurl = 'sqlite:////gone/refilld.db'\n")
    assert found(cli, "database.migrations")["hint"] == "run: refilld init"
    assert not {"database.disk", "database.file"} & checks(cli, *LEVELS)


def test_a_database_of_an_older_version_is_an_error(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that migrates it."""
    monkeypatch.setattr(revision, "newest", lambda: "9999")
    finding = found(cli, "database.migrations")
    assert (finding["level"], finding["hint"]) == ("error", "run: refilld db upgrade")
    assert doctor(cli).exit_code == 1


def test_a_file_that_is_no_database_is_unreachable(cli: CliWorld) -> None:
    """One finding, no traceback."""
    (cli.home / "queue.db").unlink()
    (cli.home / "queue.db").write_bytes(b"nothing of SQLite's" * 100)
    assert found(cli, "database.reachable")["level"] == "error"
    assert doctor(cli).exit_code == 3


def test_an_inaccessible_file_is_unreachable(cli: CliWorld) -> None:
    """The name is too long; a folder of another account has the same result."""
    (cli.home / "refilld.toml").write_text(f"[database]\nurl = 'sqlite:///{'x' * 300}'\n")
    assert found(cli, "database.file")["level"] == "error"
    assert found(cli, "database.reachable")["level"] == "error"
    assert doctor(cli).exit_code == 3


def test_a_damaged_file_is_an_error(cli: CliWorld) -> None:
    """By SQLite's own check: two indexes share a page."""
    with cli.world.database.write() as tx:
        tx.exec_driver_sql("PRAGMA writable_schema = ON")
        other = "(SELECT rootpage FROM sqlite_schema WHERE name = 'ix_drops_order_id')"
        where = "WHERE name = 'ix_orders_target_id'"
        tx.exec_driver_sql(f"UPDATE sqlite_schema SET rootpage = {other} {where}")
    cli.world.database.close()
    finding = found(cli, "database.sound")
    assert (finding["level"], "is damaged" in finding["says"]) == ("error", True)
    assert doctor(cli).exit_code == 1


@pytest.mark.parametrize(
    ("free", "level"), [(50_000_000, "error"), (500_000_000, "warning"), (5_000_000_000, "ok")]
)
def test_low_disk_space_is_reported(
    cli: CliWorld, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    """Below 1 GB a warning, below 100 MB an error."""
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=free))
    assert found(cli, "database.disk")["level"] == level


@pytest.mark.parametrize(("faulty", "level"), [(True, "warning"), (False, "ok")])
def test_a_sqlite_version_with_the_wal_bug_is_a_warning(
    cli: CliWorld, monkeypatch: pytest.MonkeyPatch, faulty: bool, level: str
) -> None:
    """As in the daemon."""
    monkeypatch.setattr("storage.sqlite_fault.may_corrupt", lambda: faulty)
    assert found(cli, "database.sqlite")["level"] == level


def test_a_missing_driver_is_reported_with_its_extra(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """It differs from a server that is down."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    (cli.home / "refilld.toml").write_text("[database]\nurl = 'postgresql+psycopg://me@localhost/shop'\n")
    finding = found(cli, "database.reachable")
    assert (finding["level"], finding["hint"]) == ("error", install_command("postgres"))


# The clock


def test_a_clock_behind_the_newest_snapshot_is_an_error(cli: CliWorld) -> None:
    """It was ahead then, or it is behind now."""
    with cli.world.database.write() as tx:
        sources.note_requests(tx, "seer", cli.world.now, 1)
    assert found(cli, "clock.time")["level"] == "ok"
    cli.world.now -= HOUR
    finding = found(cli, "clock.time")
    assert (finding["level"], "2026-03-01 12:00:00Z" in finding["says"]) == ("error", True)


def test_an_unset_clock_is_an_error(cli: CliWorld) -> None:
    """A machine without a clock battery starts in 1970."""
    cli.world.now = datetime(1970, 1, 2, tzinfo=UTC)
    assert found(cli, "clock.time")["level"] == "error"


@pytest.mark.parametrize(
    ("apart", "level"),
    [
        (timedelta(0), "ok"),
        (timedelta(minutes=1), "warning"),
        (-timedelta(minutes=1), "warning"),
        (HOUR, "error"),
    ],
)
def test_the_clock_is_compared_with_the_database_server(
    tmp_path: Path, migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch, apart: timedelta, level: str
) -> None:
    """Several daemons on one database must agree on the time."""
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    plug_in(tmp_path, monkeypatch)
    with cli_world(tmp_path) as cli:
        (cli.home / "refilld.toml").write_text(f"[database]\nurl = '{migrated_postgres_url}'\n")
        configure(cli, "[sources.seer]\nenabled = true\n")
        cli.world.now = datetime.now(UTC) + apart
        assert found(cli, "clock.server")["level"] == level
        found_checks = checks(cli, *LEVELS)
        assert "database.file" not in found_checks
        assert {"database.migrations", "source.budget", "source.breaker"} <= found_checks


# The alerts


def test_without_a_channel_there_is_a_warning(cli: CliWorld) -> None:
    """It is not an error."""
    assert found(cli, "alerts.channels")["level"] == "warning"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_an_invalid_alert_url_is_an_error(cli: CliWorld) -> None:
    """Reported by its number, as it may contain a password; no test alert is sent."""
    configure(cli, f"[alerts]\nurls = ['nosuch://{SECRET}']\n")
    result = doctor(cli, "--send-test-alert")
    assert (result.exit_code, SECRET in result.output) == (1, False)
    assert found(cli, "alerts.channels")["level"] == "error"
    assert "alerts.test" not in {row["id"] for row in rows(result)}


def test_the_doctor_keeps_the_file_mode_of_the_database(cli: CliWorld) -> None:
    """Also after the doctor has opened it."""
    assert doctor(cli).exit_code == 0
    for path in cli.home.glob("queue.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
