"""Measures how the time of a look depends on the number of targets: `python benchmarks/sampling.py`.

For 10,000, 100,000 and 1,000,000 targets, on both engines, with the adaptive cadence: the time to select and
claim the next 500 targets, and the time to record their counts, compared with a plain `executemany` of the
same snapshot rows in transactions of the same size in the same database. Each size runs in a process of its
own, whose peak of memory is shown. PostgreSQL is the server that the tests start.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import insert

from jobs.adaptive_selection import AdaptiveSelection
from jobs.configured_source import ConfiguredSource
from jobs.look_recording import LookPolicy, record_looks
from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.hazard import Hazards, cell_at
from monitor.cadence.observation_state import ObservationState, dump, hours_since_epoch
from monitor.cadence.schedule import Priority
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.link import LinkKind
from monitor.model.order import OrderStatus
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms
from monitor.sources.budget import Budget
from monitor.sources.contract import Reading
from storage import migrate
from storage.engine import Database
from storage.schema import orders, snapshots, targets
from storage.terms import dump_terms

sys.path.append(str(Path(__file__).parent.parent))
from tests.postgres_server import new_database, server

NOW = datetime(2026, 11, 1, tzinfo=UTC)
EVERY = timedelta(hours=6)
SERVICES = tuple(f"service {number}" for number in range(8))
BATCH = 500
BATCHES = {BATCH: 1, 100: 2, 10: 4, 1: 10}
"""Targets in one transaction, and the factor on the number of rounds."""
SIZES = (10_000, 100_000, 1_000_000)
QUANTITY = 1000
START = 5000
DROPPED = 0.01
"""Share of the looks that find a drop, which are judged order by order."""


@dataclass(frozen=True)
class UnreadSource:
    """A source that is never read: the benchmark makes the snapshots."""

    name: str = "simulated"
    metrics: frozenset[Metric] = frozenset(Metric)
    batch: int = 1

    def request_key(self, target: Target) -> str:
        return f"profile:{target.link.key}"

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        raise NotImplementedError


SOURCE = ConfiguredSource(UnreadSource(), Budget(100, timedelta(seconds=20)), timedelta(hours=1))
"""The budget is used for the selection only; the benchmark itself has no limit."""


class SamplingShop:
    """Targets in the virtual queue that were looked at once, each with one order."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.random = random.Random(size)
        self.cadence = AdaptiveCadence(EVERY, Hazards({}))

    def build(self, database: Database) -> None:
        migrate.upgrade(database)
        terms = dump_terms(Terms())
        for first in range(1, self.size + 1, 10_000):
            numbers = range(first, min(first + 10_000, self.size + 1))
            sold = [(number, NOW - timedelta(hours=self.random.uniform(30, 600))) for number in numbers]
            with database.write() as tx:
                tx.execute(insert(targets), [self._target(number, at) for number, at in sold])
                tx.execute(insert(orders), [_order(number, at, terms) for number, at in sold])
        with database.write() as tx:
            tx.exec_driver_sql("ANALYZE")
        database.checkpoint()  # as the daemon does each minute

    def _target(self, number: int, completed: datetime) -> dict[str, object]:
        service = SERVICES[number % len(SERVICES)]
        at, ends = NOW - timedelta(hours=self.random.uniform(2, 100)), completed + timedelta(days=30)
        cell = cell_at(service, hours_since_epoch(at) - hours_since_epoch(completed), 0.0, None)
        observation = ObservationState(
            str(number), service, hours_since_epoch(completed), hours_since_epoch(ends),
            START + QUANTITY, 50, 50.0, hours_since_epoch(at),
            *cell[1:4], 0.0,
        )  # fmt: skip
        return {
            "target_id": number, "link": f"https://www.instagram.com/user{number}/", "kind": LinkKind.PROFILE,
            "key": f"user{number}", "metric": Metric.FOLLOWERS, "source": "simulated",
            "request_key": f"profile:user{number}", "next_due_at": NOW + timedelta(days=1),
            "priority": Priority.MAX_INTERVAL,
            "virtual_due": self.random.expovariate(1.0), "service_queue": service,
            "not_before": at + EVERY / 6,
            "coverage_ends_at": ends, "cadence_state": dump([observation]), "last_look_at": at,
            "last_outcome": Outcome.COUNT,
            "last_count": START + QUANTITY, "last_count_at": at, "count_kind": "follower_count",
            "series_source": "simulated", "noop_min_count": START + QUANTITY - 49, "noop_until": ends,
            "judged_from": completed + timedelta(days=1), "judged_until": ends,
        }  # fmt: skip


def _order(number: int, completed: datetime, terms: str) -> dict[str, object]:
    return {
        "order_id": str(number), "target_id": number, "service": SERVICES[number % len(SERVICES)],
        "link_typed": "", "quantity": QUANTITY, "remains": 0, "status": OrderStatus.COMPLETED,
        "completed_at": completed, "start_count": START, "terms": terms, "imported_at": completed,
        "updated_at": completed, "settled_look_at": completed + timedelta(days=1),
    }  # fmt: skip


