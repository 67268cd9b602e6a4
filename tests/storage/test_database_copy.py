"""Copies: every row, in both directions, all or nothing, and one database to work on afterwards."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, event, func, insert, select

from monitor.model.refill import RefillState
from storage import database_copy, leases, migrate, new_start, revision, row_numbers, transfers
from storage.alert_tables import events
from storage.daemon_lock import daemon_lock
from storage.engine import Database
from storage.errors import DaemonRunningError, MovedError, NotMigratedError, TransferError, UnreachableError
from storage.schema import metadata, order_flags, orders, snapshots
from storage.table_rows import stored_rows
from storage.token_tables import tokens
from storage.transfer_action import TransferAction
from tests.builders import HOUR, NOW, an_order
from tests.storage.conftest import ENGINES
from tests.storage.shop import bring_to, sell
from tests.storage.test_restore import killed_at

AN_EVENT = {
    "kind": "drop.held", "version": 0, "severity": "warning", "status": "occurred", "dedup_key": "k",
    "payload": "{}", "at": NOW, "alert": "kept", "actor": "",
}  # fmt: skip
REFILL_STATES = ("held", "queued", "claimed", "completed", "dead", "rejected", "cancelled")


@pytest.fixture
def other(request: pytest.FixtureRequest, engine: str) -> Iterator[Database]:
    """An empty database on the other engine."""
    database = Database(request.getfixturevalue("fresh_postgres" if engine == "sqlite" else "other_file"))
    yield database
    database.close()


@pytest.fixture
def other_file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/other.db"


@pytest.fixture
def filled(own: str) -> Iterator[Database]:
    """Texts that sort and escape differently, refills in every state, and a deleted newest row."""
    database = Database(own)
    ids = ("10", "9", "B", "a", "ä", "É", "tab\tline\nback\\slash", "'quoted\"")
    sell(database, *(an_order(order_id, profile=f"p{n}") for n, order_id in enumerate(ids)))
    sell(database, *(an_order(state, profile=state, start_count=None) for state in REFILL_STATES))
    with database.write() as connection:
        for state in sorted(REFILL_STATES, key="queued".__eq__):
            bring_to(connection, state, RefillState(state))
        newest = connection.execute(insert(events).returning(events.c.event_id), AN_EVENT).scalar_one()
        connection.execute(delete(events).where(events.c.event_id == newest))
        connection.execute(insert(order_flags), {"order_id": "9", "flag": "hold", "set_at": NOW})
        new_start.start_anew(connection, TransferAction.RESTORED, "monday.db", NOW)
    yield database
    database.close()


def copied(source: Database, target: Database) -> database_copy.Copied:
    return database_copy.copy(source, target, NOW, lambda _table, _rows: None)


def rows_in(database: Database) -> dict[str, list[object]]:
    with database.read() as connection:
        return {table.name: list(stored_rows(connection, table)) for table in metadata.sorted_tables}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_copy_has_every_row_and_continues_the_ids(filled: Database, other: Database) -> None:
    """Ids that were deleted before the copy do not come again either."""
    before = rows_in(filled)
    with filled.read() as connection:
        last = row_numbers.last_ids(connection)
    done = copied(filled, other)
    after = rows_in(other)
    assert after.pop("transfers")[:-1] == before.pop("transfers")
    assert after == before
    assert (done.rows, done.again) == (sum(map(len, before.values())) + 1, False)
    revision.require_current(other)
    assert migrate.differences(other) == []
    with other.write() as connection:
        assert {**row_numbers.last_ids(connection), "transfers": 0} == {**last, "transfers": 0}
        assert (
            connection.execute(insert(events).returning(events.c.event_id), AN_EVENT).scalar_one()
            > last["events"]
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_works_on_a_database_that_was_copied(filled: Database, other: Database) -> None:
    """Every command stops with the command that takes the mark away, and no refill is handed out."""
    with filled.write() as connection:
        connection.exec_driver_sql("UPDATE refills SET state = 'queued' WHERE state = 'held'")
    copied(filled, other)
    with pytest.raises(MovedError, match=r"set database.url to it .*refilld db reopen"):
        revision.require_current(filled)
    with filled.write() as connection, pytest.raises(MovedError):
        leases.claim(connection, NOW, limit=1, lease=HOUR)
    with other.write() as connection:
        assert leases.claim(connection, NOW, limit=1, lease=HOUR)
    assert copied(filled, other).again


@pytest.mark.parametrize("engine", ENGINES)
def test_a_copy_to_another_place_is_refused_after_a_move(filled: Database, other: Database) -> None:
    with filled.write() as connection:
        transfers.record(connection, TransferAction.MOVED, "elsewhere", NOW)
    with pytest.raises(MovedError, match="was copied to elsewhere"):
        copied(filled, other)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_an_interrupted_copy_can_be_run_again(filled: Database, other: Database, fresh_postgres: str) -> None:
    """Killed at several moments; until it is complete the target stays empty."""
    place, tables = filled.place, len(metadata.sorted_tables)

    def work(stop_at: int) -> None:
        tables_seen = 0

        def progress(_table: str, _rows: int) -> None:
            nonlocal tables_seen
            tables_seen += 1
            if tables_seen == stop_at:
                os.kill(os.getpid(), 9)

        database_copy.copy(Database(f"sqlite:///{place}"), Database(fresh_postgres), NOW, progress)

    filled.close()
    for stop_at in (tables // 2, tables):
        assert killed_at(-1, Path(place), lambda at=stop_at: work(at))  # type: ignore[misc]
        assert revision.current(other) is None
    assert not copied(filled, other).again


@pytest.mark.parametrize("engine", ENGINES)
def test_a_copy_that_is_killed_between_its_commits_leaves_no_refill_in_both(
    filled: Database, other: Database
) -> None:
    """The old database is marked as moved before the new one is complete; the copy can be run again."""

    def work() -> None:
        source, target = Database(filled.url), Database(other.url)
        event.listen(target._writers, "commit", lambda _connection: os.kill(os.getpid(), 9))
        database_copy.copy(source, target, NOW, lambda _table, _rows: None)

    filled.close()
    other.close()
    assert killed_at(-1, Path("/nowhere"), work)
    assert revision.current(other) is None
    with pytest.raises(MovedError, match="refilld db reopen"):
        revision.require_current(filled)
    assert not copied(filled, other).again
    revision.require_current(other)
    assert copied(filled, other).again


@pytest.mark.parametrize("engine", ENGINES)
def test_only_an_empty_database_is_filled(filled: Database, other: Database) -> None:
    migrate.upgrade(other)
    with other.write() as connection:
        row = {"name": "panel", "digest": "d", "scopes": "", "created_at": NOW}
        connection.execute(insert(tokens), row)
    with pytest.raises(TransferError, match="has rows in tokens already; give an empty database"):
        copied(filled, other)
    revision.require_current(filled)
    with other.read() as connection:
        assert connection.execute(select(func.count()).select_from(orders)).scalar() == 0


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_database_in_use_is_not_copied(filled: Database, other: Database) -> None:
    with daemon_lock(filled), pytest.raises(DaemonRunningError):
        copied(filled, other)
    with pytest.raises(TransferError, match="onto itself"):
        copied(filled, filled)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_server_database_in_use_is_not_copied(filled: Database, other: Database, own: str) -> None:
    """A connected daemon could go on writing to it after the copy."""
    daemon = Database(own)
    with daemon.read() as connection:
        connection.execute(select(snapshots)).all()
    with pytest.raises(TransferError, match="in use by another connection"):
        copied(filled, other)
    daemon.close()
    assert copied(filled, other).rows


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_target_of_another_revision_or_out_of_reach_is_told(filled: Database, other: Database) -> None:
    with other.write() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
    with pytest.raises(NotMigratedError, match="give an empty database"):
        copied(filled, other)
    away = Database("postgresql://user@127.0.0.1:1/name")
    with pytest.raises(UnreachableError):
        copied(filled, away)
    away.close()


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_reopened_database_holds_what_the_other_may_have_delivered(
    filled: Database, other: Database
) -> None:
    copied(filled, other)
    with filled.write() as connection:
        new_start.start_anew(connection, TransferAction.REOPENED, other.place, NOW + HOUR)
    revision.require_current(filled)
    with filled.write() as connection:
        assert leases.claim(connection, NOW + HOUR, limit=1, lease=HOUR) == []
        assert [row.action for row in transfers.listed(connection)] == ["restored", "moved", "reopened"]
