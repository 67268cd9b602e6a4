"""The daemon: composes sources, jobs and HTTP into one process, and reports its state to systemd."""

import gc
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import metadata
from threading import Event

import structlog
from flask import Flask

from jobs.configured_source import ConfiguredSource
from jobs.daemon_beat import DaemonBeat
from jobs.heartbeats import Heartbeats
from jobs.sampling import Sampling
from jobs.scheduler import RoundEnd, ScheduledJob, Scheduler, longest_silence, run_guarded
from monitor.errors import RefilldError
from monitor.evaluation.evaluate import LookPolicy
from monitor.model.decision import Reason
from refilld.alert_policy import open_receivers
from refilld.answers.texts import load_texts
from refilld.api.app import USES, create_app
from refilld.api.server import HttpServer
from refilld.config import Origins
from refilld.daemon.http_app import beside
from refilld.daemon.job_list import JobList, intervals
from refilld.daemon.metrics_endpoint import add_metrics
from refilld.daemon.ping import Ping
from refilld.daemon.readiness import health
from refilld.daemon.sd_notify import Notifier
from refilld.daemon.storage_alarm import StorageAlarm
from refilld.daemon.supervision import Supervision
from refilld.metrics.process import ProcessMetrics
from refilld.services import token_uses
from refilld.services.database_check import DatabaseCheck
from refilld.services.look_obstacle import EnabledSources, enabled_sources, opened
from refilld.services.manual_check import ManualCheck
from refilld.services.token_uses import TokenUses
from refilld.settings.settings import Settings
from refilld.sources import cadence_for, reroute_targets, router_for
from refilld.web.app import create_pages
from refilld.web.page import Desk
from storage import held_refills, sqlite_fault
from storage.daemon_lock import daemon_lock
from storage.daemons import DaemonMode
from storage.engine import Database
from storage.errors import UnreachableError
from storage.patience import CALLER
from storage.shared_clock import SharedClock, measured

log = structlog.get_logger()
BEAT = "beat"
BEAT_EVERY = timedelta(seconds=10)
"""Interval at which a daemon records that it is alive."""
USES_JOB = "token_uses"
SERVING_JOBS = {USES_JOB: token_uses.EVERY}
"""Jobs of a process that has the HTTP interface."""
Clock = Callable[[], datetime]
HOST = socket.gethostname()


