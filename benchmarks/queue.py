"""Claimed and completed refills a second: refilld's storage next to the driver alone, in one run.

Both engines, fully durable (SQLite: `synchronous=FULL`; PostgreSQL: `fsync` and `synchronous_commit` on), on
the same tables, with consumers in threads of one process. The driver alone writes one row of history for each
change (`driver`), or also the event of the audit trail, as refilld does (`+ events`). All take turns, and the
median of the rounds counts. Run it as `python -m benchmarks.queue [--engine ENGINE] [--directory DIR]`.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Barrier
from time import perf_counter
from typing import Any, Protocol

from sqlalchemy import insert

from benchmarks.queue_raw import RawPostgreSQL, RawSQLite
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.link import LinkKind
from monitor.model.order import OrderStatus
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from monitor.model.terms import Terms
from storage import leases, migrate
from storage.column_types import microseconds
from storage.engine import Database
from storage.schema import metadata
from storage.terms import dump_terms
from tests.postgres_server import new_database, own_server, url_of

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
TERMS = dump_terms(Terms(name="R30", window=timedelta(days=30)))
BATCH = 10_000
Lease = tuple[int, str]


class Queue(Protocol):
    """A consumer's side of the queue."""

    def claim(self, limit: int) -> Sequence[Lease]: ...

    def complete(self, done: Sequence[Lease]) -> None: ...

    def close(self) -> None: ...


