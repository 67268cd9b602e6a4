"""The daemon: composes sources, jobs and HTTP into one process, and keeps it honest towards systemd."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

import structlog

from jobs.alerting import Alerting
from jobs.configured_source import ConfiguredSource
from jobs.heartbeats import Heartbeats
from jobs.leases import Leases
from jobs.maintenance import Maintenance
from jobs.sampling import Sampling
from jobs.scheduler import ScheduledJob, Scheduler, longest_silence, run_guarded
from monitor.errors import RefilldError
from monitor.evaluation.evaluate import LookPolicy
from refilld.api.app import create_app
from refilld.api.health import Health
from refilld.api.server import HttpServer
from refilld.channels import open_channels
from refilld.sd_notify import Notifier
from refilld.services.manual_check import ManualCheck
from refilld.settings import Settings
from refilld.sources import adopt_targets, cadence_for, router_for
from storage import sqlite_fault
from storage.daemon_lock import daemon_lock
from storage.engine import Database
from storage.errors import UnreachableError
from storage.migrate import require_current

log = structlog.get_logger()
LEASES_EVERY = timedelta(seconds=5)
UPKEEP_EVERY = timedelta(minutes=1)
HEARTBEAT = timedelta(seconds=15)
"""How often the main thread looks around where systemd sets no shorter pace."""

Clock = Callable[[], datetime]


def intervals(settings: Settings) -> dict[str, timedelta]:
    """How often each of the fixed jobs runs."""
    return {
        "sampling": settings.sampling.tick,
        "leases": LEASES_EVERY,
        "alerting": settings.alerts.every,
        "upkeep": UPKEEP_EVERY,
    }


@dataclass(frozen=True, slots=True)
class Daemon:
    """One process's worth of refilld."""

    settings: Settings
    database: Database
    clock: Clock
    stopping: Event

    def sampling(
        self, configured_sources: tuple[ConfiguredSource, ...], heartbeat: Callable[[], None] = lambda: None
    ) -> Sampling:
        """The sampling job; also used by commands that look once."""
        cadence, selection = cadence_for(self.settings, self.database)
        return Sampling(
            database=self.database,
            sources=configured_sources,
            policy=LookPolicy(
                cadence, self.settings.mass_drop.rule, router_for(self.settings, configured_sources)
            ),
            clock=self.clock,
            wait=lambda duration: self.stopping.wait(duration.total_seconds()),
            max_wait=self.settings.sampling.tick,
            heartbeat=heartbeat,
            selection=selection,
        )

    def checking(self, configured_sources: tuple[ConfiguredSource, ...]) -> ManualCheck:
        """Answers to customers' requests."""
        return ManualCheck(self.database, self.sampling(configured_sources), self.clock)

    def plans(self, sampling: Sampling, heartbeat: Callable[[str], None]) -> list[ScheduledJob]:
        """The fixed jobs; `beat` hears of a job's progress within a long round."""
        leases = Leases(self.database, self.clock, self.settings.queue.max_attempts)
        alerting = Alerting(
            self.database, self.clock, open_channels(self.settings.alerts.urls), lambda: heartbeat("alerting")
        )
        rounds = {
            "sampling": sampling.run_once,
            "leases": leases.run_once,
            "alerting": alerting.run_once,
            "upkeep": Maintenance(self.database, self.clock).run_once,
        }
        return [ScheduledJob(name, every, rounds[name]) for name, every in intervals(self.settings).items()]

    def run_once(self, configured_sources: tuple[ConfiguredSource, ...]) -> None:
        """One round of every job that is due; a failing job stops no other, and is an error at the end."""
        with daemon_lock(self.database):
            adopt_targets(self.database, configured_sources)
            sampling = self.sampling(configured_sources)
            failed = [p.name for p in self.plans(sampling, lambda _job: None) if not run_guarded(p)]
            _put_down(sampling)
        if failed:
            raise RefilldError(f"failed: {', '.join(failed)}; the log says why")

    def run(self, configured_sources: tuple[ConfiguredSource, ...], *, http: bool) -> None:
        """Run until told to stop; then finish the rounds in hand."""
        with ExitStack() as stack:
            stack.enter_context(daemon_lock(self.database))
            _check_sqlite(self.database)
            adopt_targets(self.database, configured_sources)
            silences = {job: longest_silence(every) for job, every in intervals(self.settings).items()}
            progress = Heartbeats(silences, time.monotonic)
            sampling = self.sampling(configured_sources, lambda: progress.heartbeat("sampling"))
            plans = self.plans(sampling, progress.heartbeat)
            if http:
                stack.enter_context(self._serving(progress.late))
            stack.callback(self.database.checkpoint)
            scheduler = Scheduler(plans, progress, self.clock())
            stack.callback(_put_down, sampling)
            scheduler.start()
            stack.callback(scheduler.stop)
            log.info(
                "daemon.started",
                database=self.database.name,
                sources=[e.source.name for e in configured_sources],
            )
            self._keep_watch(progress.late, scheduler.catch_up)
            log.info("daemon.stopping")
        log.info("daemon.stopped")

    def serve(self) -> None:
        """HTTP alone."""
        with self._serving(tuple):
            self._keep_watch(tuple, lambda _now: None)

    @contextmanager
    def _serving(self, late: Callable[[], tuple[str, ...]]) -> Iterator[None]:
        app = create_app(
            self.database, self.settings, self.clock, self.stopping, lambda: health(self.database, late)
        )
        server = HttpServer(app, self.settings.http.host, self.settings.http.port)
        server.start()
        log.info("http.listening", host=self.settings.http.host, port=server.port)
        try:
            yield
        finally:
            server.stop()

    def _keep_watch(self, late: Callable[[], tuple[str, ...]], catch_up: Callable[[datetime], None]) -> None:
        """Wait for the end, and feed systemd's watchdog as long as every job makes progress."""
        notifier = Notifier(os.environ)
        notifier.ready("running")
        pace = (notifier.watchdog_interval or HEARTBEAT).total_seconds()
        while not self.stopping.wait(pace):
            with suppress(UnreachableError):  # the jobs tell of that, and get on when it is back
                require_current(self.database)  # who migrates the database ends those who do not know it
            catch_up(self.clock())
            stuck = late()
            if stuck:
                log.error("jobs.stuck", jobs=stuck)
                notifier.status(f"no progress: {', '.join(stuck)}")
            else:
                notifier.watchdog()
        notifier.stopping()


def _put_down(sampling: Sampling) -> None:
    """Save what was learned; a database that is away at the end keeps nobody from ending."""
    with suppress(UnreachableError):
        sampling.flush()


def health(database: Database, late: Callable[[], tuple[str, ...]]) -> Health:
    """Whether the process can do its work: the database answers, is migrated, and the jobs get on."""
    faults = [f"job {job} makes no progress" for job in late()]
    try:
        require_current(database)
    except RefilldError as error:
        faults.append(str(error))
    return Health(tuple(faults))


@contextmanager
def stop_on_signals(stopping: Event) -> Iterator[None]:
    """SIGTERM and SIGINT ask for an end; the rounds in hand are finished."""

    def ask(_number: int, _frame: object) -> None:
        stopping.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_sqlite(database: Database) -> None:
    """Check the file, and warn of a library that may corrupt it when two processes write at once."""
    if not database.sqlite:
        return
    database.quick_check()
    if sqlite_fault.may_corrupt():
        log.warning("sqlite.wal_reset_fault", version=sqlite3.sqlite_version, advice="docs/operations.md")
