"""`refilld daemons`, and what the doctor says about daemons."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from refilld.daemon.daemon import Daemon
from refilld.settings.settings import Settings
from storage import daemons, job_holders
from storage.daemons import DaemonMode
from tests.refilld.cli.doctor_runs import configure, doctor, found, rows
from tests.refilld.cli_world import CliWorld, cli_world, sold
from tests.refilld.plugged_source import plug_in

SECOND = timedelta(seconds=1)
ELSEWHERE = "another-host"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    """One source without options is installed and enabled."""
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    monkeypatch.setattr("refilld.doctor.daemons.UNITS", ())
    plug_in(tmp_path, monkeypatch)
    with cli_world(tmp_path) as cli:
        cli.world.path.chmod(0o600)
        configure(cli, "[sources.seer]\nenabled = true\n")
        yield cli


def recorded(
    cli: CliWorld,
    host: str,
    pid: int,
    seconds_ago: int,
    mode: DaemonMode = DaemonMode.RUN,
    version: str = "0.1.0",
) -> None:
    with cli.world.database.write() as tx:
        daemons.register(tx, host, pid, version, mode, cli.world.now - seconds_ago * SECOND)


def listed(cli: CliWorld) -> list[dict[str, Any]]:
    return [json.loads(line) for line in cli.run("daemons", "--json").stdout.splitlines()]


@pytest.fixture(scope="module")
def ended() -> int:
    """The number of a process that was killed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        process.kill()
    return process.pid


@pytest.mark.parametrize(
    ("host", "seconds_ago", "state"),
    [(socket.gethostname(), 5, "alive"), (ELSEWHERE, 60, "alive"), (ELSEWHERE, 61, "silent"),
     (socket.gethostname(), 61, "silent"), (ELSEWHERE, -60, "alive"), (ELSEWHERE, -61, "ahead")],
)  # fmt: skip
def test_a_daemon_is_alive_while_its_beat_is_recent(
    cli: CliWorld, host: str, seconds_ago: int, state: str
) -> None:
    recorded(cli, host, os.getpid(), seconds_ago)
    (row,) = listed(cli)
    assert (row["state"], row["alive"], row["host"]) == (state, state == "alive", host)
    assert row.keys() >= {"pid", "mode", "version", "started_at", "beat_at"}
    assert state in cli.run("daemons").stdout


def test_the_jobs_that_a_daemon_holds_are_listed(cli: CliWorld) -> None:
    """Those that one daemon carries out for all on its database."""
    recorded(cli, ELSEWHERE, 7, seconds_ago=5)
    recorded(cli, ELSEWHERE, 8, seconds_ago=5, mode=DaemonMode.SERVE)
    with cli.world.database.write() as tx:
        first = daemons.listed(tx)[0].daemon_id
        for job in ("maintenance", "alerting"):
            job_holders.begin_round(tx, job, first, SECOND, cli.world.now)
    assert [row["jobs"] for row in listed(cli)] == [["alerting", "maintenance"], []]
    assert "alerting, maintenance" in cli.run("daemons", "--wide").stdout


def test_daemons_of_several_versions_are_a_warning(cli: CliWorld) -> None:
    """Those that are alive, whatever they do."""
    recorded(cli, "one", 7, seconds_ago=5)
    recorded(cli, "two", 8, seconds_ago=600, version="0.0.9")
    assert "daemon.versions" not in {row["id"] for row in rows(doctor(cli))}
    recorded(cli, "three", 9, seconds_ago=5, mode=DaemonMode.SERVE, version="0.0.9")
    finding = found(cli, "daemon.versions")
    assert (finding["level"], finding["says"]) == (
        "warning", "daemons of several versions run: 0.0.9 on three; 0.1.0 on one",
    )  # fmt: skip
    assert "restart the older daemons" in finding["hint"]


def test_the_one_daemon_on_sqlite_holds_all_jobs(cli: CliWorld) -> None:
    """There are no holders to name; `serve` runs none, and neither does a daemon that is gone."""
    recorded(cli, "one", 7, seconds_ago=5)
    recorded(cli, "two", 8, seconds_ago=5, mode=DaemonMode.SERVE)
    recorded(cli, "three", 9, seconds_ago=600)
    assert {row["host"]: row["jobs"] for row in listed(cli)} == {"one": ["all"], "two": [], "three": []}