class Storage:
    """The functions that the HTTP interface calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, limit: int) -> Sequence[Lease]:
        with self._database.write() as tx:
            rows = leases.claim(tx, NOW, limit=limit, lease=HOUR, consumer="benchmark")
        return [(row.refill_id, row.lease_token) for row in rows]

    def complete(self, done: Sequence[Lease]) -> None:
        with self._database.write() as tx:
            answers = leases.act(tx, [leases.Complete(*lease) for lease in done], NOW)
        assert all(isinstance(answer, leases.LeaseAnswer) and answer.changed for answer in answers)

    def close(self) -> None:
        """The database is shared."""


class Raw:
    """The driver alone."""

    def __init__(self, raw: RawSQLite | RawPostgreSQL) -> None:
        self._raw = raw
        self.close = raw.close

    def claim(self, limit: int) -> Sequence[Lease]:
        return self._raw.claim(microseconds(NOW), limit)

    def complete(self, done: Sequence[Lease]) -> None:
        self._raw.complete(microseconds(NOW), list(done))


def one_at_a_time(queue: Queue, refills: int) -> None:
    for _ in range(refills):
        queue.complete(queue.claim(1))


def claim_100_complete_each(queue: Queue, refills: int) -> None:
    for _ in range(refills // 100):
        for lease in queue.claim(100):
            queue.complete([lease])


def in_one_transaction(queue: Queue, refills: int) -> None:
    for _ in range(refills // 100):
        queue.complete(queue.claim(100))


CASES: tuple[tuple[str, Callable[[Queue, int], None], int], ...] = (
    ("one at a time", one_at_a_time, 400),
    ("claim 100, complete each", claim_100_complete_each, 800),
    ("100 in one transaction", in_one_transaction, 4_000),
)
"""Name, work, and refills of a round."""


def rows_of(i: int) -> dict[str, dict[str, Any]]:
    """A queued refill with all that it belongs to."""
    at = NOW - timedelta(hours=1) + timedelta(milliseconds=i)
    name, count = f"user{i}", {"quantity": 1000, "remains": 0}
    order = {"order_id": f"{i}", "target_id": i, "service": f"{i % 40}", "link_typed": "", **count}
    order |= {"status": OrderStatus.COMPLETED, "completed_at": at, "terms": TERMS, "provider": "acme"}
    drop = {"drop_id": i, "order_id": f"{i}", "state": DropState.REFILLED, "opened_at": at, "looks": 2}
    refill = {"refill_id": i, "order_id": f"{i}", "number": 1, "drop_id": i, "metric": Metric.FOLLOWERS}
    refill |= {"quantity": 100, "reason": Reason.DROP_CONFIRMED, "state": RefillState.QUEUED}
    return {
        "targets": {
            "target_id": i, "link": f"https://www.instagram.com/{name}/", "kind": LinkKind.PROFILE,
            "key": name, "metric": Metric.FOLLOWERS,
        },
        "orders": order | {"imported_at": at, "updated_at": at},
        "drops": drop | {"claim": 100, "count": 1, "line": 1, "decision": Action.REFILL},
        "refills": refill | {"created_at": at, "queued_at": at, "available_at": at},
        "refill_events": {"refill_id": i, "at": at, "state": RefillState.QUEUED, "detail": "drop_confirmed"},
    }  # fmt: skip


def filled(url: str, refills: int) -> Database:
    """A migrated database with so many queued refills."""
    database = Database(url)
    migrate.upgrade(database)
    for first in range(1, refills + 1, BATCH):
        rows = [rows_of(i) for i in range(first, min(first + BATCH, refills + 1))]
        for table in rows[0]:
            with database.write() as tx:
                tx.execute(insert(metadata.tables[table]), [row[table] for row in rows])
    if not database.sqlite:
        with database.write() as tx:
            tx.exec_driver_sql("ANALYZE")
    database.checkpoint()
    return database


def rate(
    open_queue: Callable[[], Queue], work: Callable[[Queue, int], None], refills: int, consumers: int
) -> float:
    """Refills a second of so many consumers."""
    barrier = Barrier(consumers)

    def consume() -> tuple[float, float]:
        with closing(open_queue()) as queue:
            barrier.wait(timeout=60)
            begun = perf_counter()
            work(queue, refills)
            return begun, perf_counter()

    with ThreadPoolExecutor(consumers) as pool:
        times = [future.result() for future in [pool.submit(consume) for _ in range(consumers)]]
    return consumers * refills / (max(end for _, end in times) - min(begun for begun, _ in times))


@contextmanager
def two_databases(engine: str, directory: Path) -> Iterator[tuple[str, str]]:
    """The URLs of two empty databases: for the driver alone, and for refilld."""
    if engine == "sqlite":
        yield f"sqlite:///{directory / 'raw.db'}", f"sqlite:///{directory / 'refilld.db'}"
        return
    with (
        own_server(durable=directory) as home,
        new_database(url_of(home)) as raw,
        new_database(url_of(home)) as own,
    ):
        yield raw, own


def measure(engine: str, directory: Path, rounds: int, cases: str) -> None:
    with two_databases(engine, directory) as (raw_url, own_url):
        needed = sum(size for _, _, size in CASES) * 5 * rounds
        raw_database, database = filled(raw_url, 2 * needed), filled(own_url, needed)
        open_raw = partial(RawSQLite if engine == "sqlite" else RawPostgreSQL, raw_url)
        sides: tuple[Callable[[], Queue], ...] = (
            lambda: Raw(open_raw()),
            lambda: Raw(open_raw(told=True)),
            lambda: Storage(database),
        )
        for name, work, refills in CASES:
            if cases not in name:
                continue
            for consumers in (1, 4):
                found: list[list[float]] = [[] for _ in sides]
                for _ in range(rounds):
                    for rates, side in zip(found, sides, strict=True):
                        rates.append(rate(side, work, refills, consumers))
                    database.checkpoint()
                    raw_database.checkpoint()
                raw, told, own = map(median, found)
                what = f"{engine}, {name}, {consumers} consumer{'s'[: consumers - 1]}"
                ratios = f"{own / raw:7.0%} {own / told:9.0%}"
                print(f"{what:52} {raw:8,.0f} {told:9,.0f} {own:8,.0f} {ratios}", flush=True)
        database.close()
        raw_database.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=["sqlite", "postgresql"], action="append")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--case", default="", help="only the cases with this in their name")
    options.add_argument("--directory", type=Path, help="on a disk; not in memory")
    given = options.parse_args()
    print(f"{'refills a second':52} {'driver':>8} {'+ events':>9} {'storage':>8} of driver of events")
    with TemporaryDirectory(dir=given.directory, prefix="refilld-queue-") as folder:
        Path(folder).chmod(0o755)  # the server's account reads below it
        for engine in given.engine or ["sqlite", "postgresql"]:
            measure(engine, Path(folder), given.rounds, given.case)


if __name__ == "__main__":
    main()
