"""The daemon: composes sources, jobs and HTTP into one process, and reports its state to systemd."""

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
from jobs.backlog_summaries import BacklogSummaries
from jobs.configured_source import ConfiguredSource
from jobs.heartbeats import Heartbeats
from jobs.leases import Leases
from jobs.maintenance import Maintenance
from jobs.sampling import Sampling
from jobs.scheduler import ScheduledJob, Scheduler, longest_silence, run_guarded
from monitor.errors import RefilldError
from monitor.evaluation.evaluate import LookPolicy
from monitor.model.decision import Reason
from refilld.api.app import create_app
from refilld.api.health import Health
from refilld.api.server import HttpServer
from refilld.channels import open_channels
from refilld.sd_notify import Notifier
from refilld.services.look_obstacle import EnabledSources, enabled_sources, opened
from refilld.services.manual_check import ManualCheck
from refilld.settings.settings import Settings
from refilld.sources import cadence_for, reroute_targets, router_for
from storage import held_refills, sqlite_fault
from storage.daemon_lock import daemon_lock
from storage.engine import Database
from storage.errors import UnreachableError
from storage.revision import require_current

log = structlog.get_logger()
LEASES_EVERY = timedelta(seconds=5)
MAINTENANCE_EVERY = timedelta(minutes=1)
BACKLOGS_EVERY = timedelta(minutes=1)
WATCHDOG_INTERVAL = timedelta(seconds=15)
"""Interval at which the main thread checks the jobs, unless systemd sets its own."""

Clock = Callable[[], datetime]


def intervals(settings: Settings) -> dict[str, timedelta]:
    """Interval of each scheduled job, by name."""
    return {
        "sampling": settings.sampling.tick,
        "leases": LEASES_EVERY,
        "backlogs": BACKLOGS_EVERY,
        "alerting": settings.alerts.every,
        "maintenance": MAINTENANCE_EVERY,
    }


