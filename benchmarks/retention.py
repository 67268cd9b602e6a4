"""Measures thinning of a million snapshots: `python benchmarks/retention.py [--url URL] [--snapshots N]`.

Prints, for each kind of batch, the longest time for which it kept the writer as a share of the 100 ms that it
may take, and how long looks take to be saved meanwhile. The database is SQLite in a temporary file, or an
empty one of PostgreSQL (`--url`).
"""

import argparse
import logging
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import structlog
from sqlalchemy import func, insert, select

from jobs import retention
from jobs.retention import DataRetention
from monitor.model.link import LinkKind
from monitor.model.order import OrderStatus
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.model.terms import Terms
from monitor.retention.policy import Retention
from storage import migrate
from storage.engine import Database, Transaction
from storage.schema import metadata, snapshots
from storage.terms import dump_terms

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 400
PER_DAY = 24
BATCH = 10_000
LIMIT = 0.1
"""Seconds for which a batch may keep the writer."""


def fill(database: Database, number: int) -> int:
    """Store so many snapshots, hourly for 400 days; returns the number of targets."""
    targets = max(1, number // (DAYS * PER_DAY))
    tables = metadata.tables
    with database.write() as tx:
        tx.execute(insert(tables["targets"]), [target(i) for i in range(1, targets + 1)])
        tx.execute(insert(tables["orders"]), [order(i) for i in range(1, targets + 1)])
        days = [{"day": START + day * DAY} for day in range(DAYS)]
        tx.execute(insert(tables["operating_days"]), days)
    for first in range(0, number, BATCH):
        rows = [snapshot(i // targets, i % targets + 1) for i in range(first, min(number, first + BATCH))]
        with database.write() as tx:
            tx.execute(insert(snapshots), rows)
        database.checkpoint()
    return targets


def target(i: int) -> dict[str, Any]:
    return {
        "target_id": i, "link": f"https://www.instagram.com/user{i}/", "kind": LinkKind.PROFILE,
        "key": f"user{i}", "metric": Metric.FOLLOWERS, "last_look_at": START + DAYS * DAY,
    }  # fmt: skip


def order(i: int) -> dict[str, Any]:
    return {
        "order_id": str(i), "target_id": i, "service": "1", "link_typed": "", "quantity": 1000, "remains": 0,
        "status": OrderStatus.COMPLETED, "completed_at": START, "start_count": 500,
        "terms": dump_terms(Terms()), "imported_at": START, "updated_at": START,
    }  # fmt: skip


def snapshot(hour: int, target_id: int) -> dict[str, Any]:
    return {
        "target_id": target_id, "at": START + hour * DAY / PER_DAY, "outcome": Outcome.COUNT, "count": hour,
        "source": "simulated", "count_kind": "follower_count", "detail": "",
    }  # fmt: skip


class TimedDatabase(Database):
    """Notes for how long the main thread keeps the writer, the commit included."""

    kept: ClassVar[dict[str, list[float]]] = defaultdict(list)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with ExitStack() as stack:
            tx = stack.enter_context(super().write())
            began = time.perf_counter()
            yield tx
        self._note("rows", began)

    def release_space(self, pages: int) -> bool:
        began = time.perf_counter()
        more = super().release_space(pages)
        self._note("space", began)
        return more

    def _note(self, kind: str, began: float) -> None:
        if threading.current_thread() is threading.main_thread():
            self.kept[kind].append(time.perf_counter() - began)


@contextmanager
def looks(database: Database, targets: int, start: datetime) -> Any:
    """Save a look every 5 ms in another thread; gives the list of the times that this took."""
    taken: list[float] = []
    stop = threading.Event()

    def save() -> None:
        number = 0
        while not stop.wait(0.005):
            number += 1
            at = start + timedelta(microseconds=number)
            row = snapshot(0, number % targets + 1) | {"at": at}
            began = time.perf_counter()
            with database.write() as tx:
                tx.execute(insert(snapshots), row)
            taken.append(time.perf_counter() - began)

    thread = threading.Thread(target=save)
    thread.start()
    try:
        yield taken
    finally:
        stop.set()
        thread.join()


def percentiles(times: list[float]) -> str:
    cuts = statistics.quantiles(times, n=100)
    return (
        f"median {cuts[49] * 1000:.1f} ms, 99 % {cuts[98] * 1000:.1f} ms, longest {max(times) * 1000:.1f} ms"
    )


def measure(database: TimedDatabase, number: int) -> None:
    migrate.upgrade(database)
    targets = fill(database, number)
    now = START + DAYS * DAY
    with looks(database, targets, now) as idle:
        time.sleep(3)
    print(f"looks without thinning: {percentiles(idle)}")
    pause = lambda duration: time.sleep(duration.total_seconds()) or False  # noqa: E731
    database.kept.clear()
    job = DataRetention(database, Retention(), lambda: None, pause)
    rounds: list[float] = []
    with looks(database, targets, now + DAY) as busy:
        while not rounds or under_way(database):
            began = time.perf_counter()
            job.run_once(now)
            rounds.append(time.perf_counter() - began)
            database.checkpoint()
    print(f"looks meanwhile: {percentiles(busy)}")
    for kind, times in database.kept.items():
        share = max(times) / LIMIT
        print(f"{kind}: {len(times)} batches, {percentiles(times)}; longest is {share:.2f} of the limit")
    left = stored(database, "snapshots") - len(idle) - len(busy)
    print(f"{len(rounds)} rounds, the longest {max(rounds):.1f} s; {left:,} snapshots left")


def stored(database: Database, table: str) -> int:
    with database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one())


def under_way(database: Database) -> bool:
    """Whether the pass over the snapshots goes on."""
    query = select(metadata.tables["retention_progress"].c.thinning_until)
    with database.read() as tx:
        return tx.execute(query).scalar() is not None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--snapshots", type=int, default=1_000_000)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with TemporaryDirectory() as folder:
        database = TimedDatabase(given.url or f"sqlite:///{Path(folder) / 'refilld.db'}")
        print(f"{given.snapshots:,} snapshots on {database.name}; {retention.ROWS} rows a batch")
        measure(database, given.snapshots)
        database.close()


if __name__ == "__main__":
    main()
