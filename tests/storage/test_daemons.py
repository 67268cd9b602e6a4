"""Daemons record themselves and their beats."""

from collections.abc import Sequence
from datetime import timedelta

from monitor.cadence.schedule import Priority
from storage import daemons
from storage.daemons import DaemonMode, Watched
from storage.engine import Database
from tests.builders import HOUR, NOW
from tests.storage.shop import put_target

DAY = timedelta(days=1)


def register(
    database: Database, host: str = "a", pid: int = 7, mode: str = "serve", at: timedelta = HOUR
) -> int:
    with database.write() as tx:
        return daemons.register(tx, host, pid, "1.0", DaemonMode(mode), NOW + at)


def remove_killed(
    database: Database, host: str = "a", pid: int = 9, mode: str = "run", alive: Sequence[int] = range(100)
) -> list[int]:
    """The process numbers of the rows that a starting process removes, while `alive` exist on its host."""
    with database.write() as tx:
        found = daemons.remove_killed(tx, host, pid, DaemonMode(mode), NOW + HOUR, lambda one: one in alive)
    return [row.pid for row in found]


def pids(database: Database) -> list[int]:
    with database.read() as tx:
        return [row.pid for row in daemons.listed(tx)]


def test_a_beat_changes_the_row_of_its_daemon_only(database: Database) -> None:
    first, second = register(database), register(database, pid=8)
    with database.write() as tx:
        assert daemons.beat(tx, second, NOW + 2 * HOUR)
    with database.read() as tx:
        rows = daemons.listed(tx)
    assert [(row.daemon_id, row.beat_at, row.started_at) for row in rows] == [
        (first, NOW + HOUR, NOW + HOUR),
        (second, NOW + 2 * HOUR, NOW + HOUR),
    ]


def test_a_beat_of_a_daemon_without_a_row_says_so(database: Database) -> None:
    """A restored backup has no row of it: it registers again."""
    number = register(database)
    with database.write() as tx:
        daemons.remove(tx, number)
        assert not daemons.beat(tx, number, NOW)
    assert pids(database) == []


def test_rows_of_killed_processes_are_removed_when_others_start(database: Database) -> None:
    """Those of the same process number, and those without a beat for a day."""
    for pid, at in ((1, -DAY), (2, HOUR), (3, HOUR)):
        register(database, pid=pid, at=at)
    assert remove_killed(database, pid=3) == [1, 3]
    assert pids(database) == [2]


def test_rows_of_this_host_are_removed_when_their_process_has_ended(database: Database) -> None:
    """So that the next daemon takes its jobs over at once; nothing is known of processes of other hosts."""
    for host, pid in (("a", 1), ("a", 2), ("b", 1)):
        register(database, host=host, pid=pid)
    assert remove_killed(database, alive=[2]) == [1]
    assert pids(database) == [2, 1]


def test_sqlite_has_one_daemon(sqlite: Database) -> None:
    """Its lock file says that every other one is gone; the HTTP interface alone is no daemon."""
    register(sqlite, pid=1, mode="run")
    register(sqlite, pid=2, mode="serve")
    assert remove_killed(sqlite) == [1]


def test_postgresql_has_any_number_of_daemons(postgresql: Database) -> None:
    register(postgresql, pid=1, mode="run")
    register(postgresql, host="b", pid=1, mode="run")
    assert remove_killed(postgresql) == []


def test_scheduled_targets_and_the_last_look_are_what_a_daemon_is_needed_for(database: Database) -> None:
    with database.read() as tx:
        assert daemons.watched(tx) == Watched(0, None)
    with database.write() as tx:
        put_target(tx, "one", NOW, Priority.ROUTINE)
        put_target(tx, "two", NOW, Priority.ROUTINE)
    with database.read() as tx:
        assert daemons.watched(tx).targets == 2