@dataclass(frozen=True, slots=True)
class Daemon:
    """One process of refilld: its jobs and its HTTP server."""

    settings: Settings
    database: Database
    clock: Clock
    stopping: Event

    def sampling(
        self, configured_sources: tuple[ConfiguredSource, ...], heartbeat: Callable[[], None] = lambda: None
    ) -> Sampling:
        """The sampling job; also used by commands that make one look."""
        cadence, selection = cadence_for(self.settings, self.database)
        return Sampling(
            database=self.database,
            sources=configured_sources,
            policy=LookPolicy(
                cadence,
                self.settings.mass_drop.rule,
                router_for(self.settings, configured_sources),
                trust_zero=self.settings.orders.trust_zero,
                caps=self.settings.limits.caps,
                shadow=self.settings.guarantee.shadow,
            ),
            clock=self.clock,
            wait=lambda duration: self.stopping.wait(duration.total_seconds()),
            max_wait=self.settings.sampling.tick,
            heartbeat=heartbeat,
            selection=selection,
        )

    def manual_check(self, configured_sources: tuple[ConfiguredSource, ...]) -> ManualCheck:
        """The manual check, which answers customers' requests."""
        return ManualCheck(self.database, self.sampling(configured_sources), self.clock)

    def scheduled_jobs(self, sampling: Sampling, heartbeat: Callable[[str], None]) -> list[ScheduledJob]:
        """The scheduled jobs; `heartbeat` is called with a job's name after each step of a long round."""
        leases = Leases(self.database, self.clock, self.settings.queue.max_attempts)
        alerting = Alerting(
            self.database, self.clock, open_channels(self.settings.alerts.urls), lambda: heartbeat("alerting")
        )
        rounds = {
            "sampling": sampling.run_once,
            "leases": leases.run_once,
            "alerting": alerting.run_once,
            "maintenance": Maintenance(self.database, self.clock).run_once,
            "backlogs": BacklogSummaries(
                self.database, self.clock, shadow=self.settings.guarantee.shadow
            ).run_once,
        }
        return [ScheduledJob(name, every, rounds[name]) for name, every in intervals(self.settings).items()]

    def run_once(self, configured_sources: tuple[ConfiguredSource, ...]) -> None:
        """Run every job once. A failed job does not stop the others; raises RefilldError at the end."""
        with daemon_lock(self.database):
            self._log_held()
            reroute_targets(self.database, configured_sources)
            sampling = self.sampling(configured_sources)
            failed = [
                job.name for job in self.scheduled_jobs(sampling, lambda _job: None) if not run_guarded(job)
            ]
            _flush(sampling)
        if failed:
            raise RefilldError(f"failed: {', '.join(failed)}; the log says why")

    def run(self, configured_sources: tuple[ConfiguredSource, ...], *, http: bool) -> None:
        """Run until `stopping` is set; then finish the current rounds."""
        with ExitStack() as stack:
            stack.enter_context(daemon_lock(self.database))
            _check_sqlite(self.database)
            self._log_held()
            reroute_targets(self.database, configured_sources)
            silences = {job: longest_silence(every) for job, every in intervals(self.settings).items()}
            progress = Heartbeats(silences, time.monotonic)
            sampling = self.sampling(configured_sources, lambda: progress.heartbeat("sampling"))
            scheduled_jobs = self.scheduled_jobs(sampling, progress.heartbeat)
            if http:
                enabled = opened(configured_sources, sampling.policy.router)
                stack.enter_context(self._serving(progress.late, enabled))
            stack.callback(self.database.checkpoint)
            scheduler = Scheduler(scheduled_jobs, progress, self.clock())
            stack.callback(_flush, sampling)
            scheduler.start()
            stack.callback(scheduler.stop)
            log.info(
                "daemon.started",
                database=self.database.name,
                sources=[one.source.name for one in configured_sources],
            )
            self._supervise(progress.late, scheduler.catch_up)
            log.info("daemon.stopping")
        log.info("daemon.stopped")

    def _log_held(self) -> None:
        """Warn that shadow mode is on, and of what waits for an operator's decision since."""
        with self.database.read() as tx:
            waiting = len(held_refills.held_for(tx, Reason.SHADOW))
        if self.settings.guarantee.shadow:
            log.warning("shadow_mode.on", refills=waiting, advice="refilld shadow show")
        elif waiting:
            log.warning("shadow_mode.undecided", refills=waiting, advice="refilld shadow show")

    def serve(self) -> None:
        """Run the HTTP server without jobs."""
        with self._serving(tuple, enabled_sources(self.settings)):
            self._supervise(tuple, lambda _now: None)

    @contextmanager
    def _serving(self, late: Callable[[], tuple[str, ...]], enabled: EnabledSources) -> Iterator[None]:
        app = create_app(
            self.database,
            self.settings,
            self.clock,
            self.stopping,
            lambda: health(self.database, late),
            enabled,
        )
        server = HttpServer(app, self.settings.http.host, self.settings.http.port)
        server.start()
        log.info("http.listening", host=self.settings.http.host, port=server.port)
        try:
            yield
        finally:
            server.stop()

    def _supervise(self, late: Callable[[], tuple[str, ...]], catch_up: Callable[[datetime], None]) -> None:
        """Wait until `stopping` is set; notify systemd's watchdog as long as every job makes progress."""
        notifier = Notifier(os.environ)
        notifier.ready("running")
        pace = (notifier.watchdog_interval or WATCHDOG_INTERVAL).total_seconds()
        while not self.stopping.wait(pace):
            with suppress(UnreachableError):  # the jobs log that, and continue when it is back
                require_current(self.database)  # a newer migration ends this process
            catch_up(self.clock())
            stuck = late()
            if stuck:
                log.error("jobs.stuck", jobs=stuck)
                notifier.status(f"no progress: {', '.join(stuck)}")
            else:
                notifier.watchdog()
        notifier.stopping()


def _flush(sampling: Sampling) -> None:
    """Save what was learned; an unreachable database must not prevent the end of the process."""
    with suppress(UnreachableError):
        sampling.flush()


def health(database: Database, late: Callable[[], tuple[str, ...]]) -> Health:
    """Check that the database answers and is migrated, and that the jobs make progress."""
    faults = [f"job {job} makes no progress" for job in late()]
    try:
        require_current(database)
    except RefilldError as error:
        faults.append(str(error))
    return Health(tuple(faults))


@contextmanager
def stop_on_signals(stopping: Event) -> Iterator[None]:
    """Set `stopping` on SIGTERM and SIGINT; the current rounds are finished."""

    def stop(_number: int, _frame: object) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_sqlite(database: Database) -> None:
    """Check the SQLite file; warn of a library version that may corrupt it under concurrent writes."""
    if not database.sqlite:
        return
    database.quick_check()
    if sqlite_fault.may_corrupt():
        log.warning("sqlite.wal_reset_fault", version=sqlite3.sqlite_version, advice="docs/operations.md")
