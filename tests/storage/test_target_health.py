"""Whether targets are looked at: overdue ones, unreadable ones, and the looks of a period."""

from datetime import datetime
from itertools import count

from sqlalchemy import update

from monitor.cadence.schedule import Priority
from monitor.model.snapshot import Outcome
from monitor.model.target_problem import TargetProblem
from storage import snapshots, target_health
from storage.engine import Database
from storage.schema import targets
from storage.target_health import LookSums, TargetHealth
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, a_failed_look, a_look
from tests.storage.shop import put_target

NUMBERS = count()


def put(database: Database, *due: datetime | None, **changes: object) -> None:
    """Insert one target for each due time."""
    with database.write() as connection:
        for at in due:
            put_target(connection, f"user{next(NUMBERS)}", at, Priority.ROUTINE, **changes)


def health(database: Database) -> TargetHealth:
    with database.read() as connection:
        return target_health.health(connection, NOW)


def test_targets_that_were_due_before_are_overdue(database: Database) -> None:
    """Those that nobody looks at any more do not count."""
    put(database, NOW - HOUR, NOW - 3 * HOUR, NOW, NOW + HOUR, last_look_at=NOW - 4 * HOUR)
    put(database, NOW - HOUR, source=None)
    put(database, None, last_look_at=NOW)
    assert health(database) == TargetHealth(
        targets=5, last_look_at=NOW - 4 * HOUR, overdue=3, due_since=NOW - 3 * HOUR,
        private=0, gone=0, other_account=0, unread=0, no_source=0,
    )  # fmt: skip


def test_targets_that_cannot_be_read_count_once(database: Database) -> None:
    """By the first that applies: no source, another account, gone, private, failing."""
    taken = {"notified_problem": TargetProblem.OTHER_ACCOUNT}
    put(database, NOW, NOW, NOW, NOW, gone_at=NOW, private_since=NOW, **taken)
    unread = {"notified_problem": TargetProblem.UNREAD}
    put(database, NOW, NOW, private_since=NOW, **unread)
    put(database, NOW, gone_at=NOW, private_since=NOW)
    put(database, NOW, NOW, NOW, **unread)
    put(database, NOW - DAY, source="", **unread)
    found = health(database)
    assert (found.other_account, found.private, found.gone) == (4, 2, 1)
    assert (found.unread, found.no_source) == (3, 1)
    assert found.overdue == 0


def test_monitored_targets_are_counted_by_their_state(database: Database) -> None:
    """Each once; those that nobody looks at any more are left out."""
    put(database, NOW, NOW, NOW + HOUR)
    put(database, None, private_since=NOW)
    put(database, NOW, NOW, private_since=NOW, notified_problem=TargetProblem.UNREAD)
    put(database, NOW, gone_at=NOW, private_since=NOW)
    put(database, NOW, source="", gone_at=NOW)
    with database.read() as connection:
        found = target_health.by_state(connection)
    assert found == {
        "readable": 3, "private": 2, "gone": 1, "other_account": 0, "unread": 0, "no_source": 1,
    }  # fmt: skip
    assert tuple(found) == target_health.STATES


def test_without_targets_nothing_is_counted(database: Database) -> None:
    assert health(database) == TargetHealth(0, None, 0, None, 0, 0, 0, 0, 0)
    with database.read() as connection:
        assert target_health.looks_since(connection, NOW) == LookSums(0, 0)


def test_the_looks_of_a_period_are_counted_with_the_failed_ones(database: Database) -> None:
    """Of all targets; older looks do not count."""
    since = NOW - DAY
    put(database, NOW, NOW, NOW)
    with database.write() as connection:
        first, second, third = (row.target_id for row in connection.execute(targets.select()))
        snapshots.add(connection, first, a_look(at=since))
        snapshots.add(connection, first, a_look(at=since - INSTANT))
        snapshots.add(connection, first, a_failed_look(Outcome.TRANSIENT, at=NOW))
        snapshots.add(connection, second, a_look(at=NOW - MINUTE))
        snapshots.add(connection, third, a_failed_look(Outcome.PRIVATE, at=since - HOUR))
        for target_id, at in ((first, NOW), (second, NOW - MINUTE), (third, since - HOUR)):
            one = update(targets).where(targets.c.target_id == target_id)
            connection.execute(one.values(last_look_at=at))
    with database.read() as connection:
        assert target_health.looks_since(connection, since) == LookSums(3, 1)
