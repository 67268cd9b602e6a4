"""The scheduled jobs of a process, put together from the configuration."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import structlog

from jobs.alerting import Alerting
from jobs.alertmanager import AlertmanagerJob
from jobs.backlog_summaries import BacklogSummaries
from jobs.bulk_actions import BulkActions
from jobs.channel_round import TAKEN_FOR
from jobs.daemon_beat import DaemonBeat
from jobs.held_job import HeldJob
from jobs.leases import Leases
from jobs.maintenance import Maintenance
from jobs.monitor_reading import MonitorReading
from jobs.retention import DataRetention
from jobs.sampling import Sampling
from jobs.scheduler import ScheduledJob
from jobs.self_check import SelfCheck
from jobs.survival_curves import SurvivalCurves
from jobs.webhooks import Webhooks
from refilld.alert_policy import open_receivers
from refilld.alertmanager import Alertmanager
from refilld.metrics.process import ProcessMetrics
from refilld.report.load import load
from refilld.report.text import render_text
from refilld.services.webhook_sending import webhook_attempts
from refilld.settings.settings import Settings
from refilld.texts.shop_texts import ShopTexts, load_shop_texts
from storage.engine import Database, Transaction

log = structlog.get_logger()
LEASES_EVERY = timedelta(seconds=5)
MAINTENANCE_EVERY = timedelta(minutes=1)
SELF_CHECK_EVERY = timedelta(minutes=1)
BACKLOGS_EVERY = timedelta(minutes=1)
WEBHOOKS_EVERY = timedelta(seconds=2)
BULK_ACTIONS_EVERY = timedelta(seconds=2)
ALERTMANAGER_EVERY = timedelta(minutes=1)
SURVIVAL_EVERY = timedelta(minutes=10)
"""How often it is checked whether retention curves are due."""
HELD = frozenset({"alerting", "alertmanager", "backlogs", "maintenance", "survival"})
"""Jobs that one daemon carries out for all daemons on its database; the others divide their rows."""


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
class JobList:
    """What the jobs of one process share."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    stopping: Event
    metrics: ProcessMetrics
    host: str
    """The name of this machine."""
    heartbeat: Callable[[str], None]
    """Called with a job's name after each step of a long round."""
    started: datetime | None
    """Start of the process; None if it runs each job once."""
    beat: DaemonBeat | None
    """Of this process; None if it runs each job once, whatever other processes do."""

    def jobs(self, sampling: Sampling) -> list[ScheduledJob]:
        """The jobs, with their intervals."""
        attempts = self.settings.queue.max_attempts
        leases = Leases(self.database, self.clock, attempts, self.metrics.fulfilment.leases_expired)
        alerting = self._alerting()
        limits = self.settings.alerts.limits(self.settings.sampling.every)
        reading = MonitorReading(
            self.database, sampling.sources, limits, self.started, self.host, self._credential_files()
        )
        self_check = SelfCheck(reading, self.clock)
        webhooks = self._webhooks()
        rounds = {
            "sampling": sampling.run_once,
            "leases": leases.run_once,
            "self_check": self_check.run_once,
            "alerting": alerting.run_once,
            "webhooks": webhooks.run_once,
            "bulk_actions": self._bulk_actions().run_once,
            "alertmanager": self._alertmanager().run_once,
            "maintenance": self._maintenance().run_once,
            "survival": self._survival().run_once,
            "backlogs": BacklogSummaries(
                self.database, self.clock, shadow=self.settings.guarantee.shadow
            ).run_once,
        }
        finishes = {"webhooks": webhooks.finish}
        return [
            self._observed(
                ScheduledJob(name, every, self._held(name, every, rounds[name]), finishes.get(name, _nothing))
            )
            for name, every in intervals(self.settings).items()
        ]

    def _held(self, name: str, every: timedelta, run: Callable[[], None]) -> Callable[[], None]:
        """The rounds of a job, which on PostgreSQL one daemon may have to carry out for all."""
        if self.beat is None or self.database.sqlite or name not in HELD:
            return run
        return HeldJob(name, every, run, self.database, self.beat.daemon_id, self.beat.clock).run_once

    def _alerting(self) -> Alerting:
        receivers, texts = open_receivers(self.settings.alerts), self._shop_texts()
        self.metrics.alerts.expect(receivers.policy.receivers)
        return Alerting(
            self.database,
            self.clock,
            self.metrics.alerts.observed(receivers.channels),
            receivers.policy if self.started else receivers.policy.without_waiting(),
            texts.text,
            self._report,
            self._wait,
            self._beat("alerting"),
            self.stopping.is_set,
            TAKEN_FOR if self.started is None else min(self.settings.alerts.every, TAKEN_FOR),
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

    def _webhooks(self) -> Webhooks:
        attempts = webhook_attempts(self.database, self.settings.webhooks, self.clock)
        attempts = replace(attempts, recorded=self.metrics.webhooks.recorded)
        return Webhooks(self.database, self.clock, attempts, self.stopping.is_set, self._beat("webhooks"))

    def _bulk_actions(self) -> BulkActions:
        rules = self.settings.queue_rules
        return BulkActions(self.database, self.clock, rules, self.stopping.is_set, self._beat("bulk_actions"))

    def _maintenance(self) -> Maintenance:
        retention = DataRetention(
            self.database, self.settings.retention.policy, self._beat("maintenance"), self._wait
        )
        return Maintenance(self.database, self.clock, retention, self.settings.mass_drop.rule.hold)

    def _survival(self) -> SurvivalCurves:
        """Scheduled only if it is enabled."""
        section, window = self.settings.survival, self.settings.mass_drop.rule.window
        return SurvivalCurves(
            self.database,
            self.clock,
            section.every,
            section.period,
            window,
            self._beat("survival"),
            self._wait,
        )

    def _beat(self, job: str) -> Callable[[], None]:
        return lambda: self.heartbeat(job)

    def _credential_files(self) -> dict[str, tuple[str, Path]]:
        """The file with the token or session of each enabled source, and the option that names it."""
        found = {name: section.credential_files for name, section in self.settings.enabled_sources.items()}
        return {name: next(iter(files.items())) for name, files in found.items() if files}

    def _report(self, tx: Transaction, now: datetime, period: timedelta) -> str:
        """The report that a receiver gets as a digest."""
        return render_text(load(tx, self.settings, now, period))

    def _wait(self, duration: timedelta) -> bool:
        """Wait, and return whether the process stops."""
        return self.stopping.wait(duration.total_seconds())


def _nothing() -> None:
    """Most jobs start nothing that outlasts their rounds."""
