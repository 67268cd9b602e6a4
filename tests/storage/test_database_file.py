"""A SQLite file that was moved, deleted or replaced is noticed, and nothing is written to it afterwards."""

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import make_url

from storage.database_file import DatabaseFile
from storage.engine import Database
from storage.errors import DatabaseFileError
from tests.storage.shop import at_once


@pytest.fixture
def path(sqlite: Database) -> Path:
    """The file of an open database, in which something was written."""
    write(sqlite)
    assert sqlite.path is not None
    return sqlite.path


def write(database: Database) -> None:
    with database.write() as tx:
        tx.exec_driver_sql("INSERT INTO virtual_times VALUES ('a', '') ON CONFLICT DO NOTHING")


def move(path: Path) -> Path:
    return path.rename(path.with_name("moved.db"))


def replace(path: Path) -> Path:
    """As a restored backup is put in place: the old file keeps no name."""
    other = shutil.copy(path, path.with_name("other.db"))
    kept = path.with_name("moved.db")
    kept.hardlink_to(path)
    Path(other).replace(path)
    return kept


CAUSES: list[tuple[Callable[[Path], Path], str]] = [(move, "was moved or deleted"), (replace, "was replaced")]


@pytest.mark.parametrize(("cause", "said"), CAUSES)
def test_nothing_is_written_to_a_file_that_is_not_at_its_path(
    sqlite: Database, path: Path, cause: Callable[[Path], Path], said: str
) -> None:
    """Neither by a transaction, nor by a checkpoint, nor when the process closes the database."""
    moved = cause(path)
    before = sha256(moved.read_bytes()).digest()
    for use in (sqlite.require_in_place, sqlite.checkpoint, lambda: write(sqlite)):
        with pytest.raises(DatabaseFileError, match=f"{path} {said}"):
            use()
    sqlite.close()
    assert sha256(moved.read_bytes()).digest() == before


@pytest.mark.parametrize("lost", [Path.unlink, move])
def test_a_lost_write_ahead_log_is_noticed(
    sqlite: Database, path: Path, lost: Callable[[Path], object]
) -> None:
    """What is written after that would be lost with the process."""
    sqlite.require_in_place()
    lost(Path(f"{path}-wal"))
    with pytest.raises(DatabaseFileError, match=r"refilld.db-wal was moved, deleted or replaced"):
        write(sqlite)


def test_an_unchanged_file_can_be_used_by_several_processes(sqlite: Database, path: Path) -> None:
    """Also after one of them has closed it, and after a checkpoint."""
    for _ in range(2):
        other = Database(f"sqlite:///{path}")
        write(other)
        other.close()
        sqlite.checkpoint()
        write(sqlite)
    sqlite.close()
    write(sqlite)


def test_the_file_behind_a_link_is_watched(sqlite: Database, path: Path) -> None:
    """With its write-ahead log, which SQLite puts beside the file."""
    link = path.parent / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    linked = Database(f"sqlite:///{link}")
    write(linked)
    linked.require_in_place()
    move(Path(f"{path}-wal"))
    with pytest.raises(DatabaseFileError, match=f"{path}-wal was moved"):
        write(linked)
    linked.close()


# The next start


def test_an_empty_database_is_not_created_where_a_daemon_had_another(sqlite: Database, path: Path) -> None:
    """A restart by the service manager would go on with it. The remedy works."""
    sqlite.remember_file()
    moved = move(path)
    sqlite.close()
    url = f"sqlite:///{path}"
    for create in (True, False):
        with pytest.raises(DatabaseFileError, match="is gone, but a daemon has used it") as caught:
            Database(url, create=create)
    assert not path.exists()
    moved.rename(path)
    Database(url).close()
    path.unlink()
    Path(str(caught.value).rpartition(": rm ")[2]).unlink()
    Database(url).close()


def test_a_write_ahead_log_is_not_applied_to_another_file(sqlite: Database, path: Path) -> None:
    """SQLite itself cannot tell, and would mix both. The remedy works."""
    sqlite.require_in_place()
    sqlite.remember_file()
    replace(path)
    sqlite.close()
    url = f"sqlite:///{path}"
    with pytest.raises(DatabaseFileError, match="is another file than the one to which") as caught:
        Database(url)
    for left in str(caught.value).rpartition(": rm ")[2].split():
        Path(left).unlink()
    fresh = Database(url)
    fresh.quick_check()
    fresh.close()


def test_a_database_that_was_copied_with_its_log_is_opened(sqlite: Database, path: Path) -> None:
    """All files are others then."""
    sqlite.require_in_place()
    sqlite.remember_file()
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, elsewhere)
    url = make_url(f"sqlite:///{elsewhere / path.name}")
    copy = Database(url.render_as_string())
    copy.quick_check()
    copy.close()


def test_a_file_that_is_replaced_while_it_is_opened_is_refused(sqlite: Database, path: Path) -> None:
    """The connection has the old file open, and would write its log beside the new one."""
    shutil.copy(path, path.with_name("new"))
    watched = DatabaseFile(path)
    watched.opening()
    path.with_name("new").replace(path)
    with pytest.raises(DatabaseFileError, match="was replaced by another file"):
        watched.opened()


def test_a_write_ahead_log_that_begins_between_two_checks_is_not_taken_for_a_lost_one(tmp_path: Path) -> None:
    """A thread that saw no log yet must not judge by the log that another thread has seen since."""
    path = tmp_path / "refilld.db"
    path.touch()
    for _ in range(300):
        file = DatabaseFile(path)
        file.opening()

        def check(number: int, file: DatabaseFile = file) -> None:
            if number == 0:
                Path(f"{path}-wal").touch()
            for _ in range(3):
                file.check()

        at_once(4, check)
        Path(f"{path}-wal").unlink()
