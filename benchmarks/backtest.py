"""Measures speed and memory of `refilld backtest`: `python benchmarks/backtest.py`.

Generates 100,000 orders and a history of a million snapshots from a seed, runs each step in a process of its
own, and compares its processor time with that of parsing the same files only. A second history, twice as
long, shows whether memory grows with the snapshots.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic_core import from_json

from refilld.backtest.orders import read_orders
from refilld.backtest.run import Replay
from refilld.settings.settings import Settings

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 30
NOW = BEGIN + timedelta(days=DAYS)
PROVIDERS = ("acme", "growfast", "panelking")
QUANTITIES = (100, 250, 500, 1000, 2500, 5000)
FAILURES = ("private", "not_found", "transient", "rate_limited", "login_required")
DROPPING = 0.03
"""Share of the targets that lose a part of their delivery."""
REFILLED_AFTER = timedelta(days=9)
"""Time from a drop to the completion of its refill: three looks, at one look per target in three days."""
FAILING = 0.03
"""Share of the looks that fail."""
SHARED = 0.05
"""Share of the targets that were sold twice."""
UNKNOWN_START = 0.05
"""Share of the orders without a start count."""


class BacktestShop:
    """Generates orders, and the counts of their targets at any time."""

    def __init__(self, orders: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.targets: list[tuple[str, list[tuple[datetime, int]], int]] = []
        self.rows: list[str] = []
        self.orders_of: list[list[str]] = []
        while len(self.rows) < orders:
            self._sell(len(self.targets))

    def _sell(self, number: int) -> None:
        start, link = self.random.randrange(50, 200_000), f"https://www.instagram.com/shop.{number}/"
        sold: list[tuple[datetime, int]] = []
        for _ in range(2 if self.random.random() < SHARED else 1):
            at = BEGIN + timedelta(seconds=self.random.randrange(-25 * 86_400, 15 * 86_400))
            sold.append((at, self.random.choice(QUANTITIES)))
        sold.sort()
        before = start
        first = len(self.rows)
        for at, quantity in sold:
            known = "" if self.random.random() < UNKNOWN_START else str(before)
            provider = self.random.choice(PROVIDERS)
            self.rows.append(
                f"{len(self.rows)},followers,{link},{quantity},Completed,{_timestamp(at)},{known},followers,"
                f"{provider},{quantity * 0.0015:.4f},USD"
            )
            before += quantity
        self.targets.append((link, sold, start))
        self.orders_of.append([str(order_id) for order_id in range(first, len(self.rows))])

    def write(self, path: Path) -> None:
        head = "order_id,service,link,quantity,status,completed_at,start_count,metric,provider,price,currency"
        path.write_text("\n".join([head, *self.rows]) + "\n")

    def history(self, looks: int) -> Iterator[str]:
        """Yield events: looks evenly spread over the days, at the targets in a shuffled round robin."""
        drops = {
            number: (BEGIN + timedelta(seconds=self.random.randrange(DAYS * 86_400)), self.random.random())
            for number in range(len(self.targets))
            if self.random.random() < DROPPING
        }
        step = timedelta(days=DAYS) / looks
        due: dict[int, list[str]] = {}
        for number, (at, _) in drops.items():
            index = int((at + REFILLED_AFTER - BEGIN) / step)
            due.setdefault(index, []).extend(self.orders_of[number])
        for index in range(looks):
            at = BEGIN + index * step
            number = (index + self.random.randrange(500)) % len(self.targets)
            yield self._look(number, at, drops.get(number))
            for order_id in due.pop(index, ()):
                done = {"at": _timestamp(at), "event": "refill_completed", "order_id": order_id}
                yield json.dumps(done, separators=(",", ":"))

    def _look(self, number: int, at: datetime, drop: tuple[datetime, float] | None) -> str:
        link, sold, start = self.targets[number]
        look: dict[str, object] = {"at": _timestamp(at), "event": "snapshot", "link": link}
        look["metric"] = "followers"
        if self.random.random() < FAILING:
            look["outcome"] = self.random.choice(FAILURES)
            return json.dumps(look, separators=(",", ":"))
        delivered = sum(quantity for done, quantity in sold if done <= at)
        dropped = drop is not None and drop[0] <= at < drop[0] + REFILLED_AFTER
        lost = int(delivered * drop[1]) if drop is not None and dropped else 0
        count = max(1, start + delivered - lost + self.random.randrange(0, 9))
        return json.dumps(look | {"outcome": "count", "count": count}, separators=(",", ":"))


def _timestamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def parse(orders: Path | None, events: Path | None) -> None:
    """Parse both files without using the result: the lower bound of a backtest."""
    for _ in _rows(orders) if orders else ():
        pass
    if events:
        read = partial(from_json, cache_strings="keys")  # the parser that the backtest uses
        with events.open("rb") as file:
            for line in file:
                read(line)


def _rows(orders: Path) -> Iterator[object]:
    return read_orders(orders, [Settings()], (), _fail, NOW)


def replay(orders: Path, events: Path | None) -> None:
    replayed = Replay([Settings()], lambda _line: None, _fail)
    empty = Path("/dev/null")
    replayed.run(orders, events or empty, NOW)
    print(replayed.summary().as_json(), file=sys.stderr)


def _fail(problem: object) -> None:
    raise SystemExit(f"the generated files are invalid: {problem}")


def make(orders: Path, events: Path, sold: int, looks: int) -> None:
    """Write both files; in a process of its own, as a child's peak of memory starts at that of its parent."""
    shop = BacktestShop(sold, seed=1)
    shop.write(orders)
    with events.open("w") as file:
        file.writelines(f"{line}\n" for line in shop.history(looks))


