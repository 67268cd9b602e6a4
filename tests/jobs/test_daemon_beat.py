"""The beat of a process: whose rows it replaces, and when."""

from datetime import timedelta

import structlog

from jobs.daemon_beat import DaemonBeat
from storage import daemons
from storage.daemons import DaemonMode
from storage.engine import Database
from storage.shared_clock import SharedClock
from tests.builders import NOW, SECOND
from tests.jobs.jobs_world import JobsWorld


def a_beat(database: Database, pid: int, alive: set[int] | None = None) -> DaemonBeat:
    def exists(one: int) -> bool:
        return alive is None or one in alive

    clock = SharedClock(lambda: NOW)
    return DaemonBeat(database, clock, "host", pid, "1.0", DaemonMode.SERVE, "live", exists)


def pids(database: Database) -> list[int]:
    with database.read() as tx:
        return [row.pid for row in daemons.listed(tx)]


def test_a_process_that_starts_replaces_those_of_its_host_that_were_killed(world: JobsWorld) -> None:
    """So that what they held is free at once."""
    for pid in (1, 2):
        a_beat(world.database, pid).run_once()
    with structlog.testing.capture_logs() as logs:
        a_beat(world.database, 3, alive={2}).run_once()
    assert pids(world.database) == [2, 3]
    assert [(line["event"], line["pid"]) for line in logs] == [("daemon.predecessor_killed", 1)]


def test_two_processes_of_one_number_do_not_replace_each_other_again_and_again(world: JobsWorld) -> None:
    """As in two containers that share a host name."""
    first, second = a_beat(world.database, 1), a_beat(world.database, 1)
    for beat in (first, second, first, second, first):
        beat.run_once()
    assert pids(world.database) == [1, 1]


def test_the_id_of_a_process_is_known_before_its_first_beat(world: JobsWorld) -> None:
    beat = a_beat(world.database, 1)
    number = beat.daemon_id()
    beat.run_once()
    assert beat.daemon_id() == number
    assert pids(world.database) == [1]


def test_the_shared_clock_of_sqlite_is_the_clock_of_the_machine(world: JobsWorld) -> None:
    clock = SharedClock(lambda: NOW)
    with world.database.read() as tx:
        assert clock.measure(tx) == NOW


def test_the_shared_clock_of_postgresql_goes_by_the_server(migrated_postgres: Database) -> None:
    """Whatever the clock of the machine says, also when that is set between two measurements."""
    here, elapsed = NOW, 100.0
    clock = SharedClock(lambda: here, lambda: elapsed)
    with migrated_postgres.read() as tx:
        measured = clock.measure(tx)
    assert measured - NOW > timedelta(days=100)
    here += timedelta(days=3)
    elapsed += 1
    assert clock() == measured + SECOND