def test_a_killed_daemon_is_seen_at_once(cli: CliWorld, ended: int) -> None:
    """Its beat is recent, but its process does not exist any more."""
    cli.imported(sold(1))
    recorded(cli, socket.gethostname(), ended, seconds_ago=5)
    assert listed(cli)[0]["state"] == "gone"
    finding = found(cli, "daemon.running")
    assert (finding["level"], finding["hint"]) == (
        "error",
        f"start: refilld --config {cli.home}/refilld.toml run",
    )
    assert finding["says"] == "no daemon runs; last beat 5 seconds ago"
    assert doctor(cli).exit_code == 1


def test_a_daemon_on_another_host_that_is_silent_is_an_error(cli: CliWorld) -> None:
    cli.imported(sold(1))
    recorded(cli, ELSEWHERE, 7, seconds_ago=600)
    finding = found(cli, "daemon.running")
    assert finding["level"] == "error"
    assert "does not write: last beat 10 minutes ago" in finding["says"]


def test_the_http_interface_alone_looks_at_nothing(cli: CliWorld) -> None:
    cli.imported(sold(1))
    recorded(cli, ELSEWHERE, 7, seconds_ago=1, mode=DaemonMode.SERVE)
    with cli.world.database.write() as tx:
        look = int((cli.world.now - timedelta(hours=3)).timestamp() * 1_000_000)
        tx.exec_driver_sql(f"UPDATE targets SET last_look_at = {look}")
    finding = found(cli, "daemon.running")
    assert (finding["level"], finding["says"]) == ("error", "no daemon runs; last look 3 hours ago")


def test_a_new_installation_is_told_to_start_the_daemon(cli: CliWorld) -> None:
    """That is no error before the first start, and nothing at all before the first import."""
    assert found(cli, "daemon.running")["level"] == "ok"
    cli.imported(sold(1))
    finding = found(cli, "daemon.running")
    assert (finding["level"], finding["says"]) == (
        "warning", "no daemon has run yet; 1 target waits for a first look",
    )  # fmt: skip


def test_under_systemd_the_remedy_is_systemctl(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refilld.doctor.daemons.UNITS", (cli.write("", "refilld.service"),))
    cli.imported(sold(1))
    assert found(cli, "daemon.running")["hint"] == "start: systemctl start refilld"


def test_a_running_daemon_is_ok(cli: CliWorld) -> None:
    cli.imported(sold(1))
    recorded(cli, ELSEWHERE, 7, seconds_ago=1)
    assert found(cli, "daemon.running")["level"] == "ok"


# What to do first


def summary(cli: CliWorld) -> dict[str, Any]:
    last: dict[str, Any] = json.loads(doctor(cli).stdout.splitlines()[-1])
    return last


def test_the_doctor_ends_with_what_to_do_first(cli: CliWorld) -> None:
    """The remedy of the first error, as text and as JSON."""
    cli.imported(sold(1))
    recorded(cli, ELSEWHERE, 7, seconds_ago=600)
    expected = found(cli, "daemon.running")["hint"]
    assert (summary(cli)["id"], summary(cli)["level"]) == ("summary", "error")
    assert (summary(cli)["says"], summary(cli)["hint"]) == (f"first: {expected}", expected)
    assert cli.run("doctor").stdout.splitlines()[-1] == f"first: {expected}"


def test_without_an_error_the_first_warning_is_first(cli: CliWorld) -> None:
    expected = found(cli, "alerts.channels")["hint"]
    assert (summary(cli)["level"], summary(cli)["says"]) == ("warning", f"first: {expected}")
    assert doctor(cli).exit_code == 0


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_an_installation_without_a_fault_is_healthy(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old SQLite library asks for nothing to be done."""
    monkeypatch.setattr("storage.sqlite_fault.may_corrupt", lambda: True)
    configure(cli, "[alerts]\nurls = ['json://127.0.0.1:1']\n")
    (cli.home / "refilld.toml").chmod(0o640)
    assert [row["id"] for row in rows(doctor(cli)) if row["level"] != "ok"] == ["database.sqlite"]
    assert summary(cli)["says"] == "healthy"
    assert cli.run("doctor").stdout.splitlines()[-1] == "healthy"


# The daemon itself


def test_a_process_is_listed_while_it_serves_and_not_after_a_clean_stop(cli: CliWorld) -> None:
    class UntilListed(Event):
        """Stops the process when its row is there."""

        seen: list[dict[str, Any]]

        def wait(self, timeout: float | None = None) -> bool:
            self.seen = listed(cli)
            return bool(self.seen) or super().wait(0.01)

    stopping = UntilListed()
    settings = Settings.model_validate({"http": {"listen": "127.0.0.1:0"}})
    Daemon(settings, cli.world.database, cli.world.clock, stopping).serve()
    (row,) = stopping.seen
    assert (row["pid"], row["mode"], row["state"]) == (os.getpid(), "serve", "alive")
    assert listed(cli) == []
