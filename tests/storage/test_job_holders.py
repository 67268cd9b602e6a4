"""One daemon holds a job: its rounds are neither begun twice in a period nor forgotten."""

from datetime import timedelta
from functools import partial

from storage import daemons, job_holders
from storage.daemons import SILENT_FROM, DaemonMode
from storage.engine import Database
from tests.builders import MINUTE, NOW, SECOND
from tests.storage.shop import at_once

EVERY = MINUTE
CLIENTS = 8
GONE = 77
"""A daemon without a row."""


def start(database: Database) -> int:
    with database.write() as tx:
        return daemons.register(tx, "host", 1, "1.0", DaemonMode.RUN, NOW)


def begins(database: Database, daemon_id: int, at: timedelta = timedelta(0), job: str = "alerting") -> bool:
    with database.write() as tx:
        return job_holders.begin_round(tx, job, daemon_id, EVERY, NOW + at)


def test_a_job_stays_with_the_daemon_that_began_it_first(database: Database) -> None:
    first, second = start(database), start(database)
    assert begins(database, first)
    assert begins(database, first, SECOND)
    assert not begins(database, second, SILENT_FROM)
    assert begins(database, second, job="maintenance")
    with database.read() as tx:
        assert job_holders.held(tx) == {first: ["alerting"], second: ["maintenance"]}


def test_the_job_of_a_silent_daemon_is_taken_over(database: Database) -> None:
    """A minute after its last beat; when it wakes up, the job is no longer its own."""
    dead, other = start(database), start(database)
    begins(database, dead)
    assert begins(database, other, SILENT_FROM + SECOND)
    with database.write() as tx:
        daemons.beat(tx, other, NOW + SILENT_FROM)
    assert not begins(database, dead, SILENT_FROM + 2 * SECOND)


def test_the_job_of_a_stopped_daemon_is_taken_over_in_the_next_period(database: Database) -> None:
    """Not sooner: its round would begin twice in one period."""
    stopped, other = start(database), start(database)
    begins(database, stopped)
    with database.write() as tx:
        daemons.remove(tx, stopped)
    assert not begins(database, other, EVERY - SECOND)
    assert begins(database, other, EVERY)


def test_a_round_in_the_future_holds_no_job_up(database: Database) -> None:
    """The clock was ahead."""
    begins(database, GONE, timedelta(days=400))
    assert begins(database, start(database))


def test_a_beat_in_the_future_holds_no_job(database: Database) -> None:
    """The clock was ahead; the daemon would look alive for years."""
    ahead, other = start(database), start(database)
    begins(database, ahead)
    with database.write() as tx:
        daemons.beat(tx, ahead, NOW + timedelta(days=400))
    assert begins(database, other, EVERY)


def test_one_of_many_daemons_gets_a_job(database: Database) -> None:
    """At the first start, and when it is taken over."""
    numbers = [start(database) for _ in range(CLIENTS)]
    begins(database, GONE, -2 * EVERY, "left")
    for job in ("new", "left"):
        assert sum(at_once(CLIENTS, partial(_begin, database, numbers, job))) == 1


def _begin(database: Database, numbers: list[int], job: str, client: int) -> bool:
    return begins(database, numbers[client], job=job)
