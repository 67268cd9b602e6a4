"""What waiting claims cost: memory, the time of other requests, and how soon a queued refill is claimed.

The real `refilld serve` in a process of its own, with every commit on the disk; each consumer has its own
connection. Refills are queued by a request to that process, by another process one at a time, and by that for
every consumer at once. Run it as `python -m benchmarks.long_poll [--engine ENGINE] [--waiters N]`.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter

from benchmarks.queue_server import Server
from benchmarks.queue_shop import filled
from benchmarks.waiting_clients import Got, WaitingClients
from refilld.api.server import THREADS
from storage import leases, tokens
from storage.engine import Database
from storage.tokens import Scope
from tests.pgbouncer import pgbouncer
from tests.postgres_server import new_database, own_server, url_of

ENGINES = ("sqlite", "postgresql", "pgbouncer")
MOST_MEMORY, MOST_SECONDS, MOST_RATIO = 10.0, 0.25, 2.0
OTHERS = 1500
TRICKLE = 0.1
"""Seconds between two refills while other requests are measured."""


class Shop:
    """The queue of a server, as another process and as a consumer use it."""

    def __init__(self, database: Database, port: int, token: str) -> None:
        self._database = database
        self._http = HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None) -> bytes:
        text = None if body is None else json.dumps(body)
        self._http.request(method, f"/api/v1/refills{path}", text, self._headers)
        answer = self._http.getresponse()
        found = answer.read()
        if answer.status != HTTPStatus.OK:
            raise SystemExit(f"{answer.status} {found.decode()}")
        return found

    def release_by_request(self, one: Got) -> float:
        """Queue a refill again; returns when that began."""
        begun = perf_counter()
        self.call("POST", f"/{one.refill_id}/release", {"lease_token": one.lease_token})
        return begun

    def release(self, several: Sequence[Got]) -> float:
        """The same by this process, in one transaction; returns when it was committed."""
        with self._database.write() as tx:
            calls = [leases.Release(one.refill_id, one.lease_token) for one in several]
            leases.act(tx, calls, datetime.now(UTC))
        return perf_counter()

    def close(self) -> None:
        self._http.close()


@contextmanager
def server_url(engine: str, directory: Path) -> Iterator[tuple[str, str]]:
    """The URLs of an empty database: direct, and for the server."""
    if engine == "sqlite":
        yield (url := f"sqlite:///{directory / 'refilld.db'}"), url
        return
    with own_server(durable=directory) as home, new_database(url_of(home)) as url, ExitStack() as stack:
        yield url, stack.enter_context(pgbouncer(url)) if engine == "pgbouncer" else url


def p(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def others(shop: Shop) -> float:
    """The p99 of other requests, in seconds."""
    times = []
    for _ in range(OTHERS):
        begun = perf_counter()
        shop.call("GET", "?limit=10")
        times.append(perf_counter() - begun)
    return p(times, 99)


def warm_up(port: int, token: str) -> None:
    """Occupy all threads for a while, because the first use of each takes memory of its own."""
    clients = WaitingClients(port, token, THREADS, wait_seconds=0)
    Event().wait(3)
    clients.stop()


def others_beside_waiting(shop: Shop, clients: WaitingClients, held: list[Got]) -> float:
    """The same while refills are queued and claimed."""
    done = Event()

    def trickle() -> None:
        while not done.wait(TRICKLE):
            shop.release([held.pop(0)])
            held.append(clients.got.get(timeout=60))

    thread = Thread(target=trickle)
    thread.start()
    try:
        return others(shop)
    finally:
        done.set()
        thread.join()


def told(what: str, found: float, most: float, unit: str) -> None:
    print(
        f"  {what:52} {found:8.3f} {unit:3} aim {most:g}: {'met' if found <= most else 'NOT MET'}", flush=True
    )


def told_waits(what: str, waits: Sequence[float]) -> None:
    told(f"queued {what} to claimed, p95", p(waits, 95), MOST_SECONDS, "s")
    print(f"  {'':52} p50 {p(waits, 50):.3f} s, p99 {p(waits, 99):.3f} s, {len(waits)} refills")


def measure_waits(shop: Shop, clients: WaitingClients, held: list[Got], rounds: int) -> None:
    """One refill at a time, then all at once."""
    by_request, by_process, at_once = [], [], []
    for number in range(2 * rounds):
        one = held.pop(0)
        if number % 2:
            by_request.append(-shop.release_by_request(one))
        else:
            by_process.append(-shop.release([one]))
        held.append(clients.got.get(timeout=60))
        (by_request if number % 2 else by_process)[-1] += held[-1].at
    for _ in range(5):
        queued = shop.release(held)
        held[:] = [clients.got.get(timeout=60) for _ in held]
        at_once += [one.at - queued for one in held]
    told_waits("by a request to the process", by_request)
    told_waits("by another process", by_process)
    told_waits("for every waiting claim at once", at_once)


def measure(engine: str, directory: Path, waiters: int, rounds: int) -> None:
    print(f"{engine}, {waiters} waiting claims")
    with server_url(engine, directory) as (url, served), closing(filled(url, waiters)) as database:
        with database.write() as tx:
            scopes = (Scope.REFILLS_CONSUME, Scope.REFILLS_MANAGE)
            token = tokens.create(tx, "benchmark", scopes, datetime.now(UTC))
        server = Server(served, directory)
        with closing(Shop(database, server.port, token)) as shop:
            found = json.loads(shop.call("POST", "/claim", {"limit": waiters, "lease_seconds": 3600}))
            held = [Got(one["refill_id"], one["lease_token"], 0.0) for one in found["refills"]]
            warm_up(server.port, token)
            alone, before = others(shop), server.memory()
            clients = WaitingClients(server.port, token, waiters)
            server.until_idle()
            told("memory of the waiting claims", server.memory() - before, MOST_MEMORY, "MB")
            beside = others_beside_waiting(shop, clients, held)
            told("p99 of other requests beside them, to without", beside / alone, MOST_RATIO, "")
            print(f"  {'':52} {alone * 1000:.1f} ms without, {beside * 1000:.1f} ms beside")
            measure_waits(shop, clients, held, rounds)
            told("stop of the process with its waiting claims", server.close(), 5, "s")
            clients.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=ENGINES, action="append")
    options.add_argument("--waiters", type=int, default=250)
    options.add_argument("--rounds", type=int, default=100, help="refills that are queued one at a time")
    options.add_argument("--directory", type=Path, help="on a disk; not in memory")
    given = options.parse_args()
    for engine in given.engine or ENGINES:
        with TemporaryDirectory(dir=given.directory, prefix="refilld-long-poll-") as folder:
            Path(folder).chmod(0o755)  # the server's account reads below it
            measure(engine, Path(folder), given.waiters, given.rounds)


if __name__ == "__main__":
    main()
