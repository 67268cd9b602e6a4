"""The daemon: composes sources, jobs and HTTP into one process, and reports its state to systemd."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Event

import structlog

from jobs.alerting import Alerting
from jobs.configured_source import ConfiguredSource
from jobs.heartbeats import Heartbeats
from jobs.leases import Leases
from jobs.maintenance import Maintenance
from jobs.sampling import Sampling
from jobs.scheduler import ScheduledJob, Scheduler, longest_silence, run_guarded
from jobs.self_check import SelfCheck
from monitor.errors import RefilldError
from monitor.evaluation.evaluate import LookPolicy
from refilld.api.app import create_app
from refilld.api.health import Health
from refilld.api.server import HttpServer
from refilld.channels import open_channels
from refilld.ping import Ping
from refilld.sd_notify import Notifier
from refilld.services.look_obstacle import EnabledSources, enabled_sources, opened
from refilld.services.manual_check import ManualCheck
from refilld.settings.settings import Settings
from refilld.sources import cadence_for, reroute_targets, router_for
from refilld.storage_alarm import StorageAlarm
from storage import sqlite_fault
from storage.daemon_lock import daemon_lock
from storage.engine import Database
from storage.errors import UnreachableError
from storage.revision import require_current

log = structlog.get_logger()
LEASES_EVERY = timedelta(seconds=5)
MAINTENANCE_EVERY = timedelta(minutes=1)
SELF_CHECK_EVERY = timedelta(minutes=1)
WATCHDOG_INTERVAL = timedelta(seconds=15)
"""Interval at which the main thread checks the jobs, unless systemd sets its own."""

Clock = Callable[[], datetime]


def intervals(settings: Settings) -> dict[str, timedelta]:
    """Interval of each scheduled job, by name."""
    return {
        "sampling": settings.sampling.tick,
        "leases": LEASES_EVERY,
        "self_check": SELF_CHECK_EVERY,
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

    def storage_alarm(self) -> StorageAlarm:
        """Tells faults of the database, through channels of its own, since it sends from its own thread."""
        return StorageAlarm(open_channels(self.settings.alerts.urls), self.clock)

    def scheduled_jobs(
        self,
        sampling: Sampling,
        heartbeat: Callable[[str], None],
        alarm: StorageAlarm,
        started: datetime | None = None,
    ) -> list[ScheduledJob]:
        """The scheduled jobs; `heartbeat` is called with a job's name after each step of a long round."""
        leases = Leases(self.database, self.clock, self.settings.queue.max_attempts)
        alerting = Alerting(
            self.database,
            self.clock,
            open_channels(self.settings.alerts.urls),
            lambda duration: self.stopping.wait(duration.total_seconds()),
            lambda: heartbeat("alerting"),
        )
        self_check = SelfCheck(
            self.database, self.clock, sampling.sources, self.settings.alerts.limits, alarm.ended, started
        )
        rounds = {
            "sampling": sampling.run_once,
            "leases": leases.run_once,
            "self_check": self_check.run_once,
            "alerting": alerting.run_once,
            "maintenance": Maintenance(self.database, self.clock).run_once,
        }
        return [
            ScheduledJob(name, every, partial(_watched, rounds[name], alarm))
            for name, every in intervals(self.settings).items()
        ]

    def run_once(self, configured_sources: tuple[ConfiguredSource, ...]) -> None:
        """Run every job once. A failed job does not stop the others; raises RefilldError at the end."""
        with daemon_lock(self.database):
            reroute_targets(self.database, configured_sources)
            sampling = self.sampling(configured_sources)
            rounds = self.scheduled_jobs(sampling, lambda _job: None, self.storage_alarm())
            failed = [job.name for job in rounds if not run_guarded(job)]
            _flush(sampling)
        if failed:
            raise RefilldError(f"failed: {', '.join(failed)}; the log says why")

    def run(self, configured_sources: tuple[ConfiguredSource, ...], *, http: bool) -> None:
        """Run until `stopping` is set; then finish the current rounds."""
        with ExitStack() as stack:
            stack.enter_context(daemon_lock(self.database))
            _check_sqlite(self.database)
            reroute_targets(self.database, configured_sources)
            silences = {job: longest_silence(every) for job, every in intervals(self.settings).items()}
            progress = Heartbeats(silences, time.monotonic)
            sampling = self.sampling(configured_sources, lambda: progress.heartbeat("sampling"))
            alarm = self.storage_alarm()
            scheduled_jobs = self.scheduled_jobs(sampling, progress.heartbeat, alarm, self.clock())
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
            ping = Ping(self.settings.alerts.ping_url, self.settings.alerts.ping_every)
            self._supervise(progress.late, scheduler.catch_up, alarm, ping)
            log.info("daemon.stopping")
        log.info("daemon.stopped")

    def serve(self) -> None:
        """Run the HTTP server without jobs."""
        with self._serving(tuple, enabled_sources(self.settings)):
            alarm = StorageAlarm((), self.clock)  # only the daemon with the jobs sends messages
            self._supervise(tuple, lambda _now: None, alarm, Ping("", timedelta(0)))

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

    def _supervise(
        self,
        late: Callable[[], tuple[str, ...]],
        catch_up: Callable[[datetime], None],
        alarm: StorageAlarm,
        ping: Ping,
    ) -> None:
        """Wait until `stopping` is set; notify systemd's watchdog as long as every job makes progress."""
        notifier = Notifier(os.environ)
        notifier.ready("running")
        pace = (notifier.watchdog_interval or WATCHDOG_INTERVAL).total_seconds()
        while not self.stopping.wait(pace):
            try:
                require_current(self.database)  # a newer migration ends this process
            except UnreachableError as error:  # the jobs continue when it is back
                alarm.began(str(error))
            catch_up(self.clock())
            stuck = late()
            if stuck:
                log.error("jobs.stuck", jobs=stuck)
            else:
                notifier.watchdog()
            faults = _faults(stuck, alarm.fault)
            notifier.status(faults or "running")
            ping.report(faults)
        notifier.stopping()


def _watched(run: Callable[[], None], alarm: StorageAlarm) -> None:
    """Run one round of a job; a database that it cannot use is a fault of the storage."""
    try:
        run()
    except UnreachableError as error:
        alarm.began(str(error))
        raise


def _faults(stuck: Sequence[str], storage_fault: str) -> str:
    """What is wrong with the process, in one line; empty if nothing is."""
    stuck_jobs = f"no progress: {', '.join(stuck)}" if stuck else ""
    database = f"database: {storage_fault}" if storage_fault else ""
    return "; ".join(filter(None, [database, stuck_jobs]))


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
