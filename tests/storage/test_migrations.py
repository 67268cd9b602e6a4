"""Migrations: they create the declared schema, can be repeated, and report a schema that differs."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import ProgrammingError

from monitor.cadence.schedule import Priority
from monitor.events.kind import EventKind
from monitor.guarantee.series import Series
from storage import events, migrate, partitions, revision, routes, snapshots, sources, targets
from storage.engine import Database
from storage.errors import NotMigratedError, UnreachableError
from storage.schema import metadata
from tests.builders import DAY, INSTANT, NOW, a_look, a_profile, an_event, an_order
from tests.storage.shop import at_once, everything, rows_of, sell

VERSION = "alembic_version"


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(inspect(connection).get_table_names())


def shape(database: Database) -> dict[str, object]:
    """The schema as the engine reports it, including names and conditions."""
    with database.read() as connection:
        return (_sqlite_shape if database.sqlite else _postgresql_shape)(connection)


def _sqlite_shape(connection: Connection) -> dict[str, object]:
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name <> ? AND sql IS NOT NULL"
    master = connection.exec_driver_sql(query, (VERSION,))
    return {f"{kind} {name}": (table, _clauses(sql)) for kind, name, table, sql in master}


def _clauses(sql: str) -> list[str]:
    """A CREATE statement without line breaks, with its parts sorted."""
    head, _, rest = " ".join(sql.split()).partition("(")
    body, _, tail = rest.rpartition(")")
    return [head, *sorted(part.strip() for part in body.split(", ")), tail]


def _postgresql_shape(connection: Connection) -> dict[str, object]:
    catalog = {
        "column": "SELECT table_name || '.' || column_name, data_type, is_nullable, column_default "
        "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> %s",
        "constraint": "SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> %s",
        "index": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> %s",
    }
    return {
        f"{kind} {name}": tuple(rest)
        for kind, query in catalog.items()
        for name, *rest in connection.exec_driver_sql(query, (VERSION,))
    }


def test_the_migrations_and_the_tables_in_the_code_agree(database: Database) -> None:
    """Alembic finds nothing to add or to remove."""
    assert migrate.differences(database) == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_migrated_and_created_databases_have_the_same_schema(
    engine: str, request: pytest.FixtureRequest
) -> None:
    """CHECKs, defaults, conditions of indexes and WITHOUT ROWID included, which Alembic does not compare."""
    migrated: Database = request.getfixturevalue(engine)
    created = Database(_other(request, engine))
    with created.write() as connection:
        metadata.create_all(connection)
        partition(connection)
    assert shape(migrated) == shape(created)
    created.close()


def partition(connection: Connection) -> None:
    """What the code does not declare: the partitions on PostgreSQL."""
    with Operations.context(MigrationContext.configure(connection)):
        ScriptDirectory.from_config(migrate._config()).get_revision("0032").module.upgrade()


def _other(request: pytest.FixtureRequest, engine: str) -> str:
    """A second database next to the migrated one."""
    if engine == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path') / 'created.db'}"
    url: str = request.getfixturevalue("fresh_postgres")
    return url


def test_tables_that_have_rows_become_partitions_with_all_of_them(fresh_postgres: str) -> None:
    """Rows of this month and before stay; those of a clock that was ahead get a place, too."""
    times = [
        NOW - 900 * DAY,
        datetime.now(UTC),
        datetime.now(UTC) + 40 * DAY,
        datetime(2090, 1, 1, tzinfo=UTC),
    ]
    with closing(Database(fresh_postgres)) as filled:
        with filled.write() as connection:
            metadata.create_all(connection)
            (target_id,) = targets.ensure(connection, [a_profile()]).values()
            snapshots.add_all(connection, [(target_id, a_look(at=at)) for at in times])
            for at in times:
                events.add(connection, an_event(EventKind.DROP_HELD, "text"), at)
        before = [rows_of(filled, table) for table in partitions.PARTITIONED]
        with filled.write() as connection:
            partition(connection)
        assert [rows_of(filled, table) for table in partitions.PARTITIONED] == before
        with filled.write() as connection:
            assert events.add(connection, an_event(EventKind.DROP_HELD, "text"), NOW) == len(times) + 1
            query = "SELECT count(*) FROM {0}_before UNION ALL SELECT count(*) FROM {0}_after"
            found = [
                connection.exec_driver_sql(query.format(t)).scalars().all() for t in ("snapshots", "events")
            ]
        assert found == [[2, 1], [3, 1]]


def test_the_shape_shows_a_missing_index_condition(database: Database) -> None:
    """Alembic's comparison does not."""
    before = shape(database)
    for change in ("DROP INDEX {}", "CREATE INDEX {} ON refills (leased_until)"):
        with database.write() as connection:
            connection.exec_driver_sql(change.format("ix_refills_leases"))
    changed = shape(database)
    _restore(database)
    assert {name for name in before if before[name] != changed[name]} == {"index ix_refills_leases"}
    assert shape(database) == before