@dataclass(frozen=True, slots=True)
class Daemon:
    """One process of refilld: its jobs and its HTTP server."""

    settings: Settings
    database: Database
    clock: Clock
    stopping: Event
    metrics: ProcessMetrics = field(default_factory=ProcessMetrics)
    origins: Origins = field(default_factory=dict)
    """Where the keys of the configuration come from, for the page that shows them."""

    def sampling(
        self,
        configured_sources: tuple[ConfiguredSource, ...],
        clock: Clock,
        heartbeat: Callable[[], None] = lambda: None,
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
            clock=clock,
            wait=self._wait,
            max_wait=self.settings.sampling.tick,
            heartbeat=heartbeat,
            selection=selection,
            observer=self.metrics.looks,
        )

    def manual_check(self, configured_sources: tuple[ConfiguredSource, ...]) -> ManualCheck:
        """The manual check, which answers customers' requests."""
        clock = measured(self.database, self.clock)
        return ManualCheck(self.database, self.sampling(configured_sources, clock), clock)

    def _storage_alarm(self) -> StorageAlarm:
        """Tells faults of the database, through channels of its own, since it sends from its own thread."""
        channels = self.metrics.alerts.observed(open_receivers(self.settings.alerts).channels)
        return StorageAlarm(channels, self.clock)

    def scheduled_jobs(
        self,
        sampling: Sampling,
        heartbeat: Callable[[str], None],
        started: datetime | None = None,
        beat: DaemonBeat | None = None,
    ) -> list[ScheduledJob]:
        """The scheduled jobs of a process that started at that time; None if it runs each job once.

        `heartbeat` is called with a job's name after each step of a long round.
        """
        jobs = JobList(
            self.settings,
            self.database,
            self.clock,
            self.stopping,
            self.metrics,
            HOST,
            heartbeat,
            started,
            beat,
        )
        return jobs.jobs(sampling)

    def _wait(self, duration: timedelta) -> bool:
        """Wait, and return whether the process stops."""
        return self.stopping.wait(duration.total_seconds())

    def run_once(self, configured_sources: tuple[ConfiguredSource, ...]) -> None:
        """Run every job once. A failed job does not stop the others; raises RefilldError at the end."""
        ping = self._ping()
        with daemon_lock(self.database):
            ping.started()
            self._log_held()
            reroute_targets(self.database, configured_sources)
            sampling = self.sampling(configured_sources, measured(self.database, self.clock))
            jobs = self.scheduled_jobs(sampling, lambda _job: None)
            failed = [job.name for job in jobs if run_guarded(job) is not RoundEnd.DONE]
            for job in jobs:
                job.finish()
            _flush(sampling)
        faults = f"failed: {', '.join(failed)}" if failed else ""
        ping.wait()
        ping.report(faults)
        ping.wait()
        if faults:
            raise RefilldError(f"{faults}; the log says why")

    def run(self, configured_sources: tuple[ConfiguredSource, ...], *, http: bool) -> None:
        """Run until `stopping` is set; then finish the current rounds."""
        with ExitStack() as stack:
            stack.enter_context(daemon_lock(self.database))
            _check_sqlite(self.database)
            self._log_held()
            reroute_targets(self.database, configured_sources)
            progress = _heartbeats(
                intervals(self.settings) | {BEAT: BEAT_EVERY} | (SERVING_JOBS if http else {})
            )
            clock = measured(self.database, self.clock)
            beat = self._beat(DaemonMode.RUN, clock)
            sampling = self.sampling(configured_sources, clock, lambda: progress.heartbeat("sampling"))
            self.metrics.looks.expect(one.source.name for one in configured_sources)
            scheduled_jobs = self.scheduled_jobs(sampling, progress.heartbeat, self.clock(), beat)
            check = DatabaseCheck(self.database.capped(CALLER))
            serving: list[ScheduledJob] = []
            if http:
                enabled = opened(configured_sources, sampling.policy.router)
                serving = stack.enter_context(self._serving(check, progress.late, enabled, clock))
            stack.callback(_checkpoint, self.database)
            stack.callback(_stop_beat, beat)
            scheduler = Scheduler([*scheduled_jobs, self._beat_job(beat), *serving], progress, self.clock())
            for job in scheduled_jobs:
                stack.callback(job.finish)
            stack.callback(_flush, sampling)
            scheduler.start()
            stack.callback(scheduler.stop)
            log.info(
                "daemon.started",
                database=self.database.name,
                sources=[one.source.name for one in configured_sources],
            )
            ping = self._ping()
            ping.started()
            self._supervise(check, progress, scheduler, self._storage_alarm(), ping)
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
        """Run the HTTP server without jobs, except that it records that it is alive."""
        check = DatabaseCheck(self.database.capped(CALLER))
        with ExitStack() as stack:
            progress = _heartbeats({BEAT: BEAT_EVERY} | SERVING_JOBS)
            clock = SharedClock(self.clock)  # the beat measures it, once the database can be reached
            beat = self._beat(DaemonMode.SERVE, clock)
            enabled = enabled_sources(self.settings)
            serving = stack.enter_context(self._serving(check, progress.late, enabled, clock))
            stack.callback(_stop_beat, beat)
            scheduler = Scheduler([self._beat_job(beat), *serving], progress, self.clock())
            scheduler.start()
            stack.callback(scheduler.stop)
            alarm = StorageAlarm((), self.clock)  # only the daemon with the jobs sends messages
            self._supervise(check, progress, scheduler, alarm, Ping("", timedelta(0)))

    def _beat(self, mode: DaemonMode, clock: SharedClock) -> DaemonBeat:
        version = metadata.version("refilld")
        guarantee = self.settings.guarantee.mode
        return DaemonBeat(self.database, clock, HOST, os.getpid(), version, mode, guarantee)

    def _ping(self) -> Ping:
        return Ping(self.settings.alerts.ping_url, self.settings.alerts.ping_every)

    def _beat_job(self, beat: DaemonBeat) -> ScheduledJob:
        return self._observed(ScheduledJob(BEAT, BEAT_EVERY, beat.run_once))

    def _observed(self, job: ScheduledJob) -> ScheduledJob:
        return self.metrics.rounds.observed(job, self.clock)

    @contextmanager
    def _serving(
        self,
        check: DatabaseCheck,
        late: Callable[[], tuple[str, ...]],
        enabled: EnabledSources,
        clock: SharedClock,
    ) -> Iterator[list[ScheduledJob]]:
        """Serve the HTTP interface; gives the jobs that it needs. Tokens end by the shared clock."""
        app = create_app(
            self.database,
            self.settings,
            clock,
            self.stopping,
            lambda: health(self.database, check, late),
            enabled,
            self.metrics.fulfilment.refilled,
        )
        add_metrics(app, self.metrics, self.database, check, self.settings, self.clock)
        served = beside(app, self._pages(enabled)) if self.settings.web.enabled else app
        server = HttpServer(served, self.settings.http.host, self.settings.http.port)
        server.start()
        gc.freeze()  # what the start has made stays, and to look through it would hold up all requests
        log.info("http.listening", host=self.settings.http.host, port=server.port)
        uses: TokenUses = app.extensions[USES]
        try:
            yield [self._observed(ScheduledJob(USES_JOB, token_uses.EVERY, uses.run_once))]
        finally:
            server.stop()
            uses.finish()

    def _pages(self, enabled: EnabledSources) -> Flask:
        answers = self.settings.answers
        texts = load_texts(answers.language, answers.path)
        pages = create_pages(Desk(self.settings, self.origins, self.database, self.clock, texts, enabled))
        self.metrics.http.observe(pages)
        return pages

    def _supervise(
        self,
        check: DatabaseCheck,
        progress: Heartbeats,
        scheduler: Scheduler,
        alarm: StorageAlarm,
        ping: Ping,
    ) -> None:
        """Supervise the process until it has to stop."""
        supervision = Supervision(
            database=self.database,
            check=check,
            clock=self.clock,
            stopping=self.stopping,
            late=progress.late,
            catch_up=scheduler.catch_up,
            alarm=alarm,
            ping=ping,
        )
        supervision.run(Notifier(os.environ))


def _heartbeats(every: Mapping[str, timedelta]) -> Heartbeats:
    """Heartbeats of jobs with these intervals."""
    return Heartbeats({job: longest_silence(interval) for job, interval in every.items()}, time.monotonic)


def _stop_beat(beat: DaemonBeat) -> None:
    """Remove the row of this process; an unreachable database must not prevent the end of the process."""
    with suppress(UnreachableError):
        beat.stop()


def _checkpoint(database: Database) -> None:
    """Empty the write-ahead log at the end, if that can be written."""
    with suppress(UnreachableError):
        database.checkpoint()


def _flush(sampling: Sampling) -> None:
    """Save what was learned; an unreachable database must not prevent the end of the process."""
    with suppress(UnreachableError):
        sampling.flush()


def _check_sqlite(database: Database) -> None:
    """Check the SQLite file; warn of a library version that may corrupt it under concurrent writes."""
    if not database.sqlite:
        return
    database.quick_check()
    if sqlite_fault.may_corrupt():
        log.warning("sqlite.wal_reset_fault", version=sqlite3.sqlite_version, advice="docs/operations.md")
