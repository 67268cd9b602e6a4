"""Transactions: all or nothing, isolated, and durable when a process is killed."""

import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from storage import migrate
from storage.engine import Database
from storage.errors import UnreachableError
from storage.patience import STOPPING, Patience
from storage.schema import orders
from storage.source_tables import source_requests
from storage.sqlite_engine import enter_wal
from tests.builders import an_order
from tests.storage.request_rows import add_request, count_requests, file_of
from tests.storage.shop import at_once, everything, rows_of, sell

SECRET = "sw0rdfish"
SLACK = 10
"""Seconds that a busy machine may add; without a limit the waits would take 30."""


def test_committed_rows_survive_a_restart(sqlite: Database) -> None:
    """A restart loses nothing."""
    sell(sqlite, an_order())
    before = everything(sqlite)
    sqlite.close()
    again = Database(f"sqlite:///{file_of(sqlite)}")
    assert everything(again) == before
    again.close()


def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    """And the next transaction starts without it."""
    before = everything(database)

    def write_and_fail() -> None:
        with database.write() as connection:
            add_request(connection, count=3)
            connection.exec_driver_sql("INSERT INTO order_flags VALUES ('404', 'hold', 1)")

    with pytest.raises(IntegrityError):
        write_and_fail()
    assert everything(database) == before
    with database.write() as connection:
        add_request(connection)
    assert count_requests(database) == 1


def test_a_writer_that_waits_too_long_fails_with_one_line(sqlite: Database) -> None:
    """The transaction it waits for is not disturbed."""
    hurried = sqlite.with_patience(Patience(turn=0.01, statement=1))
    with sqlite.write() as connection:
        add_request(connection)
        with pytest.raises(UnreachableError, match="busy; no connection came free in time"), hurried.write():
            pass
    assert count_requests(sqlite) == 1


