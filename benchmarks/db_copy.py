"""How long a copy from SQLite to PostgreSQL takes, next to psycopg's COPY of the same rows into bare tables;
and how long a job waits while a backup is made.

100,000 orders and 1,000,000 snapshots by default. Run it as `python -m benchmarks.db_copy [ORDERS]`.
"""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import make_url

from benchmarks.orders_import import COMMAND, write_orders
from storage.engine import Database
from tests.postgres_server import new_database, server

LOOKS = 10
"""Snapshots of each target."""
SNAPSHOTS = """
WITH RECURSIVE look(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM look WHERE n < ?)
INSERT INTO snapshots (target_id, at, outcome, count, source, count_kind, detail)
SELECT target_id, 1764000000000000 + n * 3600000000, 'count', 1500 - n, 'instaloader', 'follower_count', ''
FROM targets, look
"""
TABLES = ("targets", "orders", "snapshots")
LIMIT_SECONDS, LIMIT_MIB, LIMIT_PAUSE = 180, 200, 1.0


def fill(home: Path, orders: int) -> Path:
    file = home / "orders.csv"
    write_orders(file, orders)
    for words in (["init"], ["orders", "import", str(file)]):
        subprocess.run([*COMMAND, *words], cwd=home, check=True, capture_output=True)
    with closing(sqlite3.connect(home / "refilld.db")) as connection:
        connection.execute(SNAPSHOTS, (LOOKS,))
        connection.commit()
    return home / "refilld.db"


def bare_copy(path: Path, url: str) -> float:
    """Seconds of psycopg's COPY of the large tables, without keys and constraints."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    begun = time.monotonic()
    with closing(sqlite3.connect(path)) as source, psycopg.connect(plain) as target:
        for table in TABLES:
            rows = source.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in rows.description]
            target.execute(
                f"CREATE TABLE {table} ({', '.join(f'{chr(34)}{n}{chr(34)} text' for n in names)})"
            )
            with target.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    return time.monotonic() - begun


def measured(command: list[str], home: Path) -> tuple[float, int]:
    """Seconds and MiB of a process."""
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    return time.monotonic() - begun, usage.ru_maxrss // 1024


def longest_pause(home: Path) -> tuple[float, float]:
    """Seconds of a backup, and the longest time that a small transaction took meanwhile."""
    database = Database(f"sqlite:///{home / 'refilld.db'}")
    process = subprocess.Popen([*COMMAND, "db", "backup", "copy.db"], cwd=home, stdout=subprocess.DEVNULL)
    longest, begun = 0.0, time.monotonic()
    while process.poll() is None:
        before = time.monotonic()
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE targets SET failures = failures + 1 WHERE target_id = 1")
        longest = max(longest, time.monotonic() - before)
        time.sleep(0.005)
    database.close()
    return time.monotonic() - begun, longest


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with TemporaryDirectory() as folder, server() as address:
        home = Path(folder)
        path = fill(home, orders)
        print(f"{orders:,} orders, {orders * LOOKS:,} snapshots, {path.stat().st_size >> 20} MiB")
        backup, pause = longest_pause(home)
        print(f"backup:     {backup:5.1f} s; longest transaction {pause:.2f} s (limit {LIMIT_PAUSE} s)")
        with new_database(address) as url:
            bare = bare_copy(path, url)
        print(f"bare COPY:  {bare:5.1f} s")
        with new_database(address) as url:
            seconds, memory = measured([*COMMAND, "db", "copy", "--to", url], home)
        limits = f"(limits {LIMIT_SECONDS} s, {LIMIT_MIB} MiB)"
        print(f"db copy:    {seconds:5.1f} s, {memory} MiB, {seconds / bare:.1f} times bare COPY {limits}")


if __name__ == "__main__":
    main()
