"""Partitions by month on PostgreSQL: no insert fails, no row is lost, old months give their space back."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url
from structlog.testing import capture_logs

from jobs.partitions import maintain_partitions
from monitor.events.kind import EventKind
from storage import (
    backup,
    events,
    migrate,
    partition_compaction,
    partitions,
    restore,
    snapshot_thinning,
    snapshots,
    targets,
)
from storage.engine import Database
from storage.partition_compaction import Compacted
from tests.builders import DAY, HOUR, a_look, a_profile, an_event
from tests.postgres_server import new_database
from tests.storage.shop import at_once, rows_of

LONG_AGO = datetime(2019, 5, 5, tzinfo=UTC)
IN_YEARS = datetime(2090, 5, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def template(module_postgres: str) -> str:
    with closing(Database(module_postgres)) as database:
        migrate.upgrade(database)
        with database.write() as connection:
            targets.ensure(connection, [a_profile("natgeo")])
    return make_url(module_postgres).database or ""


@pytest.fixture
def parted(postgres_url: str, template: str) -> Iterator[Database]:
    """A database of the test's own, with one target and the partitions that the migration has created."""
    with new_database(postgres_url, template) as url, closing(Database(url)) as database:
        yield database


def parts(database: Database, table: str = "snapshots") -> list[str]:
    with database.read() as connection:
        return [part.name for part in partitions.listed(connection, table)]


def rest(database: Database, table: str = "snapshots") -> datetime:
    """Where the last partition begins."""
    with database.read() as connection:
        start = partitions.listed(connection, table)[-1].start
    assert start is not None
    return start


def look(connection: Connection, *times: datetime) -> None:
    found = [a_look(at=at) for at in times]
    snapshots.add_all(connection, [(1, one) for one in found])


def happen(connection: Connection, at: datetime) -> None:
    events.add(connection, an_event(EventKind.DROP_HELD, "text"), at)


def in_partition(database: Database, name: str) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())


def compact(database: Database, now: datetime, table: str = "snapshots") -> Compacted | None:
    with database.write() as connection:
        return partition_compaction.compact_oldest(connection, table, now, lambda: None)


def thin(database: Database, until: datetime) -> None:
    """Thin all snapshots before a time."""
    with database.write() as connection:
        snapshot_thinning.begin_pass(connection, until)
        while (batch := snapshot_thinning.next_batch(connection, 10, 500)) is not None:
            snapshot_thinning.delete_batch(connection, batch)


def test_the_migration_creates_two_months_ahead(parted: Database) -> None:
    now = datetime.now(UTC)
    months = [(now.year * 12 + now.month - 1 + more) for more in range(3)]
    names = [f"{month // 12}_{month % 12 + 1:02}" for month in months]
    for table in partitions.PARTITIONED:
        expected = ["before", *names, "after"]
        assert parts(parted, table) == [f"{table}_{name}" for name in expected]


def test_a_row_of_any_time_has_a_partition(parted: Database) -> None:
    """Also when nobody created the next months."""
    times = [LONG_AGO, datetime.now(UTC), IN_YEARS]
    with parted.write() as connection:
        look(connection, *times)
        for at in times:
            happen(connection, at)
    assert [row.at for row in rows_of(parted, "snapshots")] == times
    assert [row.event_id for row in rows_of(parted, "events")] == [1, 2, 3]
    assert in_partition(parted, "events_before") == in_partition(parted, "events_after") == 1


@pytest.mark.parametrize("table", partitions.PARTITIONED)
def test_months_are_created_ahead_and_get_their_rows(parted: Database, table: str) -> None:
    """Those that were written before the month had a partition; each month is created once, whoever asks."""
    now = rest(parted, table)
    with parted.write() as connection:
        for at in (now, now + 31 * DAY, IN_YEARS):
            look(connection, at)
            happen(connection, at)
    before = rows_of(parted, table)

    def create(_: int, day: int = 0) -> str | None:
        with parted.write() as connection:
            return partitions.create_next(connection, table, now + day * DAY)

    created = [name for name in at_once(3, create) if name is not None]
    created += filter(None, [create(0, day) for day in range(5)])
    assert created == parts(parted, table)[-4:-1]
    assert rest(parted, table) > now + 85 * DAY
    assert rows_of(parted, table) == before
    assert [in_partition(parted, name) for name in (*created, f"{table}_after")] == [1, 1, 0, 1]


def test_a_clock_that_is_years_ahead_creates_one_partition_a_day(parted: Database) -> None:
    """However many rounds the day has."""
    before = parts(parted)
    for hour in range(48):
        with parted.write() as connection:
            partitions.create_next(connection, "snapshots", IN_YEARS + hour * HOUR)
    assert len(parts(parted)) == len(before) + 3  # on three days: the first one began at noon


