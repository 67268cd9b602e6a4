"""Restores: the present database or the restored one, never a mixture, and only while nobody uses it."""

import os
import signal
import sqlite3
import stat
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from storage import backup as backups
from storage import migrate, restore, revision, sqlite_restore, transfers
from storage.backup import Backup
from storage.daemon_lock import daemon_lock
from storage.engine import Database
from storage.errors import DaemonRunningError, TransferError
from storage.schema import orders
from tests.builders import NOW, an_order
from tests.storage.conftest import ENGINES
from tests.storage.shop import sell
from tests.storage.test_backup import backed_up
from tests.storage.test_row_numbers import migrated_to

on_both_engines = pytest.mark.parametrize("engine", ENGINES)
pytestmark = pytest.mark.usefixtures("programs")


def sold(url: str) -> set[str]:
    """The ids of the orders in a database."""
    database = Database(url)
    try:
        with database.read() as connection:
            return {row.order_id for row in connection.execute(orders.select())}
    finally:
        database.close()


def sell_in(url: str, order_id: str) -> None:
    database = Database(url)
    sell(database, an_order(order_id, profile=f"p{order_id}"))
    database.close()


def a_backup(url: str, folder: Path) -> Backup:
    """Make a backup with the order 1, and sell the order 2 after it."""
    sell_in(url, "1")
    made = backed_up(url, folder / "backup")
    sell_in(url, "2")
    return made


def restored(backup: Backup, url: str, *, replace: bool = True) -> restore.Restored:
    return restore.restore(backup, url, NOW, replace=replace)


@on_both_engines
def test_a_restore_brings_the_state_of_the_backup_and_records_it(own: str, tmp_path: Path) -> None:
    done = restored(a_backup(own, tmp_path), own)
    assert sold(own) == {"1"}
    database = Database(own)
    with database.read() as connection:
        (row,) = transfers.listed(connection)
    revision.require_current(database)
    assert migrate.differences(database) == []
    database.close()
    assert (row.place, row.first_id) == (str(tmp_path.resolve() / "backup"), done.start.first_id)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_present_file_is_kept_with_all_that_was_committed(own: str, tmp_path: Path) -> None:
    """Also what was only in its write-ahead log. The new file is private."""
    made = a_backup(own, tmp_path)
    kept = [restored(made, own).kept for _ in range(2)]
    assert [path and path.name for path in kept] == [
        "refilld.db.before-restore-20260311T120000Z",
        "refilld.db.before-restore-20260311T120000Z-2",
    ]
    assert [sold(f"sqlite:///{path}") for path in kept] == [{"1", "2"}, {"1"}]
    assert stat.S_IMODE((tmp_path / "refilld.db").stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".refilld*"))


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_missing_or_damaged_database_is_replaced(own: str, tmp_path: Path) -> None:
    """A damaged file is kept too; its log must not be applied to the new one."""
    made = a_backup(own, tmp_path)
    path = tmp_path / "refilld.db"
    path.write_bytes(b"no database" * 1000)
    Path(f"{path}-wal").write_bytes(b"its log")
    assert not restore.present(own, made).readable
    kept = restored(made, own).kept
    assert kept is not None
    assert kept.read_bytes().startswith(b"no database")
    assert not Path(f"{path}-wal").exists()
    assert sold(own) == {"1"}
    path.unlink()
    assert not restore.present(own, made).exists
    assert restored(made, own).kept is None
    assert sold(own) == {"1"}


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_log_that_was_left_without_its_file_is_not_applied(own: str, tmp_path: Path) -> None:
    """SQLite would mix it into the restored file."""
    made = a_backup(own, tmp_path)
    database = Database(own)
    sell(database, an_order("3", profile="p3"))
    log = Path(f"{tmp_path / 'refilld.db'}-wal").read_bytes()
    database.close()
    assert log
    (tmp_path / "refilld.db").unlink()
    Path(f"{tmp_path / 'refilld.db'}-wal").write_bytes(log)
    assert restored(made, own).kept is None
    assert sold(own) == {"1"}
    (aside,) = tmp_path.glob("*before-restore*-wal")
    assert aside.read_bytes() == log


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_file_in_use_is_not_replaced(own: str, tmp_path: Path) -> None:
    """Neither under a daemon nor under any other process that has it open."""
    made = a_backup(own, tmp_path)
    database = Database(own)
    with daemon_lock(database), pytest.raises(DaemonRunningError):
        restored(made, own)
    with database.read() as connection:
        connection.execute(orders.select()).all()
    with pytest.raises(TransferError, match="is in use; stop every refilld"):
        restored(made, own)
    database.close()
    assert sold(own) == {"1", "2"}
    assert not list(tmp_path.glob("*before*"))


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_server_database_in_use_is_not_replaced(own: str, tmp_path: Path) -> None:
    made = a_backup(own, tmp_path)
    database = Database(own)
    with database.read(), pytest.raises(TransferError, match="in use by another connection"):
        restored(made, own)
    database.close()
    assert sold(own) == {"1", "2"}


@pytest.mark.parametrize("engine", ["postgresql"])
def test_tables_on_a_server_are_dropped_only_on_demand(own: str, tmp_path: Path) -> None:
    made = a_backup(own, tmp_path)
    with pytest.raises(TransferError, match="give --replace"):
        restored(made, own, replace=False)
    assert sold(own) == {"1", "2"}