def measure(url: str, size: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median seconds per round for each batch size, and the peak of memory."""
    database = Database(url)
    shop = SamplingShop(size)
    shop.build(database)
    timer = RoundTimer(database, shop)
    found = {str(batch): timer.rounds(batch, rounds * repeat) for batch, repeat in BATCHES.items()}
    database.close()
    return found | {"peak": {"mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}}


class RoundTimer:
    """Runs rounds of selecting, recording and plain inserting on one database, five minutes apart."""

    def __init__(self, database: Database, shop: SamplingShop) -> None:
        self.database, self.shop, self.now = database, shop, NOW
        self.selection = AdaptiveSelection(shop.cadence)
        self.policy = LookPolicy(shop.cadence, MassDropRule(enabled=False))

    def rounds(self, batch: int, rounds: int) -> dict[str, float]:
        times = RoundTimes()
        for _ in range(rounds + 1):
            times.add(*self._round(batch))
        return times.medians()

    def _round(self, batch: int) -> tuple[float, float, float]:
        self.now += timedelta(minutes=5)
        began = time.perf_counter()
        with self.database.write() as tx:
            due = [row for rows in self.selection.claim_next(tx, SOURCE, self.now, batch) for row in rows]
        selected = time.perf_counter()
        looks = {row.target_id: _snapshot(row.target, self.now, self.shop.random) for row in due}
        made = time.perf_counter()
        with self.database.write() as tx:
            record_looks(tx, looks, self.policy)
        recorded = time.perf_counter()
        if len(due) != batch:
            raise SystemExit(f"only {len(due)} of {batch} were due")
        return selected - began, recorded - made, _plain_insert(self.database, looks, self.now)


@dataclass
class RoundTimes:
    """Seconds of every round; the first one, which fills caches, is ignored."""

    rounds: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, *seconds: float) -> None:
        self.rounds.append((seconds[0], seconds[1], seconds[2]))

    def medians(self) -> dict[str, float]:
        select, record, plain = (median(column) for column in zip(*self.rounds[1:], strict=True))
        return {"select": select, "record": record, "plain": plain}


def _snapshot(target: Target, now: datetime, rng: random.Random) -> Snapshot:
    lost = 80 if rng.random() < DROPPED else rng.randrange(0, 20)
    count = START + QUANTITY - lost
    return Snapshot(target, now, Outcome.COUNT, "simulated", count, "follower_count")


def _plain_insert(database: Database, looks: dict[int, Snapshot], now: datetime) -> float:
    """Return the seconds of a plain insert of the same rows, one second later."""
    rows = [
        {"target_id": target_id, "at": now + timedelta(seconds=1), "outcome": look.outcome,
         "count": look.count, "source": look.source, "count_kind": look.count_kind,
         "detail": "", "count_offset": 0}
        for target_id, look in looks.items()
    ]  # fmt: skip
    began = time.perf_counter()
    with database.write() as tx:
        tx.execute(insert(snapshots), rows)
    return time.perf_counter() - began


@contextmanager
def new_url(engine: str, folder: Path) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a temporary database; PostgreSQL runs without fsync, as in the tests."""
    if engine == "sqlite":
        path = folder / f"{uuid4().hex}.db"
        yield f"sqlite:///{path}"
        for file in folder.glob(f"{path.name}*"):
            file.unlink()
        return
    with server() as maintenance, new_database(maintenance) as url:
        yield url


def report(engine: str, sizes: Sequence[int], found: Sequence[dict[str, dict[str, float]]]) -> None:
    print(f"\n{engine}: medians of rounds of {BATCH} targets")
    print("   targets   select ms   growth  select+record ms   growth  plain insert ms   peak MiB")
    first = found[0][str(BATCH)]
    for size, one in zip(sizes, found, strict=True):
        now = one[str(BATCH)]
        both, both_first = now["select"] + now["record"], first["select"] + first["record"]
        print(
            f"{size:10,}{1000 * now['select']:12.1f}{now['select'] / first['select']:9.2f}"
            f"{1000 * both:18.1f}{both / both_first:9.2f}{1000 * now['plain']:17.1f}"
            f"{one['peak']['mib']:11.0f}"
        )
    print("  looks recorded per second, and relative to a plain insert, by looks in one transaction:")
    print("   targets" + "".join(f"{batch:>18}" for batch in BATCHES))
    for size, one in zip(sizes, found, strict=True):
        shares = [one[str(batch)] | {"batch": batch} for batch in BATCHES]
        cells = [f"{s['batch'] / s['record']:9,.0f}/s {s['plain'] / s['record']:5.0%}" for s in shares]
        print(f"{size:10,}" + "".join(f"{cell:>18}" for cell in cells))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--engines", nargs="+", default=["sqlite", "postgresql"])
    options.add_argument("--step", nargs=2, metavar=("URL", "SIZE"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.step:
        print(json.dumps(measure(given.step[0], int(given.step[1]), given.rounds)))
        return
    with TemporaryDirectory() as folder:
        for engine in given.engines:
            report(
                engine, given.sizes, [run(engine, size, given.rounds, Path(folder)) for size in given.sizes]
            )


def run(engine: str, size: int, rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """Measure one size in a process of its own."""
    with new_url(engine, folder) as url:
        words = [sys.executable, __file__, "--rounds", str(rounds), "--step", url, str(size)]
        done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
