"""The daemon: composes sources, jobs and HTTP into one process, and reports its state to systemd."""

import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from threading import Event

import structlog
from flask import Flask

from jobs.alerting import Alerting
from jobs.alertmanager import AlertmanagerJob
from jobs.backlog_summaries import BacklogSummaries
from jobs.bulk_actions import BulkActions
from jobs.channel_round import TAKEN_FOR, AlertChannel
from jobs.configured_source import ConfiguredSource
from jobs.daemon_beat import DaemonBeat
from jobs.heartbeats import Heartbeats
from jobs.leases import Leases
from jobs.maintenance import Maintenance
from jobs.retention import DataRetention
from jobs.sampling import Sampling
from jobs.scheduler import RoundEnd, ScheduledJob, Scheduler, longest_silence, run_guarded
from jobs.self_check import SelfCheck
from jobs.survival_curves import SurvivalCurves
from jobs.webhooks import Webhooks
from monitor.errors import RefilldError
from monitor.evaluation.evaluate import LookPolicy
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.decision import Reason
from refilld.alert_policy import AlertReceivers, open_receivers
from refilld.alertmanager import Alertmanager
from refilld.answers.texts import load_texts
from refilld.api.app import create_app
from refilld.api.server import HttpServer
from refilld.config import Origins
from refilld.daemon.http_app import beside
from refilld.daemon.metrics_endpoint import add_metrics
from refilld.daemon.ping import Ping
from refilld.daemon.readiness import health
from refilld.daemon.sd_notify import Notifier
from refilld.daemon.storage_alarm import StorageAlarm
from refilld.daemon.supervision import Supervision
from refilld.metrics.process import ProcessMetrics
from refilld.report.load import load
from refilld.report.text import render_text
from refilld.services.database_check import DatabaseCheck
from refilld.services.look_obstacle import EnabledSources, enabled_sources, opened
from refilld.services.manual_check import ManualCheck
from refilld.services.webhook_sending import webhook_attempts
from refilld.settings.settings import Settings
from refilld.sources import cadence_for, reroute_targets, router_for
from refilld.texts.shop_texts import ShopTexts, load_shop_texts
from refilld.web.app import create_pages
from refilld.web.page import Desk
from storage import held_refills, sqlite_fault
from storage.daemon_lock import daemon_lock
from storage.daemons import DaemonMode
from storage.engine import Database, Transaction
from storage.errors import UnreachableError
from storage.patience import CALLER

log = structlog.get_logger()
LEASES_EVERY = timedelta(seconds=5)
MAINTENANCE_EVERY = timedelta(minutes=1)
BEAT = "beat"
BEAT_EVERY = timedelta(seconds=10)
"""Interval at which a daemon records that it is alive."""
SELF_CHECK_EVERY = timedelta(minutes=1)
BACKLOGS_EVERY = timedelta(minutes=1)
WEBHOOKS_EVERY = timedelta(seconds=2)
BULK_ACTIONS_EVERY = timedelta(seconds=2)
ALERTMANAGER_EVERY = timedelta(minutes=1)
SURVIVAL_EVERY = timedelta(minutes=10)
"""How often it is checked whether retention curves are due."""

HOST = socket.gethostname()

Clock = Callable[[], datetime]