def test_a_backup_can_be_restored_into_an_empty_server_database(
    fresh_postgres: str, postgres_home: str, tmp_path: Path
) -> None:
    restored(backed_up(postgres_home, tmp_path / "backup"), fresh_postgres, replace=False)
    database = Database(fresh_postgres)
    revision.require_current(database)
    database.close()


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_restore_that_fails_leaves_the_server_database_as_it_was(own: str, tmp_path: Path) -> None:
    """The dump ends in the middle; everything is one transaction."""
    made = a_backup(own, tmp_path)
    made.path.write_bytes(made.path.read_bytes()[:-2000])
    with pytest.raises(TransferError):
        restored(made, own)
    assert sold(own) == {"1", "2"}


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_backup_of_the_other_engine_is_told(own: str, postgres_home: str, tmp_path: Path) -> None:
    made = backed_up(postgres_home, tmp_path / "backup")
    with pytest.raises(TransferError, match="then run: refilld db copy"):
        restore.present(own, made)


@on_both_engines
def test_a_backup_of_an_earlier_revision_is_migrated(empty_own: str, tmp_path: Path) -> None:
    database = Database(empty_own)
    migrated_to(database, "0007")
    database.close()
    made = backed_up(empty_own, tmp_path / "backup")
    assert made.revision == "0007"
    restored(made, empty_own)
    database = Database(empty_own)
    revision.require_current(database)
    assert migrate.differences(database) == []
    database.close()


@on_both_engines
def test_what_is_replaced_is_told_before(own: str, tmp_path: Path) -> None:
    made = a_backup(own, tmp_path)
    present = restore.present(own, made)
    assert (present.exists, present.readable, present.newest_look, present.refills_since) == (
        *(True, True, None),
        0,
    )


@pytest.mark.parametrize("engine", ["sqlite"])
def test_nobody_gets_into_the_present_file_while_it_is_replaced(
    own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of a process that did would be mixed into the restored database."""
    made = a_backup(own, tmp_path)
    path, keep = tmp_path / "refilld.db", sqlite_restore._keep
    tried = []

    def kept(*where: Any) -> Path:
        with (
            closing(sqlite3.connect(path, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError) as no,
        ):
            other.execute("SELECT count(*) FROM orders")
        tried.append(str(no.value))
        return keep(*where)

    monkeypatch.setattr(sqlite_restore, "_keep", kept)
    restored(made, own)
    assert tried == ["database is locked"]
    assert sold(own) == {"1"}
    assert not list(tmp_path.glob("refilld.db-*"))


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_log_of_a_linked_database_is_seen(own: str, tmp_path: Path) -> None:
    """It lies beside the file to which the symbolic link leads."""
    made = a_backup(own, tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "refilld.db")
    restored(made, f"sqlite:///{tmp_path / 'link'}")
    assert (tmp_path / "link").is_symlink()
    assert sold(own) == {"1"}


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_lost_database_belongs_to_the_owner_of_its_folder(own: str, tmp_path: Path) -> None:
    """Also its lock file: root restores it for the user of the service."""
    made = a_backup(own, tmp_path)
    for name in ("refilld.db", "refilld.db.lock"):
        (tmp_path / name).unlink(missing_ok=True)
    os.chown(tmp_path, 12345, 12346)
    restored(made, own)
    owners = {(tmp_path / name).stat().st_uid for name in ("refilld.db", "refilld.db.lock")}
    assert owners == {12345}


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_backup_that_cannot_be_continued_is_named(own: str, tmp_path: Path) -> None:
    """And not the temporary copy of it; the present file stays."""
    made = a_backup(own, tmp_path)
    with closing(sqlite3.connect(made.path)) as connection:
        connection.execute("ALTER TABLE refills RENAME TO mislaid")
        connection.commit()
    with pytest.raises(TransferError, match="cannot be restored") as caught:
        restored(made, own)
    assert str(made.path) in str(caught.value)
    assert "-new." not in str(caught.value)
    assert sold(own) == {"1", "2"}


# kill -9


def killed_at(step: int, folder: Path, work: Callable[[], object]) -> bool:
    """Work in a process that is killed at its nth call on files of a folder (-1: only by itself).

    False if it ended before.
    """
    child = os.fork()
    if not child:
        seen = 0

        def count(_event: str, words: tuple[object, ...]) -> None:
            nonlocal seen
            seen += any(isinstance(word, str | Path) and str(folder) in str(word) for word in words)
            if seen == step:
                seen += 1  # the kill is an event itself
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child ends here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_killed_restore_leaves_the_present_file_or_the_complete_new_one(own: str, tmp_path: Path) -> None:
    """Killed at each of its calls on the files of the folder."""
    made = a_backup(own, tmp_path)
    path = Path(make_url(own).database or "")
    content = path.read_bytes()
    restored(made, own)  # imports all modules, so that the children need not
    step, outcomes = 1, []
    while True:
        path.write_bytes(content)
        killed = killed_at(step, tmp_path, lambda: restored(made, own))
        with closing(sqlite3.connect(path)) as connection:
            found = {row[0] for row in connection.execute("SELECT order_id FROM orders")}
            marks = connection.execute("SELECT action FROM transfers").fetchall()
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert (found, marks) in [({"1", "2"}, []), ({"1"}, [("restored",)])]
        outcomes.append(len(found))
        if not killed:
            break
        step += 1
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {1, 2}
    assert step > 5
    restored(made, own)  # nothing that was left behind stands in its way
    assert not list(tmp_path.glob(".*"))
    assert backups.read_backup(made.path) == made