def _restore(database: Database) -> None:
    """Recreate the index, because the next test uses the same database on the server."""
    (index,) = (i for i in metadata.tables["refills"].indexes if i.name == "ix_refills_leases")
    with database.write() as connection:
        index.drop(connection)
        index.create(connection)


def test_snapshots_are_a_table_without_rowid(sqlite: Database) -> None:
    """The primary key is the only tree, which takes a third of the space."""
    _, clauses = cast("tuple[str, list[str]]", shape(sqlite)["table snapshots"])
    assert clauses[-1].strip() == "WITHOUT ROWID"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE orders ADD COLUMN extra TEXT",
        "DROP INDEX uq_refills_one_open_per_order",
        "DROP TABLE tokens",
    ],
)
def test_a_manual_schema_change_is_a_difference(empty: Database, change: str) -> None:
    """Missing and additional parts are both found."""
    migrate.upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql(change)
    assert migrate.differences(empty) != []


def test_the_revision_of_a_database_can_be_read(empty: Database) -> None:
    """None before the first migration, the newest one after it."""
    assert revision.current(empty) is None
    assert migrate.upgrade(empty) == revision.newest()
    assert revision.current(empty) == revision.newest()


def test_the_files_of_the_migrations_are_named_after_their_revisions() -> None:
    """The names give the known revisions, oldest first: a start does not wait for Alembic."""
    scripts = ScriptDirectory.from_config(migrate._config()).walk_revisions()
    assert revision.known() == tuple(reversed([script.revision for script in scripts]))


def test_upgrading_twice_is_harmless(database: Database) -> None:
    """No row and no table changes."""
    sell(database, an_order())
    before = everything(database), shape(database)
    assert migrate.upgrade(database) == revision.newest()
    assert (everything(database), shape(database)) == before


def test_a_failed_upgrade_changes_nothing(empty: Database) -> None:
    """All migrations run in one transaction: a database is never between two revisions."""
    with empty.write() as connection:
        connection.exec_driver_sql("CREATE TABLE refill_events (in_the_way INTEGER)")
    with pytest.raises((UnreachableError, ProgrammingError), match="already exists"):
        migrate.upgrade(empty)
    assert tables(empty) == {"refill_events"}


def test_concurrent_upgrades_of_one_file_succeed(fresh_sqlite: str) -> None:
    """Two `refilld init` make one database."""
    databases = [Database(fresh_sqlite) for _ in range(3)]
    assert at_once(3, lambda i: migrate.upgrade(databases[i])) == [revision.newest()] * 3
    assert [revision.current(database) for database in databases] == [revision.newest()] * 3
    for database in databases:
        database.close()


def test_a_migrated_database_passes_require_current(database: Database) -> None:
    """The check changes nothing."""
    before = shape(database)
    revision.require_current(database)
    assert shape(database) == before


def test_the_error_for_an_empty_database_names_init(empty: Database) -> None:
    """The message names the database and the command."""
    with pytest.raises(NotMigratedError) as caught:
        revision.require_current(empty)
    assert str(caught.value) == f"{empty.name} holds no refilld tables; run: refilld init"
    assert tables(empty) == set()


@pytest.mark.parametrize(
    ("found", "newest", "message"),
    [
        ("0001", "0002", "is at 0001, not 0002; run: refilld db upgrade"),
        ("9999", "0001", "is at 9999, which this refilld does not know; install a newer refilld"),
    ],
)
def test_the_error_for_another_revision_says_what_to_do(
    empty: Database, monkeypatch: pytest.MonkeyPatch, found: str, newest: str, message: str
) -> None:
    """An old database is upgraded; a newer one needs a newer program."""
    migrate.upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION} SET version_num = '{found}'")
    monkeypatch.setattr(revision, "newest", lambda: newest)
    with pytest.raises(NotMigratedError) as caught:
        revision.require_current(empty)
    assert str(caught.value) == f"{empty.name} {message}"