def intervals(settings: Settings) -> dict[str, timedelta]:
    """Interval of each scheduled job, by name."""
    found = {
        "sampling": settings.sampling.tick,
        "leases": LEASES_EVERY,
        "self_check": SELF_CHECK_EVERY,
        "backlogs": BACKLOGS_EVERY,
        "alerting": settings.alerts.every,
        "webhooks": WEBHOOKS_EVERY,
        "bulk_actions": BULK_ACTIONS_EVERY,
        "maintenance": MAINTENANCE_EVERY,
    }
    if settings.survival.enabled:
        found["survival"] = SURVIVAL_EVERY
    return found | ({"alertmanager": ALERTMANAGER_EVERY} if settings.alerts.alertmanager.url else {})


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
            wait=self._wait,
            max_wait=self.settings.sampling.tick,
            heartbeat=heartbeat,
            selection=selection,
            observer=self.metrics.looks,
        )

    def manual_check(self, configured_sources: tuple[ConfiguredSource, ...]) -> ManualCheck:
        """The manual check, which answers customers' requests."""
        return ManualCheck(self.database, self.sampling(configured_sources), self.clock)

    def _storage_alarm(self) -> StorageAlarm:
        """Tells faults of the database, through channels of its own, since it sends from its own thread."""
        return StorageAlarm(self._counted(open_receivers(self.settings.alerts)), self.clock)

    def _counted(self, receivers: AlertReceivers) -> list[AlertChannel]:
        return self.metrics.alerts.observed(receivers.channels)

    def _credential_files(self) -> dict[str, tuple[str, Path]]:
        """The file with the token or session of each enabled source, and the option that names it."""
        found = {name: section.credential_files for name, section in self.settings.enabled_sources.items()}
        return {name: next(iter(files.items())) for name, files in found.items() if files}

    def _report(self, tx: Transaction, now: datetime, period: timedelta) -> str:
        """The report that a receiver gets as a digest."""
        return render_text(load(tx, self.settings, now, period))

    def scheduled_jobs(
        self,
        sampling: Sampling,
        heartbeat: Callable[[str], None],
        started: datetime | None = None,
    ) -> list[ScheduledJob]:
        """The scheduled jobs of a process that started at that time; None if it runs each job once.

        `heartbeat` is called with a job's name after each step of a long round.
        """
        attempts = self.settings.queue.max_attempts
        leases = Leases(self.database, self.clock, attempts, self.metrics.fulfilment.leases_expired)
        alerting = self._alerting(lambda: heartbeat("alerting"), started)
        limits = self.settings.alerts.limits(self.settings.sampling.every)
        self_check = SelfCheck(
            self.database, self.clock, sampling.sources, limits, started, HOST, self._credential_files()
        )
        webhooks = self._webhooks(lambda: heartbeat("webhooks"))
        rounds = {
            "sampling": sampling.run_once,
            "leases": leases.run_once,
            "self_check": self_check.run_once,
            "alerting": alerting.run_once,
            "webhooks": webhooks.run_once,
            "bulk_actions": self._bulk_actions(lambda: heartbeat("bulk_actions")).run_once,
            "alertmanager": self._alertmanager().run_once,
            "maintenance": self._maintenance(lambda: heartbeat("maintenance")).run_once,
            "survival": self._survival(lambda: heartbeat("survival")).run_once,
            "backlogs": BacklogSummaries(
                self.database, self.clock, shadow=self.settings.guarantee.shadow
            ).run_once,
        }
        finishes = {"webhooks": webhooks.finish}
        return [
            self._observed(ScheduledJob(name, every, rounds[name], finishes.get(name, _nothing)))
            for name, every in intervals(self.settings).items()
        ]

    def _alerting(self, heartbeat: Callable[[], None], started: datetime | None) -> Alerting:
        receivers, texts = open_receivers(self.settings.alerts), self._shop_texts()
        self.metrics.alerts.expect(receivers.policy.receivers)
        return Alerting(
            self.database,
            self.clock,
            self._counted(receivers),
            receivers.policy if started else receivers.policy.without_waiting(),
            texts.text,
            self._report,
            self._wait,
            heartbeat,
            self.stopping.is_set,
            TAKEN_FOR if started is None else min(self.settings.alerts.every, TAKEN_FOR),
            texts.subject,
            self.metrics.alerts,
        )

    def _alertmanager(self) -> AlertmanagerJob:
        """Scheduled only if a URL is configured."""
        section = self.settings.alerts.alertmanager
        receiver = Alertmanager(section.url, section.username, section.token_path)
        return AlertmanagerJob(self.database, self.clock, receiver, self.settings.guarantee.shadow)

    def _shop_texts(self) -> ShopTexts:
        """The texts of alerts; what is wrong with a template of the shop is logged once, here."""
        section = self.settings.alerts
        texts = load_shop_texts(section.templates_folder, section.language)
        for fault in texts.faults:
            log.warning("alert_template.not_used", fault=fault, advice="refilld doctor")
        return texts

    def _observed(self, job: ScheduledJob) -> ScheduledJob:
        return self.metrics.rounds.observed(job, self.clock)

    def _webhooks(self, heartbeat: Callable[[], None]) -> Webhooks:
        attempts = webhook_attempts(self.database, self.settings.webhooks, self.clock)
        attempts = replace(attempts, recorded=self.metrics.webhooks.recorded)
        return Webhooks(self.database, self.clock, attempts, self.stopping.is_set, heartbeat)

    def _bulk_actions(self, heartbeat: Callable[[], None]) -> BulkActions:
        rules = QueueRules(self.settings.limits.caps, self.settings.guarantee.shadow)
        return BulkActions(self.database, self.clock, rules, self.stopping.is_set, heartbeat)

    def _maintenance(self, heartbeat: Callable[[], None]) -> Maintenance:
        retention = DataRetention(self.database, self.settings.retention.policy, heartbeat, self._wait)
        return Maintenance(self.database, self.clock, retention, self.settings.mass_drop.rule.hold)

    def _survival(self, heartbeat: Callable[[], None]) -> SurvivalCurves:
        """Scheduled only if it is enabled."""
        section, window = self.settings.survival, self.settings.mass_drop.rule.window
        return SurvivalCurves(
            self.database, self.clock, section.every, section.period, window, heartbeat, self._wait
        )

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
            sampling = self.sampling(configured_sources)
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
            progress = _heartbeats(intervals(self.settings) | {BEAT: BEAT_EVERY})
            sampling = self.sampling(configured_sources, lambda: progress.heartbeat("sampling"))
            self.metrics.looks.expect(one.source.name for one in configured_sources)
            scheduled_jobs = self.scheduled_jobs(sampling, progress.heartbeat, self.clock())
            check = DatabaseCheck(self.database.capped(CALLER))
            if http:
                enabled = opened(configured_sources, sampling.policy.router)
                stack.enter_context(self._serving(check, progress.late, enabled))
            stack.callback(_checkpoint, self.database)
            beat = self._beat(DaemonMode.RUN)
            stack.callback(_stop_beat, beat)
            scheduler = Scheduler([*scheduled_jobs, self._beat_job(beat)], progress, self.clock())
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
            progress, beat = _heartbeats({BEAT: BEAT_EVERY}), self._beat(DaemonMode.SERVE)
            stack.enter_context(self._serving(check, progress.late, enabled_sources(self.settings)))
            stack.callback(_stop_beat, beat)
            scheduler = Scheduler([self._beat_job(beat)], progress, self.clock())
            scheduler.start()
            stack.callback(scheduler.stop)
            alarm = StorageAlarm((), self.clock)  # only the daemon with the jobs sends messages
            self._supervise(check, progress, scheduler, alarm, Ping("", timedelta(0)))

    def _beat(self, mode: DaemonMode) -> DaemonBeat:
        version = metadata.version("refilld")
        guarantee = self.settings.guarantee.mode
        return DaemonBeat(self.database, self.clock, HOST, os.getpid(), version, mode, guarantee)

    def _ping(self) -> Ping:
        return Ping(self.settings.alerts.ping_url, self.settings.alerts.ping_every)

    def _beat_job(self, beat: DaemonBeat) -> ScheduledJob:
        return self._observed(ScheduledJob(BEAT, BEAT_EVERY, beat.run_once))

    @contextmanager
    def _serving(
        self, check: DatabaseCheck, late: Callable[[], tuple[str, ...]], enabled: EnabledSources
    ) -> Iterator[None]:
        app = create_app(
            self.database,
            self.settings,
            self.clock,
            self.stopping,
            lambda: health(self.database, check, late),
            enabled,
            self.metrics.fulfilment.refilled,
        )
        add_metrics(app, self.metrics, self.database, check, self.settings, self.clock)
        served = beside(app, self._pages(enabled)) if self.settings.web.enabled else app
        server = HttpServer(served, self.settings.http.host, self.settings.http.port)
        server.start()
        log.info("http.listening", host=self.settings.http.host, port=server.port)
        try:
            yield
        finally:
            server.stop()

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


def _nothing() -> None:
    """Most jobs start nothing that outlasts their rounds."""


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
