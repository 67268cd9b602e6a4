"""The scheduler: runs a few fixed jobs at intervals; there is never a job per order."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from jobs.heartbeats import Heartbeats
from jobs.skipping_interval import SkippingInterval
from monitor.errors import ClockError
from monitor.sources.contract import SourceContractError
from storage.actor import Actor, acting
from storage.errors import UnreachableError, WrongStatementError

log = structlog.get_logger()
MARGIN = timedelta(minutes=2)
"""Tolerance beyond three intervals before a job counts as stuck, for a slow look or a busy disk."""


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """One fixed job: its name, how often it runs, and what it does."""

    name: str
    every: timedelta
    run: Callable[[], None]
    finish: Callable[[], None] = lambda: None
    """Called after the last round; waits for what the rounds have started."""


def longest_silence(every: timedelta) -> timedelta:
    """The longest time without a heartbeat before a job with this interval counts as stuck."""
    return 3 * every + MARGIN


class Scheduler:
    """Runs the jobs until `stop`; a job never overlaps itself."""

    def __init__(self, scheduled: Sequence[ScheduledJob], progress: Heartbeats, now: datetime) -> None:
        logging.getLogger("apscheduler").setLevel(
            logging.ERROR
        )  # a round that takes longer than its interval is normal
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(scheduled))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for job in scheduled:
            self._scheduler.add_job(
                run_counted,
                SkippingInterval(seconds=job.every.total_seconds(), timezone=UTC),
                args=(job, progress),
                id=job.name,
                next_run_time=now,
            )

    def start(self) -> None:
        self._scheduler.start()

    def catch_up(self, now: datetime) -> None:
        """Run jobs now whose next run is too far in the future because the clock was set back."""
        for job in self._scheduler.get_jobs():
            if job.next_run_time - now > 2 * job.trigger.interval:
                job.modify(next_run_time=now)

    def stop(self) -> None:
        """Stop when the running rounds are finished."""
        self._scheduler.shutdown(wait=True)


class RoundEnd(Enum):
    """How a round of a job has ended."""

    DONE = auto()
    STORAGE_FAULT = auto()
    """The database could not be read or written; the job is not stuck, and tries again."""
    FAILED = auto()


def run_guarded(job: ScheduledJob) -> RoundEnd:
    """Run one round; a failure is logged, with a traceback only when it is not expected."""
    try:
        with acting(Actor(f"job {job.name}")):
            job.run()
    except WrongStatementError:
        log.exception("job.failed", job=job.name)
        return RoundEnd.FAILED
    except UnreachableError as error:
        log.error("job.failed", job=job.name, error=str(error), once_a_minute=True)  # noqa: TRY400
        return RoundEnd.STORAGE_FAULT
    except ClockError as error:
        log.error("job.failed", job=job.name, error=str(error), once_a_minute=True)  # noqa: TRY400
        return RoundEnd.FAILED
    except SourceContractError as error:
        log.error("job.failed", job=job.name, error=str(error))  # noqa: TRY400  # the fault is not in our code
        return RoundEnd.FAILED
    except Exception:
        log.exception("job.failed", job=job.name)
        return RoundEnd.FAILED
    return RoundEnd.DONE


def run_counted(job: ScheduledJob, progress: Heartbeats) -> None:
    """Run one round; a failed round is no heartbeat, unless the database was at fault."""
    if run_guarded(job) is not RoundEnd.FAILED:
        progress.heartbeat(job.name)