def test_a_newer_database_is_not_upgraded(empty: Database) -> None:
    """The upgrade stops with the same message as every other command."""
    migrate.upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION} SET version_num = '9999'")
    with pytest.raises(NotMigratedError, match="install a newer refilld"):
        migrate.upgrade(empty)
    assert revision.current(empty) == "9999"


def test_migrations_are_found_in_any_directory(
    empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A percent sign in the path is not interpolated."""
    elsewhere = tmp_path / "100%" / "migrations"
    shutil.copytree(revision.SCRIPTS, elsewhere)
    newest = revision.newest()
    monkeypatch.setattr(migrate, "SCRIPTS", elsewhere)
    assert migrate.upgrade(empty) == newest
    assert set(metadata.tables) <= tables(empty)


def test_an_upgrade_from_revision_0001_keeps_orders(empty: Database) -> None:
    """An order already seen since its delivery counts as settled: no review is opened."""
    config = migrate._config()
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for number, seen in enumerate(["NULL", "50", "150"], start=1):
            connection.exec_driver_sql(
                "INSERT INTO targets (target_id, link, kind, key, metric, last_count, last_count_at) VALUES "
                f"({number}, 'link {number}', 'profile', 'k', 'followers', 7, {seen})"
            )
            connection.exec_driver_sql(
                "INSERT INTO orders (order_id, target_id, service, link_typed, quantity, remains, status, "
                f"completed_at, terms, imported_at, updated_at) VALUES "
                f"('{number}', {number}, 's', '@k', 10, 0, 'Completed', 100, '{{}}', 1, 1)"
            )
    migrate.upgrade(empty)
    with empty.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT order_id, quantity, terms_from, settled_look_at FROM orders ORDER BY order_id"
        )
        assert list(map(tuple, rows)) == [
            ("1", 10, "row", None),
            ("2", 10, "row", None),
            ("3", 10, "row", 150),
        ]


def test_an_upgrade_from_revision_0002_keeps_targets_and_snapshots(empty: Database) -> None:
    """Targets are routed again, their series continue, and there are no statistics yet."""
    config = migrate._config()
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for said in OF_THE_SECOND_VERSION:
            connection.exec_driver_sql(said)
    migrate.upgrade(empty)
    (target,), (look,), (request,) = (rows_of(empty, t) for t in ("targets", "snapshots", "source_requests"))
    assert (target.target_id, target.next_due_at, target.priority, target.last_count) == (1, at(9), 0, 7)
    assert (target.source, target.request_key, target.series_source, target.count_offset) == (
        None,
        "",
        "instaloader",
        0,
    )
    assert (target.unseen_by, target.cadence_state, target.service_queue, target.virtual_due) == (
        "",
        "",
        "",
        None,
    )
    assert (target.noop_until, target.final_look_slot, target.coverage_ends_at) == (None, None, None)
    assert (look.at, look.count, look.source, look.count_offset) == (at(8), 7, "instaloader", 0)
    assert (request.source, request.at, request.purpose, request.looks) == ("instaloader", at(8), "look", 0)
    (state,) = rows_of(empty, "source_state")
    assert (state.source, state.refusals, state.half_open) == ("instaloader", 2, False)
    assert (state.used_percent, state.used_at, state.wait_until) == (None, None, None)
    assert [rows_of(empty, t) for t in ("hazard_cells", "virtual_times", "unit_prices")] == [[], [], []]
    with empty.write() as connection:
        (row,) = routes.unrouted(connection, 10)
        assert (row.series, row.schedule.priority, row.schedule.due_reason) == (
            Series(7, "follower_count", source="instaloader"),
            Priority.URGENT,
            "confirm",
        )
        assert sources.breaker(connection, "instaloader").refusals == 2


OF_THE_SECOND_VERSION = (
    """INSERT INTO targets
    (target_id, link, kind, key, metric, next_due_at, lane, why, last_count, counted)
    VALUES (1, 'link', 'profile', 'k', 'followers', 9, 0, 'confirm', 7, 'follower_count')""",
    """INSERT INTO snapshots (target_id, at, outcome, count, source, counted, detail)
    VALUES (1, 8, 'count', 7, 'instaloader', 'follower_count', '')""",
    "INSERT INTO source_requests (source, at) VALUES ('instaloader', 8)",
    """INSERT INTO source_state (source, stopped, reason, refusals, level, doubts, doubted, faulted)
    VALUES ('instaloader', false, 'rate_limited', 2, 1, 0, '', '')""",
)


def at(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + microseconds * INSTANT
