"""The scheduler: a handful of fixed jobs, each found due by its own index; never a job per order."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from jobs.heartbeats import Heartbeats
from monitor.sources.contract import SourceContractError

log = structlog.get_logger()
MARGIN = timedelta(minutes=2)
"""Silence beyond three intervals that is still no reason to call a job stuck: a slow look, a busy disk."""


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """One fixed job: its name, how often it runs, and what it does."""

    name: str
    every: timedelta
    run: Callable[[], None]


def longest_silence(every: timedelta) -> timedelta:
    """How long a job that runs so often may be silent before it counts as stuck."""
    return 3 * every + MARGIN


class Scheduler:
    """Runs the plans until it is told to stop; a plan never overlaps itself."""

    def __init__(self, plans: Sequence[ScheduledJob], progress: Heartbeats, now: datetime) -> None:
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a round longer than its interval is normal
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(plans))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for plan in plans:
            self._scheduler.add_job(
                run_counted,
                "interval",
                args=(plan, progress),
                id=plan.name,
                seconds=plan.every.total_seconds(),
                next_run_time=now,  # not earlier: every run missed since then would be listed first
            )

    def start(self) -> None:
        self._scheduler.start()

    def catch_up(self, now: datetime) -> None:
        """Run what a clock that was set back has put off: no job may wait longer than its interval."""
        for job in self._scheduler.get_jobs():
            if job.next_run_time - now > 2 * job.trigger.interval:
                job.modify(next_run_time=now)

    def stop(self) -> None:
        """Stop after the rounds in hand."""
        self._scheduler.shutdown(wait=True)


def run_guarded(plan: ScheduledJob) -> bool:
    """Run one round; a failure is logged, and says False."""
    try:
        plan.run()
    except SourceContractError as error:
        log.error("job.failed", job=plan.name, error=str(error))  # noqa: TRY400  # the fault is not in our code
        return False
    except Exception:
        log.exception("job.failed", job=plan.name)
        return False
    return True


def run_counted(plan: ScheduledJob, progress: Heartbeats) -> None:
    """Run one round; only rounds that end well count as progress."""
    if run_guarded(plan):
        progress.heartbeat(plan.name)
