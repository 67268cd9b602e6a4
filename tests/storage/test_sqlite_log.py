"""SQLite's write-ahead log stays small, whoever writes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from storage.engine import Database
from storage.sqlite_log import LARGEST

MEGABYTE = 1 << 20


@pytest.fixture
def log(sqlite: Database, fresh_sqlite: str) -> Path:
    write(sqlite, 1)
    return Path(f"{make_url(fresh_sqlite).database}-wal")


def write(database: Database, number: int) -> None:
    with database.write() as tx:
        tx.exec_driver_sql("INSERT INTO virtual_times VALUES (?, ?)", (f"{number}", "x" * MEGABYTE))


def sizes(database: Database, log: Path, numbers: range) -> list[int]:
    """The size of the log after each of these writes."""
    found = []
    for number in numbers:
        write(database, number)
        found.append(log.stat().st_size)
    return found


def test_whoever_writes_much_keeps_the_log_small(sqlite: Database, log: Path) -> None:
    """No daemon is needed for that, so `refilld serve` alone does it too."""
    found = sizes(sqlite, log, range(2, 60))
    assert LARGEST < max(found) < LARGEST + 4 * MEGABYTE
    assert min(found[20:]) == LARGEST


def test_commits_write_over_a_copied_log(sqlite: Database, log: Path) -> None:
    """To extend it again would take each of them longer."""
    before = sizes(sqlite, log, range(2, 12))[-1]
    sqlite.checkpoint()
    assert sizes(sqlite, log, range(12, 14)) == [before] * 2


def test_the_log_is_small_again_after_a_long_reader(sqlite: Database, log: Path) -> None:
    """While it reads, the log cannot begin anew."""
    with sqlite.read() as tx:
        tx.exec_driver_sql("SELECT count(*) FROM virtual_times").scalar()
        assert max(sizes(sqlite, log, range(2, 30))) > LARGEST + 8 * MEGABYTE
    assert min(sizes(sqlite, log, range(30, 45))) == LARGEST


def test_no_checkpoint_is_made_while_another_process_writes(
    sqlite: Database, log: Path, fresh_sqlite: str
) -> None:
    """That may corrupt the file; the next one copies the log."""
    file = Path(make_url(fresh_sqlite).database or "")
    before = file.stat().st_size
    with closing(sqlite3.connect(file, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        sqlite.checkpoint()
        assert file.stat().st_size == before
    sqlite.checkpoint()
    assert file.stat().st_size > before + MEGABYTE // 2
    assert log.exists()
