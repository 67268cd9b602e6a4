"""Claimed and completed refills a second: the driver alone, refilld's storage, its HTTP interface, a peer.

All in one run, on both engines, fully durable (SQLite: `synchronous=FULL`; PostgreSQL: `fsync` and
`synchronous_commit` on), on the same tables. Consumers are threads of this process; `refilld serve` is one of
its own. The driver alone writes one row of history for each change (`driver`), or also the event of the
audit trail, as refilld does (`+ events`). `Flask` is the same requests to bare views of Flask on waitress,
which do nothing: the limit of the HTTP interface. All take turns, and the median of the rounds counts. Then
come the fairness among four consumers, and the claims in a large table.

Run it as `python -m benchmarks.queue [--engine ENGINE] [--part PART] [--case CASE] [--directory DIR]`; the
peers need `make .venv/.benchmarks`.
"""

import argparse
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from threading import Barrier
from time import perf_counter

from benchmarks.queue_floor import bare_flask
from benchmarks.queue_growth import close, shares, slow_claims
from benchmarks.queue_peers import Times, huey_rate, procrastinate_rate, together
from benchmarks.queue_raw import RawPostgreSQL, RawSQLite
from benchmarks.queue_server import served
from benchmarks.queue_shop import Place, filled, place
from benchmarks.queue_sides import Opened, Queue, Raw, Storage

PARTS = ("rates", "fairness", "growth")


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
    ("one at a time", one_at_a_time, 200),
    ("claim 100, complete each", claim_100_complete_each, 400),
    ("100 in one transaction", in_one_transaction, 4_000),
)
"""Name, work, and refills of a round."""
COLUMNS = ("driver", "+ events", "storage", "HTTP", "Flask", "peer")


def rate(opened: Opened, work: Callable[[Queue, int], None], refills: int, consumers: int) -> float:
    """Refills a second of so many consumers."""

    def consume(barrier: Barrier) -> Times:
        with closing(opened()) as queue:
            barrier.wait(timeout=60)
            begun = perf_counter()
            work(queue, refills)
            return begun, perf_counter()

    return consumers * refills / together(consumers, consume)


def rates(engine: str, at: Place, directory: Path, rounds: int, case: str) -> None:
    cases = [one for one in CASES if case in one[0]]
    needed = sum(size for _, _, size in cases) * 5 * rounds
    raw_url, own_url, peer_url = at.url(), at.url(), at.url()
    raw, own = filled(raw_url, 2 * needed), filled(own_url, 2 * needed)
    open_raw = partial(RawSQLite if engine == "sqlite" else RawPostgreSQL, raw_url)
    with served(own, own_url, directory) as http, bare_flask() as flask:
        sides: tuple[Opened, ...] = (
            lambda: Raw(open_raw()),
            lambda: Raw(open_raw(told=True)),
            lambda: Storage(own),
            http,
            flask,
        )
        for name, work, refills in cases:
            for consumers in (1, 4):
                found: list[list[float]] = [[] for _ in COLUMNS]
                for _ in range(rounds):
                    for column, side in zip(found, sides, strict=False):
                        column.append(rate(side, work, refills, consumers))
                    if work is one_at_a_time:
                        found[-1].append(peer_rate(engine, directory, peer_url, refills, consumers))
                    own.checkpoint()
                    raw.checkpoint()
                medians = {name: median(one) for name, one in zip(COLUMNS, found, strict=True) if one}
                show(f"{engine}, {name}, {consumers}", medians)
    close(own)
    close(raw)


def peer_rate(engine: str, directory: Path, url: str, tasks: int, consumers: int) -> float:
    if engine == "sqlite":
        return huey_rate(directory, tasks, consumers)
    return procrastinate_rate(url, tasks, consumers)


def show(what: str, found: Mapping[str, float]) -> None:
    cells = [f"{found[name]:9,.0f}" if name in found else " " * 9 for name in COLUMNS]
    own = found["storage"]
    parts = f"{own / found['driver']:7.0%} {own / found['+ events']:7.0%}"
    peer = f"{own / found['peer']:7.2f}" if "peer" in found else ""
    print(f"{what:42}{''.join(cells)} {parts} {peer}", flush=True)


def fairness(engine: str, at: Place, directory: Path, seconds: float) -> None:
    url = at.url()
    database = filled(url, 20_000)
    with served(database, url, directory) as http:
        sides: dict[str, Opened] = {"storage": lambda: Storage(database), "HTTP": http}
        for name, opened in sides.items():
            found = shares(opened, 4, seconds)
            share = min(found) / mean(found)
            print(f"{engine}, {name}: four consumers {found}, the least {share:.2f} of the mean", flush=True)
    close(database)


def growth(engine: str, at: Place, kept: tuple[int, int], claims: int) -> None:
    few, many = (slow_claims(at.url(), number, claims).total_seconds() * 1000 for number in kept)
    print(
        f"{engine}: 99 % of claims take {few:.2f} ms with {kept[0]:,} refills kept, "
        f"{many:.2f} ms with {kept[1]:,}: {many / few:.2f} times",
        flush=True,
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--engine", choices=["sqlite", "postgresql"], action="append")
    options.add_argument("--part", choices=PARTS, action="append")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--case", default="", help="only the cases with this in their name")
    options.add_argument("--kept", type=int, default=1_000_000, help="refills of the large table")
    options.add_argument("--claims", type=int, default=600, help="claims in each table")
    options.add_argument("--seconds", type=float, default=10, help="of each measurement of fairness")
    options.add_argument("--directory", type=Path, help="on a disk; not in memory")
    given = options.parse_args()
    parts = given.part or PARTS
    if "rates" in parts:
        names = "".join(f"{name:>9}" for name in COLUMNS)
        print(
            f"{'refills a second, and consumers':42}{names}  storage: of driver, of + events, times the peer"
        )
    with TemporaryDirectory(dir=given.directory, prefix="refilld-queue-") as folder:
        directory = Path(folder)
        directory.chmod(0o755)  # the server's account reads below it
        for engine in given.engine or ["sqlite", "postgresql"]:
            with place(engine, directory) as at:
                if "rates" in parts:
                    rates(engine, at, directory, given.rounds, given.case)
                if "fairness" in parts:
                    fairness(engine, at, directory, given.seconds)
                if "growth" in parts:
                    growth(engine, at, (1_000, given.kept), given.claims)


if __name__ == "__main__":
    main()