def test_a_writer_waits_no_longer_than_its_patience_for_another_process(sqlite: Database) -> None:
    """SQLite's file is locked by somebody else; readers go on."""
    stranger = sqlite3.connect(file_of(sqlite), isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    start = monotonic()
    with (
        pytest.raises(UnreachableError, match="database is locked"),
        sqlite.with_patience(Patience(turn=0.1, statement=1)).write(),
    ):
        pass
    assert monotonic() - start < SLACK
    assert count_requests(sqlite) == 0
    stranger.close()


def test_a_writer_that_waits_ends_soon_when_the_process_stops(sqlite: Database) -> None:
    """Whoever holds the file, and whatever the patience."""
    stopping = Event()
    sqlite.shorten_waits_when(stopping)
    stranger = sqlite3.connect(file_of(sqlite), isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    stopping.set()
    start = monotonic()
    with pytest.raises(UnreachableError, match="database is locked"), sqlite.write():
        pass
    assert monotonic() - start < STOPPING + SLACK
    stranger.close()


def test_errors_do_not_contain_parameter_values(sqlite: Database) -> None:
    """They are logged, and may hold customer names and lease tokens."""
    with pytest.raises(IntegrityError) as caught:
        sell(sqlite, an_order(quantity=0, customer=SECRET))
    assert SECRET not in str(caught.value)


class Crowded(sqlite3.Connection):
    """A connection to a new file while other connections enable WAL."""

    refusals = 3

    def execute(self, statement: str, *rest: Any) -> sqlite3.Cursor:
        if "journal_mode" in statement and self.refusals > 0:
            self.refusals -= 1
            raise sqlite3.OperationalError("database is locked")
        return super().execute(statement, *rest)


@pytest.mark.parametrize("refusals", [0, 3, 10])
def test_concurrent_first_opens_of_a_file_succeed(tmp_path: Path, refusals: int) -> None:
    """Regression: SQLite does not wait there, and one of two `refilld init` failed."""
    raw = sqlite3.connect(tmp_path / "new.db", isolation_level=None, factory=Crowded)
    raw.refusals = refusals
    enter_wal(raw)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.close()


def test_opening_a_locked_file_fails_after_some_time(tmp_path: Path) -> None:
    """The number of attempts is limited."""
    raw = sqlite3.connect(tmp_path / "new.db", isolation_level=None, factory=Crowded)
    raw.refusals = 1000
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        enter_wal(raw)
    raw.close()


def test_opening_a_file_again_does_not_drop_its_locks(sqlite: Database) -> None:
    """A second opening in one process must not release the lock of its first one."""
    with sqlite.write() as connection:
        add_request(connection, "first")
        Database(f"sqlite:///{file_of(sqlite)}").close()
        stranger = subprocess.run(
            [sys.executable, "-c", STRANGER, str(file_of(sqlite))],
            capture_output=True,
            text=True,
            check=False,
        )
    assert stranger.stdout == "database is locked\n"


STRANGER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = DELETE")
    print("took it all")
except sqlite3.OperationalError as error:
    print(error)
"""


def test_uncommitted_rows_are_not_visible(database: Database) -> None:
    """A reader sees no partial transaction."""
    with database.write() as connection:
        add_request(connection)
        assert count_requests(database) == 0
    assert count_requests(database) == 1


def test_a_reader_is_not_blocked_by_a_writer(database: Database) -> None:
    """Sixteen reads run during a write."""
    with database.write() as writer:
        add_request(writer, count=1000)
        assert at_once(16, lambda _: count_requests(database)) == [0] * 16


def test_a_writer_is_not_blocked_by_a_reader(database: Database) -> None:
    """The reader keeps its snapshot."""
    with database.read() as reader:
        count = select(func.count()).select_from(source_requests)
        assert reader.execute(count).scalar_one() == 0
        with database.write() as writer:
            add_request(writer)
        seen = reader.execute(count).scalar_one()
    assert seen == (0 if database.sqlite else 1)  # PostgreSQL reads what is committed when a statement begins
    assert count_requests(database) == 1


def test_writers_from_many_threads_all_commit(database: Database) -> None:
    """They wait for each other; no commit is lost."""

    def write(i: int) -> int:
        for _ in range(10):
            with database.write() as connection:
                before = connection.execute(select(func.count()).select_from(orders)).scalar_one()
                add_request(connection, f"source {i}")
        return before

    assert at_once(16, write) == [0] * 16
    assert count_requests(database) == 160
    assert {row.source for row in rows_of(database, "source_requests")} == {f"source {i}" for i in range(16)}


def test_a_write_transaction_holds_the_lock_from_its_start(sqlite: Database) -> None:
    """So that rows it has read cannot change before it writes."""
    other = Database(f"sqlite:///{file_of(sqlite)}")

    def count_on(i: int) -> None:
        for _ in range(10):
            with (other if i % 2 else sqlite).write() as connection:
                seen = connection.execute(select(func.count()).select_from(source_requests)).scalar_one()
                add_request(connection, f"number {seen}")

    at_once(8, count_on)
    other.close()
    numbers = sorted(row.source for row in rows_of(sqlite, "source_requests"))
    assert numbers == sorted(f"number {i}" for i in range(80))


def test_writers_of_two_processes_wait_for_each_other(sqlite: Database) -> None:
    """The command line may write while the daemon does."""
    other = Database(f"sqlite:///{file_of(sqlite)}")
    begun = Event()

    def write_from_elsewhere() -> None:
        begun.set()
        with other.write() as connection:
            add_request(connection, "other")

    with sqlite.write() as connection:
        elsewhere = Thread(target=write_from_elsewhere)
        elsewhere.start()
        begun.wait(timeout=30)
        add_request(connection, "first")
    elsewhere.join(timeout=30)
    other.close()
    assert [row.source for row in rows_of(sqlite, "source_requests")] == ["first", "other"]


def test_foreign_keys_are_enforced(database: Database) -> None:
    """On SQLite too."""
    sell(database, an_order())
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.exec_driver_sql("DELETE FROM targets")
    assert len(rows_of(database, "targets")) == 1


# A killed process

WRITER = """
import sys
from datetime import UTC, datetime
from storage import sources
from storage.engine import Database

database, first, second = Database(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
now = datetime(2026, 3, 1, tzinfo=UTC)
number = 0
while True:
    with database.write() as connection:
        if database.sqlite and len(sys.argv) > 4:
            connection.exec_driver_sql("PRAGMA cache_size = 100")  # pages: the rest goes to the disk at once
        sources.note_requests(connection, f"write {number}", now, first)
        print("half of", number, flush=True)
        if len(sys.argv) > 4:
            sys.stdin.read()
        sources.note_requests(connection, f"write {number}", now, second)
    print("committed", number, flush=True)
    if number % 5 == 0:
        database.checkpoint()
    number += 1
"""


def a_writer(database: Database, *schedule_requests: str) -> subprocess.Popen[str]:
    """Start a process that writes transactions of so many rows, in two halves, until it is killed."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, f"sqlite:///{file_of(database)}", *schedule_requests],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(migrate.__file__).parent.parent,
    )  # fmt: skip


@pytest.mark.parametrize("lines", [1, 40, 99, 150])
def test_a_killed_writer_loses_no_commit_and_leaves_no_half_of_one(sqlite: Database, lines: int) -> None:
    """After SIGKILL the file is valid, with all committed and no partial transactions."""
    with a_writer(sqlite, "7", "8") as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        said += child.stdout
    assert child.returncode == -signal.SIGKILL
    sqlite.quick_check()
    kept = Counter(row.source for row in rows_of(sqlite, "source_requests"))
    committed = sum(line.startswith("committed") for line in said)
    assert len(kept) in {committed, committed + 1}  # killed between a commit and the word of it
    assert kept == {f"write {number}": 15 for number in range(len(kept))}


def test_a_writer_killed_in_the_middle_of_a_transaction_leaves_nothing_of_it(sqlite: Database) -> None:
    """Even if the first half was already spilled to the disk."""
    log = Path(f"{file_of(sqlite)}-wal")
    with sqlite.write() as connection:
        add_request(connection, "before")
    size = log.stat().st_size
    with a_writer(sqlite, "100000", "1", "and wait in the middle") as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half of 0\n"
        child.kill()
    assert log.stat().st_size > size + 100_000
    sqlite.quick_check()
    assert [row.source for row in rows_of(sqlite, "source_requests")] == ["before"]
    with sqlite.write() as connection:
        add_request(connection, "after")
    assert [row.source for row in rows_of(sqlite, "source_requests")] == ["before", "after"]
