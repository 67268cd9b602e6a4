"""Supervision of a process: a moved database ends it, storage faults are told, systemd sees its state."""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Event

import pytest
from structlog.testing import capture_logs

from refilld.daemon.daemon import Daemon
from refilld.daemon.readiness import health
from refilld.services.database_check import DatabaseCheck
from refilld.settings.settings import Settings
from storage import daemons, tokens
from storage.engine import Database
from storage.errors import DatabaseFileError, UnreachableError
from storage.tokens import Scope
from tests.builders import DAY, NOW
from tests.full_disk import SmallDisk, small_disk
from tests.migrated_database import migrated_database

FULL = ("No space left on device", "database or disk is full", "disk I/O error")
"""How the system and SQLite say it, depending on what was being written."""


@dataclass
class Script(Event):
    """Stops a process after these steps; one is made at each wait of the main thread."""

    steps: list[Callable[[], object]]

    def __post_init__(self) -> None:
        super().__init__()

    def wait(self, timeout: float | None = None) -> bool:
        if not self.steps:
            return True
        self.steps.pop(0)()
        return self.is_set()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def database(disk: SmallDisk) -> Iterator[Database]:
    with migrated_database(disk.folder / "refilld.db") as database:
        yield database


def beat(database: Database) -> None:
    """As the beat job does."""
    database.probe_space()
    with suppress(UnreachableError), database.write() as tx:
        tx.exec_driver_sql("INSERT INTO virtual_times VALUES ('a', '') ON CONFLICT DO NOTHING")


def serve(database: Database, *steps: Callable[[], object]) -> None:
    settings = Settings.model_validate({"http": {"listen": "127.0.0.1:0"}})
    Daemon(settings, database, lambda: NOW, Script(list(steps))).serve()


def test_a_process_whose_database_was_moved_ends(database: Database) -> None:
    assert database.path is not None
    moved = database.path.with_name("moved.db")
    with capture_logs(), pytest.raises(DatabaseFileError, match="was moved or deleted"):
        serve(
            database,
            lambda: beat(database),
            lambda: shutil.move(database.path or "", moved),
            lambda: None,
        )


def test_a_storage_fault_is_told_when_it_begins_and_when_it_ends(database: Database, disk: SmallDisk) -> None:
    """In the log, once each; readiness follows it."""
    ready = []

    def write() -> None:
        beat(database)
        ready.append(health(database, DatabaseCheck(database), tuple).ready)

    with capture_logs() as logs:
        serve(database, write, disk.fill, write, write, disk.make_room, write, write)
    assert ready == [True, False, False, True, True]
    told = [line for line in logs if line["event"].startswith("storage.")]
    assert [line["event"] for line in told] == ["storage.fault", "storage.ready"]
    assert any(said in told[0]["error"] for said in FULL)


def test_systemd_is_told_of_a_storage_fault(
    database: Database, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the line of `systemctl status`."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(disk.folder / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(disk.folder / "notify"))
        with capture_logs():
            serve(database, disk.fill, lambda: beat(database), disk.make_room, lambda: beat(database))
        received = "\n".join(iter_messages(manager)).splitlines()
    states = [line for line in received if line.startswith("STATUS=")]
    assert states[0] == states[-1] == "STATUS=running"
    assert any(said in states[1] for said in FULL)


def iter_messages(manager: socket.socket) -> Iterator[str]:
    while True:
        try:
            yield manager.recv(4096).decode()
        except BlockingIOError:
            return


def test_readiness_says_that_writing_fails(database: Database, disk: SmallDisk) -> None:
    """The answer names it without the path; the log has the cause."""
    assert health(database, DatabaseCheck(database), tuple).ready
    disk.fill()
    with pytest.raises(UnreachableError), database.write() as tx:
        tx.exec_driver_sql("INSERT INTO virtual_times VALUES ('a', ?)", ("x" * 3_000_000,))
    found = health(database, DatabaseCheck(database), tuple)
    assert (found.ready, found.writable) == (False, False)
    assert any(said in found.faults[-1] for said in FULL)


def test_a_token_ends_by_the_clock_of_the_server(migrated_postgres: Database) -> None:
    """Whatever the machine's says, here long before: daemons on several machines agree."""
    with migrated_postgres.write() as tx:
        made = tokens.create(tx, "", [Scope.REFILLS_CONSUME], NOW, lifetime=DAY)
    answers: list[int] = []

    def call() -> None:
        while not measured(migrated_postgres):
            pass
        port = next(line["port"] for line in logs if line["event"] == "http.listening")
        with closing(HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("GET", "/api/v1/refills", headers={"Authorization": f"Bearer {made}"})
            answers.append(connection.getresponse().status)

    with capture_logs() as logs:
        serve(migrated_postgres, call)
    assert answers == [401]


def measured(database: Database) -> bool:
    """Whether the process has recorded its first beat, by the clock of the server."""
    with database.read() as tx:
        return bool(daemons.listed(tx))