def test_partitions_change_only_while_no_long_transaction_uses_the_table(parted: Database) -> None:
    """And those who come meanwhile do not wait for it."""
    before, now = parts(parted), rest(parted)
    thin(parted, now)
    with parted.read() as long:
        snapshots.number_since(long, 1, LONG_AGO)
        with parted.write() as connection:
            assert partitions.create_next(connection, "snapshots", now) is None
        assert compact(parted, now) is None
    assert parts(parted) == before


def test_a_month_that_was_thinned_moves_into_the_partition_of_its_year(parted: Database) -> None:
    """Its rows are the same; the partition, and the free space in it, is gone."""
    month = rest(parted) - timedelta(days=75)  # in the first month of three
    year_before = datetime(month.year - 1, 6, 1, tzinfo=UTC)
    with parted.write() as connection:
        look(connection, year_before, *(month.replace(day=3, hour=hour) for hour in range(24)))
    now = rest(parted) + 400 * DAY
    assert compact(parted, now) is None
    thin(parted, rest(parted))
    kept = rows_of(parted, "snapshots")
    assert len(kept) == 2
    names = parts(parted)
    assert compact(parted, now) == Compacted("snapshots_kept_before", names[:1], 1)
    assert compact(parted, now) == Compacted(f"snapshots_kept_{month:%Y}", names[1:2], 1)
    while compact(parted, now) is not None:
        pass
    assert rows_of(parted, "snapshots") == kept
    years = sorted({month.year, (rest(parted) - DAY).year})
    assert parts(parted) == [f"snapshots_kept_{name}" for name in ("before", *years)] + ["snapshots_after"]
    with parted.write() as connection:  # a late row has a place, too
        look(connection, month)


def test_a_month_of_events_is_compacted_when_the_retention_has_passed_its_last_event(
    parted: Database,
) -> None:
    with parted.write() as connection:
        for _ in range(3):
            happen(connection, LONG_AGO)
        connection.exec_driver_sql("INSERT INTO retention_progress (kind, last_key) VALUES ('events', 2)")
    assert compact(parted, IN_YEARS, "events") is None
    with parted.write() as connection:
        connection.exec_driver_sql(
            "UPDATE retention_progress SET last_key = 3; DELETE FROM events WHERE event_id < 3"
        )
    assert compact(parted, IN_YEARS, "events") == Compacted("events_kept_before", ["events_before"], 1)
    assert [row.event_id for row in rows_of(parted, "events")] == [3]


def test_the_newest_looks_are_read_from_the_newest_partitions_only(parted: Database) -> None:
    """In the order of time, without a sort: years of looks cost nothing."""
    newest = rest(parted) - DAY
    with parted.write() as connection:
        look(connection, *(newest - number * HOUR for number in range(70 * 24)))
        connection.exec_driver_sql("ANALYZE")
        query = "SELECT * FROM snapshots WHERE target_id = 1 ORDER BY at DESC LIMIT 20"
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {query}"))
    assert plan.count("never executed") >= 2
    assert "Merge" not in plan


def test_the_job_creates_months_and_compacts_old_ones(parted: Database) -> None:
    """Each once; it beats while it copies."""
    now, beats = rest(parted), [0]
    with parted.write() as connection:
        look(connection, LONG_AGO)
    thin(parted, now - 80 * DAY)

    def run_once() -> list[tuple[str, str]]:
        with capture_logs() as logs:
            maintain_partitions(parted, now, lambda: beats.append(1))
        return [(line["event"], line["table"]) for line in logs]

    created, compacted = "partitions.created", "partitions.compacted"
    assert run_once() == [(created, "snapshots"), (compacted, "snapshots"), (created, "events")]
    assert run_once() == []
    assert beats == [0, 1]
    assert parts(parted)[0] == "snapshots_kept_before"


@pytest.mark.usefixtures("programs")
def test_a_backup_has_the_rows_of_all_partitions(
    parted: Database, fresh_postgres: str, tmp_path: Path
) -> None:
    now, start = datetime.now(UTC), rest(parted)
    with parted.write() as connection:
        look(connection, LONG_AGO, now, IN_YEARS)
        for at in (LONG_AGO, now, IN_YEARS):
            happen(connection, at)
    thin(parted, start - 80 * DAY)
    assert compact(parted, start) is not None
    made = backup.write_backup(parted, parted.url, tmp_path / "backup")
    restore.restore(made, fresh_postgres, now, replace=False)
    with closing(Database(fresh_postgres)) as restored:
        assert rows_of(restored, "snapshots") == rows_of(parted, "snapshots")
        assert rows_of(restored, "events")[:3] == rows_of(parted, "events")
        assert parts(restored) == parts(parted)
        assert parts(restored, "events") == parts(parted, "events")
        assert migrate.differences(restored) == []
