"""Fairness among consumers, and how long a claim takes in a large table, for `benchmarks/queue.py`."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from statistics import quantiles
from threading import Barrier, Event
from time import perf_counter, sleep

from benchmarks.queue_shop import filled
from benchmarks.queue_sides import Opened, Queue, Storage
from storage.engine import Database

WARM = 200
"""Claims before the measured ones, while both engines fill their caches."""


def shares(opened: Opened, consumers: int, seconds: float) -> Sequence[int]:
    """Refills that each consumer completes, one at a time, in the same time."""
    barrier, over = Barrier(consumers + 1), Event()

    def consume() -> int:
        done = 0
        with closing(opened()) as queue:
            barrier.wait(timeout=60)
            while not over.is_set():
                queue.complete(queue.claim(1))
                done += 1
        return done

    with ThreadPoolExecutor(consumers) as pool:
        found = [pool.submit(consume) for _ in range(consumers)]
        barrier.wait(timeout=60)
        sleep(seconds)
        over.set()
        return [future.result() for future in found]


def slow_claims(url: str, kept: int, claims: int) -> timedelta:
    """The 99th percentile of a claim of one refill, with so many refills kept, of which few are queued."""
    queued = claims + WARM
    database = filled(url, queued, max(kept - queued, 0))
    try:
        return timedelta(seconds=quantiles(_claim_times(Storage(database), claims), n=100)[98])
    finally:
        close(database)


def _claim_times(queue: Queue, claims: int) -> Sequence[float]:
    times: list[float] = []
    for _ in range(claims + WARM):
        begun = perf_counter()
        found = queue.claim(1)
        times.append(perf_counter() - begun)
        queue.complete(found)
    return times[WARM:]


def close(database: Database) -> None:
    database.checkpoint()
    database.close()
