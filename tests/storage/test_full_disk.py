"""SQLite on a full disk: one kind of error, nothing lost, and it goes on when there is room again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine import Database
from storage.errors import UnreachableError
from tests.full_disk import SmallDisk, small_disk

LARGE = 400_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def database(disk: SmallDisk, sqlite_template: Path) -> Iterator[Database]:
    path = shutil.copy(sqlite_template, disk.folder / "refilld.db")
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


def write(database: Database, name: str, size: int = LARGE) -> None:
    with database.write() as tx:
        tx.exec_driver_sql("INSERT INTO virtual_times VALUES (?, ?)", (name, "x" * size))


def fault(database: Database) -> str:
    return database.storage_fault or ""


def names(database: Database) -> list[str]:
    with database.read() as tx:
        return list(tx.exec_driver_sql("SELECT source FROM virtual_times ORDER BY source").scalars())


def test_a_write_that_fails_is_remembered_until_one_works(database: Database, disk: SmallDisk) -> None:
    """What was committed stays, what failed is not there, and reading goes on meanwhile."""
    write(database, "before")
    disk.fill()
    with pytest.raises(UnreachableError, match="database or disk is full"):
        write(database, "lost")
    assert "database or disk is full" in fault(database)
    assert names(database) == ["before"]
    disk.make_room()
    write(database, "after")
    assert fault(database) == ""
    assert names(database) == ["after", "before"]
    database.quick_check()


def test_a_checkpoint_that_fails_loses_nothing(database: Database, disk: SmallDisk) -> None:
    """The log is larger than the file, which cannot grow."""
    write(database, "before")
    disk.fill()
    with pytest.raises(UnreachableError, match="full"):
        database.checkpoint()
    assert names(database) == ["before"]
    disk.make_room()
    database.checkpoint()
    database.close()
    assert names(database) == ["before"]


def test_a_full_disk_is_found_although_small_writes_reuse_room(database: Database, disk: SmallDisk) -> None:
    """After a checkpoint the log begins again, so a beat succeeds on a full disk; an import would not."""
    write(database, "before")
    database.checkpoint()
    disk.fill()
    write(database, "small", size=1)
    database.probe_space()
    assert "No space left on device" in fault(database)
    disk.make_room()
    database.probe_space()
    assert fault(database) == ""
