"""Measures the alert pipeline: `python benchmarks/alerts.py [--drops N] [--kept N ...]`.

Prints how long one round takes that routes N drops, decides, and sends them as one message to a channel that
takes it at once, with the memory that it needs; and the processor time of a round that routes 100 drops and
decides on them while many events of earlier times are kept. The database is SQLite in a temporary file.
"""

import argparse
import json
import logging
import resource
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from sqlalchemy import insert

from jobs.alert_pipeline import AlertPolicy, Receiver
from jobs.alerting import Alerting
from monitor.alerts.grouping import GroupTimes
from monitor.alerts.messages import Room
from monitor.alerts.routes import DEFAULT
from monitor.events.kind import EventKind
from monitor.events.severity import Severity, Status
from monitor.model.target import Metric
from refilld.texts.renderer import default_renderer
from storage import migrate
from storage.engine import Database
from storage.schema import metadata

START = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 20_000
ROUNDS = 9
PAYLOAD = {
    "action": "refill", "reason": "drop", "count": 1500, "line": 2000, "missing": 500, "quantity": 500,
    "price": "1.25", "currency": "USD",
}  # fmt: skip


class Channel:
    """Takes every message at once."""

    key = "channel"
    room = Room(1_000_000, None, len, title_counts=False)

    def __init__(self) -> None:
        self.titles: list[str] = []

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        self.titles.append(title)


def drop(number: int, alert: str) -> dict[str, Any]:
    return {
        "at": START, "kind": EventKind.DROP_CONFIRMED, "version": 1, "severity": Severity.INFO,
        "status": Status.OCCURRED, "dedup_key": f"drop.confirmed/{number}", "order_id": str(number),
        "link": f"https://www.instagram.com/user{number}/", "metric": Metric.FOLLOWERS, "service": "12",
        "provider": "acme", "payload": json.dumps(PAYLOAD), "alert": alert,
        "routed_at": START if alert == "sent" else None, "actor": "job sampling",
    }  # fmt: skip


def fill(database: Database, number: int, alert: str) -> None:
    """Store so many drops; those that were sent as the pipeline leaves them."""
    tables = metadata.tables
    for first in range(0, number, BATCH):
        rows = [drop(i, alert) for i in range(first, min(number, first + BATCH))]
        with database.write() as tx:
            last = (
                tx.execute(insert(tables["events"]).returning(tables["events"].c.event_id), rows)
                .scalars()
                .all()
            )
            if alert == "sent":
                told = [
                    {
                        "event_id": i, "receiver": DEFAULT, "dedup_key": str(i), "told_at": START,
                        "reason": "new_alerts", "decided_at": START,
                    }
                    for i in last
                ]  # fmt: skip
                tx.execute(insert(tables["routed_alerts"]), told)
        database.checkpoint()


def alerting(database: Database, channel: Channel, clock: datetime) -> Alerting:
    times = GroupTimes(wait=timedelta(0), interval=timedelta(seconds=1))
    policy = AlertPolicy({DEFAULT: Receiver(channels=[channel.key])}, times=times)
    return Alerting(
        database, lambda: clock, [channel], policy, default_renderer().text, lambda *_: "", lambda _: False
    )


@contextmanager
def new_database() -> Iterator[Database]:
    with TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{Path(directory) / 'refilld.db'}")
        migrate.upgrade(database)
        yield database
        database.close()


def peak() -> float:
    """The largest memory so far in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_round(drops: int) -> None:
    with new_database() as database:
        channel = Channel()
        alerting(database, channel, START).run_once()
        fill(database, drops, "pending")
        before = peak()
        begun = time.perf_counter()
        alerting(database, channel, START + timedelta(minutes=1)).run_once()
        seconds = time.perf_counter() - begun
        print(
            f"{drops:,} drops: {seconds:.2f} s (limit 2), "
            f"{peak():.0f} MiB in all (limit 100), {peak() - before:.0f} of them for the round"
        )
        print(f"  {channel.titles}")


def rounds(kept: int) -> float:
    """Processor time in seconds of a round with 100 new drops while so many events are kept."""
    with new_database() as database:
        fill(database, kept, "sent")
        channel, taken = Channel(), []
        for number in range(ROUNDS):
            fill(database, 100, "pending")
            begun = time.process_time()
            alerting(database, channel, START + (number + 1) * timedelta(hours=1)).run_once()
            taken.append(time.process_time() - begun)
        return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drops", type=int, default=4000)
    parser.add_argument("--kept", type=int, nargs="*", default=[10_000, 1_000_000])
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    one_round(arguments.drops)
    taken = {kept: rounds(kept) for kept in arguments.kept}
    for kept, seconds in taken.items():
        print(f"{kept:,} events kept: {1000 * seconds:.1f} ms of processor time a round of 100 drops")
    if len(taken) > 1:
        first, *_, last = taken.values()
        print(f"  {last / first:.2f} times as long (limit 1.3)")


if __name__ == "__main__":
    main()
