"""Task queues of others, for `benchmarks/queue.py`: a task is taken, and ended, by each of their consumers.

huey deletes a task before the work, with one commit; procrastinate fetches a job and finishes it, with two.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import perf_counter

from sqlalchemy import make_url

Times = tuple[float, float]


def together(consumers: int, work: Callable[[Barrier], Times]) -> float:
    """Seconds from the first begin to the last end."""
    barrier = Barrier(consumers)
    with ThreadPoolExecutor(consumers) as pool:
        times = [future.result() for future in [pool.submit(work, barrier) for _ in range(consumers)]]
    return max(end for _, end in times) - min(begun for begun, _ in times)


def huey_rate(directory: Path, tasks: int, consumers: int) -> float:
    """Tasks a second of huey on SQLite, every commit on the disk."""
    from huey import SqliteHuey  # noqa: PLC0415  # of the benchmarks alone

    queue = SqliteHuey(filename=str(directory / "huey.db"), fsync=True, results=False)
    queue.storage.flush_all()
    deliver = queue.task()(int)
    for _ in range(tasks * consumers):
        deliver("1")

    def consume(barrier: Barrier) -> Times:
        barrier.wait(timeout=60)
        begun = perf_counter()
        for _ in range(tasks):
            queue.execute(queue.dequeue())
        return begun, perf_counter()

    return tasks * consumers / together(consumers, consume)


def procrastinate_rate(url: str, tasks: int, consumers: int) -> float:
    """Jobs a second of procrastinate on PostgreSQL."""
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415  # of the benchmarks alone
    from procrastinate.jobs import Status  # noqa: PLC0415  # of the benchmarks alone

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def opened() -> App:
        return App(connector=PsycopgConnector(conninfo=plain, min_size=1, max_size=1))

    async def prepare() -> None:
        app = opened()
        deliver = app.task(name="deliver")(int)
        async with app.open_async():
            if not await app.check_connection_async():
                await app.schema_manager.apply_schema_async()
            await deliver.batch_defer_async(*({} for _ in range(tasks * consumers)))

    async def consume(barrier: Barrier) -> Times:
        app = opened()
        async with app.open_async():
            worker = await app.job_manager.register_worker()
            barrier.wait(timeout=60)
            begun = perf_counter()
            for _ in range(tasks):
                job = await app.job_manager.fetch_job(None, worker)
                assert job is not None
                await app.job_manager.finish_job(job, Status.SUCCEEDED, delete_job=False)
            return begun, perf_counter()

    asyncio.run(prepare())
    return tasks * consumers / together(consumers, lambda barrier: asyncio.run(consume(barrier)))
