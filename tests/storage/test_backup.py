"""Backups: complete, private, read back, and made while others write."""

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from storage import backup as backups
from storage.backup import Backup, BackupFormat
from storage.engine import Database
from storage.errors import NotMigratedError, TransferError, UnreachableError
from storage.new_file import new_private_file
from storage.revision import newest
from tests.builders import an_order
from tests.storage.conftest import ENGINES
from tests.storage.shop import sell

on_both_engines = pytest.mark.parametrize("engine", ENGINES)
pytestmark = pytest.mark.usefixtures("programs")


def backed_up(url: str, path: Path, **how: bool) -> Backup:
    database = Database(url)
    try:
        return backups.write_backup(database, url, path, **how)
    finally:
        database.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder on a file system with room for 64 KiB."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@on_both_engines
def test_a_backup_is_read_back_and_private(own: str, tmp_path: Path, engine: str) -> None:
    path = tmp_path / "backup"
    written = backed_up(own, path)
    assert written == backups.read_backup(path)
    assert (written.path, written.revision, written.size) == (path, newest(), path.stat().st_size)
    assert written.format is {"sqlite": BackupFormat.SQLITE}.get(engine, BackupFormat.POSTGRESQL)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_backup_overwrites_a_file_only_on_demand(fresh_sqlite: str, sqlite: Database) -> None:
    assert sqlite.path is not None
    path = sqlite.path.with_name("backup")
    backed_up(fresh_sqlite, path)
    before = path.stat().st_ino
    with pytest.raises(TransferError, match="exists already"):
        backed_up(fresh_sqlite, path)
    assert path.stat().st_ino == before
    backed_up(fresh_sqlite, path, overwrite=True)
    assert path.stat().st_ino != before
    assert backups.read_backup(path).revision == newest()


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("name", ["refilld.db", "link", "refilld.db-wal", "refilld.db.lock", "refilld.toml"])
def test_a_backup_overwrites_nothing_but_a_backup(own: str, tmp_path: Path, name: str) -> None:
    """Neither the database, by whatever name, nor what belongs to it, nor the configuration."""
    (tmp_path / "link").symlink_to(tmp_path / "refilld.db")
    (tmp_path / "refilld.toml").write_text("[database]\n")
    (tmp_path / "refilld.db.lock").touch()
    database = Database(own)
    sell(database, an_order())
    with pytest.raises(TransferError, match=r"is the database itself|is not a backup"):
        backups.write_backup(database, own, tmp_path / name, overwrite=True)
    assert (tmp_path / name).exists()
    database.close()
    assert not list(tmp_path.glob(".*"))


def test_a_pipe_is_no_backup(tmp_path: Path) -> None:
    """Reading it would wait for ever."""
    os.mkfifo(tmp_path / "backup")
    with pytest.raises(TransferError, match="not a file"):
        backups.read_backup(tmp_path / "backup")


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    "made", ["TRIGGER t AFTER INSERT ON orders BEGIN DELETE FROM refills; END", "VIEW v AS SELECT 1"]
)
def test_a_file_with_code_of_others_is_no_backup(own: str, tmp_path: Path, made: str) -> None:
    """A trigger would work on the restored database."""
    path = tmp_path / "backup"
    backed_up(own, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE {made}")
        connection.commit()
    with pytest.raises(TransferError, match="is not a backup of refilld: it has the"):
        backups.read_backup(path)


@on_both_engines
def test_a_full_disk_is_one_line_and_leaves_no_file(own: str, tmp_path: Path) -> None:
    """The database is larger than the disk."""
    database = Database(own)
    sell(database, *(an_order(f"order {os.urandom(40).hex()} {n}", profile=f"p{n}") for n in range(1000)))
    database.close()
    with small_disk(tmp_path / "disk") as folder:
        with pytest.raises(TransferError, match=r"full|No space left") as caught:
            backed_up(own, folder / "backup")
        assert list(folder.iterdir()) == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_backup_removes_what_killed_ones_left_and_nothing_of_one_that_runs(
    own: str, tmp_path: Path
) -> None:
    """Whatever its name is: nightly backups have the date in theirs. Files of others stay."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / ".monday.db.new.abcdefgh").touch()
    with new_private_file(folder / "monday.db") as running:
        killed = os.fork()
        if killed == 0:
            with new_private_file(folder / "tuesday.db") as left:
                Path(f"{left}-journal").touch()
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(killed, 0)
        assert len(list(folder.glob(".tuesday.db.*"))) == 2
        backed_up(own, folder / "wednesday.db")
        found = {path.name for path in folder.iterdir()}
        assert found == {".monday.db.new.abcdefgh", running.name, "wednesday.db"}


def test_a_backup_waits_for_no_writer_and_no_writer_for_it(fresh_sqlite: str, sqlite: Database) -> None:
    """It has what was committed when it began."""
    assert sqlite.path is not None
    sell(sqlite, an_order("1"))
    path = sqlite.path.with_name("backup")
    with sqlite.write() as connection:
        connection.exec_driver_sql("UPDATE orders SET service = 'changed'")
        backed_up(fresh_sqlite, path)
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("SELECT order_id, service FROM orders").fetchall() == [("1", "followers")]


def test_a_database_without_tables_is_not_backed_up(fresh_sqlite: str, tmp_path: Path) -> None:
    with pytest.raises(NotMigratedError, match="refilld init"):
        backed_up(fresh_sqlite, tmp_path / "backup")


@pytest.mark.parametrize("version", [None, "15.18", "9"])
def test_a_missing_or_older_pg_dump_is_named_with_its_package(
    postgres_home: str, tmp_path: Path, version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older pg_dump refuses a newer server."""
    if version is not None:
        program = tmp_path / "pg_dump"
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"pg_dump is .*apt install postgresql-client-\d+$"):
        backed_up(postgres_home, tmp_path / "backup")


def test_a_password_is_not_on_a_command_line(
    postgres_home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user of the machine can read those."""
    real = shutil.which("pg_dump")
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/words\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    backed_up(postgres_home.replace("postgres@", "postgres:sw0rdfish@"), tmp_path / "backup")
    words = (tmp_path / "words").read_text()
    assert "--format=custom" in words
    assert "sw0rdfish" not in words


def _a_file(path: Path) -> None:
    path.write_text("Dear customer,\n")


def _a_newer_one(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def _another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE alembic_version")


def _damaged(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * 8192 + content[16384:])


def _in_use(path: Path) -> None:
    Path(f"{path}-wal").write_bytes(b"committed")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_a_file, "is not a backup: neither of SQLite nor of PostgreSQL"),
        (_another_program, "is not a backup of refilld"),
        (_damaged, "damaged|malformed"),
        (_in_use, "is a database in use"),
        (Path.unlink, "cannot be read: No such file"),
    ],
)
def test_what_is_no_backup_is_told(sqlite_template: Path, tmp_path: Path, spoil: object, says: str) -> None:
    path = tmp_path / "backup"
    shutil.copy(sqlite_template, path)
    assert callable(spoil)
    spoil(path)
    with pytest.raises(TransferError, match=says):
        backups.read_backup(path)


def test_a_backup_of_a_newer_version_is_told(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    shutil.copy(sqlite_template, path)
    _a_newer_one(path)
    with pytest.raises(NotMigratedError, match="install a newer refilld"):
        backups.read_backup(path)