STEPS = ("nothing", "parse-events", "parse-orders", "load", "backtest")


def step(name: str, orders: Path, events: Path) -> None:
    """Run one step in this process; print its processor seconds and its peak of memory in KiB."""
    began = time.process_time()
    match name:
        case "parse-events":
            parse(None, events)
        case "parse-orders":
            parse(orders, None)
        case "load":
            replay(orders, None)
        case "backtest":
            replay(orders, events)
    took = time.process_time() - began
    print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measure(name: str, orders: Path, events: Path, times: int) -> tuple[float, int]:
    """Return the minimum seconds of several runs and their maximum peak of memory in KiB."""
    words = [sys.executable, __file__, "--step", name, "--orders-file", orders, "--events-file", events]
    runs = []
    for _ in range(times):
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
        took, peak = done.stdout.split()
        runs.append((float(took), int(peak)))
    return min(took for took, _ in runs), max(peak for _, peak in runs)


def report(folder: Path, orders: int, looks: int, times: int) -> None:
    sold, seen = folder / "orders.csv", folder / f"events-{looks}.jsonl"
    subprocess.run(
        [sys.executable, __file__, "--orders", str(orders), "--snapshots", str(looks), "--step", "make",
         "--orders-file", str(sold), "--events-file", str(seen)], check=True,
    )  # fmt: skip
    took = {name: measure(name, sold, seen, times) for name in STEPS}
    seconds = {name: t for name, (t, _) in took.items()}
    peak, bare = took["backtest"][1], took["nothing"][1]
    replayed = seconds["backtest"] - seconds["load"]
    both = seconds["parse-events"] + seconds["parse-orders"]
    print(f"{looks:,} snapshots of {orders:,} orders ({seen.stat().st_size / 2**20:.0f} MiB of events)")
    for name in STEPS[1:]:
        print(f"  {name:<14}{seconds[name]:8.2f} s   peak {took[name][1] / 1024:6.0f} MiB")
    print(
        f"  replaying the events alone: {looks / replayed:,.0f} snapshots/s,"
        f" {replayed / seconds['parse-events']:.1f} times parsing them"
    )
    print(
        f"  the whole backtest:         {looks / seconds['backtest']:,.0f} snapshots/s,"
        f" {seconds['backtest'] / both:.1f} times parsing both files"
    )
    print(f"  memory: {peak / 1024:.0f} MiB, of which the imports take {bare / 1024:.0f};"
          f" {1024 * (peak - bare) / orders:,.0f} bytes an order")  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=100_000)
    options.add_argument("--snapshots", type=int, nargs="+", default=[1_000_000, 2_000_000])
    options.add_argument("--times", type=int, default=3, help="runs of each step; the fastest counts")
    options.add_argument("--step", choices=("make", *STEPS), help=argparse.SUPPRESS)
    options.add_argument("--orders-file", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--events-file", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.step == "make":
        make(given.orders_file, given.events_file, given.orders, given.snapshots[0])
        return
    if given.step:
        step(given.step, given.orders_file, given.events_file)
        return
    with TemporaryDirectory() as folder:
        for looks in given.snapshots:
            report(Path(folder), given.orders, looks, given.times)


if __name__ == "__main__":
    main()
