"""The real daemon in a process of its own; only its source reads files instead of a platform."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from jobs.configured_source import ConfiguredSource
from monitor.errors import RefilldError
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.budget import Budget
from monitor.sources.checked_source import CheckedSource
from monitor.sources.contract import Reading
from refilld.daemon.daemon import Daemon
from refilld.daemon.signals import stop_on_signals
from refilld.logs import configure
from storage.engine import Database
from tests.faults.outside import Outside
from tests.faults.shop import Shop

EXIT_CODE = 3
"""Of a daemon that ends because of its database."""


@dataclass
class Profiles:
    """A source that reads the counts outside."""

    outside: Outside
    name: str = "profiles"
    metrics: frozenset[Metric] = frozenset({Metric.FOLLOWERS})
    batch: int = 1

    def request_key(self, target: Target) -> str:
        return target.link.key

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        return Reading(tuple(self._shot(target, now) for target in targets), 1)

    def _shot(self, target: Target, now: datetime) -> Snapshot:
        count = self.outside.count(target.link.key)
        return Snapshot(target, now, Outcome.COUNT, self.name, count, "followers")


def run_daemon(shop: Shop, name: str, port: int) -> None:
    """Run until the process is told to stop, or killed; its log is appended."""
    _append_errors(shop.log(name))
    configure(terminal=False)
    stopping = Event()
    source = ConfiguredSource(
        CheckedSource(Profiles(shop.outside)), Budget(1_000_000, timedelta(0)), timedelta(minutes=1)
    )
    try:
        database = Database(shop.database, create=False)
        with stop_on_signals(stopping):
            database.shorten_waits_when(stopping)
            Daemon(shop.settings(port), database, lambda: clock(shop.clock), stopping).run(
                (source,), http=True
            )
        database.close()
    except RefilldError as error:
        os.write(sys.stderr.fileno(), f'{{"event": "ended", "error": "{error}"}}\n'.encode())
        sys.exit(EXIT_CODE)


def clock(file: Path) -> datetime:
    """The time, ahead by the seconds in a file."""
    ahead = float(file.read_text()) if file.exists() else 0
    return datetime.now(UTC) + timedelta(seconds=ahead)


def _append_errors(log: Path) -> None:
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(file, sys.stderr.fileno())
    os.close(file)
