"""Snapshots: every look is stored once and unchanged, and read newest first."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from monitor.cadence.schedule import Priority
from monitor.model.snapshot import Outcome, Snapshot
from storage import snapshots
from storage.engine import Database
from storage.schema import snapshots as table
from tests.builders import DAY, HOUR, INSTANT, NOW, a_failed_look, a_look
from tests.storage.shop import put_target, rows_of


@pytest.fixture
def target_id(database: Database) -> int:
    with database.write() as connection:
        return put_target(connection, "natgeo", NOW, Priority.ROUTINE)


def keep(database: Database, target_id: int, *looks: Snapshot) -> None:
    with database.write() as connection:
        for look in looks:
            snapshots.add(connection, target_id, look)


def newest(database: Database, target_id: int, limit: int = 100) -> list[Any]:
    with database.read() as connection:
        return list(snapshots.newest(connection, target_id, limit))


@pytest.mark.parametrize(
    "look",
    [
        a_look(0),
        a_look(2**62),
        replace(a_look(7), count_offset=-(2**62)),
        replace(a_look(8), count_offset=2**62),
    ]
    + [a_failed_look(outcome, detail="said so") for outcome in Outcome if outcome is not Outcome.COUNT],
    ids=lambda look: f"{look.outcome}-{look.count}",
)
def test_every_kind_of_look_survives_the_round_trip(
    database: Database, target_id: int, look: Snapshot
) -> None:
    """Outcome, source, count_kind and count_offset."""
    keep(database, target_id, look)
    (row,) = newest(database, target_id)
    seen = (look.outcome, look.count, look.source, look.count_kind, look.detail, look.count_offset)
    assert row == snapshots.SnapshotRow(target_id, look.at, *seen)


@pytest.mark.parametrize(
    "at",
    [
        NOW + INSTANT,
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_a_time_is_kept_to_the_microsecond(database: Database, target_id: int, at: datetime) -> None:
    """Every Python datetime comes back unchanged, in UTC."""
    keep(database, target_id, a_look(at=at))
    (row,) = newest(database, target_id)
    assert (row.at, row.at.tzinfo) == (at, UTC)


def test_snapshots_are_returned_newest_first_up_to_the_limit(database: Database, target_id: int) -> None:
    """Independent of the order of insertion."""
    keep(database, target_id, *(a_look(100 + i, NOW + i * HOUR) for i in (2, 0, 3, 1)))
    assert [row.count for row in newest(database, target_id)] == [103, 102, 101, 100]
    assert [row.count for row in newest(database, target_id, limit=2)] == [103, 102]


def test_snapshots_are_separate_per_target(database: Database, target_id: int) -> None:
    """Two targets may have snapshots of the same time."""
    with database.write() as connection:
        other = put_target(connection, "nasa", NOW, Priority.ROUTINE)
    keep(database, target_id, a_look(1))
    keep(database, other, a_look(2))
    assert [row.count for row in newest(database, target_id)] == [1]
    assert [row.count for row in newest(database, other)] == [2]


def test_a_target_without_snapshots_has_an_empty_list(database: Database, target_id: int) -> None:
    """No row, no error."""
    assert newest(database, target_id) == []


def test_the_database_refuses_two_snapshots_of_a_target_at_one_time(
    database: Database, target_id: int
) -> None:
    """A second look at the same instant is refused by the database, and the first one stays."""
    keep(database, target_id, a_look(1))
    with pytest.raises(IntegrityError):
        keep(database, target_id, a_look(2))
    assert [row.count for row in newest(database, target_id)] == [1]


def test_the_database_refuses_a_snapshot_of_an_unknown_target(database: Database) -> None:
    """No snapshot without its target."""
    with pytest.raises(IntegrityError):
        keep(database, 404, a_look())


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"count": None}, "ck_snapshots_only_a_count_counts"),
        ({"outcome": Outcome.PRIVATE}, "ck_snapshots_only_a_count_counts"),
        ({"count": -1}, "ck_snapshots_count_not_negative"),
    ],
)
def test_the_database_refuses_an_impossible_snapshot(
    database: Database, target_id: int, change: dict[str, Any], constraint: str
) -> None:
    """Only the outcome `count` has a count, and it is not negative."""
    row = {
        "target_id": target_id, "at": NOW - DAY, "outcome": Outcome.COUNT, "count": 5,
        "source": "simulated", "count_kind": "", "detail": "",
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=constraint), database.write() as connection:
        connection.execute(insert(table), row | change)
    assert rows_of(database, "snapshots") == []


def test_looks_from_a_time_on_are_read_newest_first_and_counted(database: Database, target_id: int) -> None:
    """That time included, and no more than were asked for."""
    keep(database, target_id, *(a_look(hour, NOW + hour * HOUR) for hour in range(5)))
    with database.read() as connection:
        looks = snapshots.since(connection, target_id, NOW + HOUR, 3)
        assert [look.at for look in looks] == [NOW + hour * HOUR for hour in (4, 3, 2)]
        assert snapshots.number_since(connection, target_id, NOW + HOUR) == 4
        assert snapshots.number_since(connection, target_id + 1, NOW) == 0


def test_a_thinned_past_keeps_each_dip_and_the_ends_of_each_failure(
    database: Database, target_id: int
) -> None:
    """Of two parts: the first and last looks, the extremes, and the first and last look without a count."""
    counts = [2000, 2000, 7, 2000, 9000, None, None, None, 2000, 2000]
    times = [NOW + number * HOUR for number in range(2 * len(counts))]
    made = [
        a_failed_look(Outcome.PRIVATE, at) if count is None else a_look(count, at)
        for at, count in zip(times, counts * 2, strict=True)
    ]
    keep(database, target_id, *made)
    with database.read() as connection:
        found = snapshots.thinned(connection, target_id, times[0], times[-1], 2)
    kept = sorted((row.at - NOW) // HOUR for row in found)
    assert set(kept) >= {0, 2, 4, 5, 19} | {12, 14, 15, 17}
    assert len(kept) <= 2 * 6 + 6  # the parts begin at fixed times, so there may be one more
    assert [row.at for row in found] == sorted((row.at for row in found), reverse=True)
