"""The scheduler: jobs start at once, repeat, never overlap themselves, and finish their round at a stop."""

import logging
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs.heartbeats import Heartbeats
from jobs.scheduler import MARGIN, ScheduledJob, Scheduler, longest_silence, run_counted
from storage.errors import UnreachableError

TIMEOUT = 30
"""Timeout in seconds for events that are expected at once."""
SOON = timedelta(milliseconds=10)
NEVER = timedelta(days=365)


def now() -> datetime:
    return datetime.now(UTC)


def progress_of(*jobs: str, monotonic: Any = lambda: 0.0) -> Heartbeats:
    return Heartbeats(dict.fromkeys(jobs, timedelta(seconds=1)), monotonic)


class Rounds:
    """A job that counts its rounds and sets `enough` after `wanted` rounds."""

    def __init__(self, wanted: int = 1) -> None:
        self.rounds = 0
        self.wanted = wanted
        self.enough = Event()

    def __call__(self) -> None:
        self.rounds += 1
        if self.rounds >= self.wanted:
            self.enough.set()


def test_every_job_runs_at_the_start() -> None:
    """The interval of a year does not delay the first round."""
    jobs = {name: Rounds() for name in ("sampling", "maintenance")}
    plans = [ScheduledJob(name, NEVER, run) for name, run in jobs.items()]
    scheduler = Scheduler(plans, progress_of(*jobs), now())
    scheduler.start()
    assert all(job.enough.wait(TIMEOUT) for job in jobs.values())
    scheduler.stop()
    assert [job.rounds for job in jobs.values()] == [1, 1]


def test_a_job_runs_again_at_its_interval() -> None:
    """Three rounds."""
    job = Rounds(wanted=3)
    scheduler = Scheduler([ScheduledJob("job", SOON, job)], progress_of("job"), now())
    scheduler.start()
    assert job.enough.wait(TIMEOUT)
    scheduler.stop()


def test_a_job_never_overlaps_itself_while_others_go_on() -> None:
    """A round longer than its interval delays only the next rounds of the same job."""
    release, other, alone = Event(), Rounds(wanted=5), Lock()
    overlaps: list[str] = []

    def slow() -> None:
        if not alone.acquire(blocking=False):
            overlaps.append("overlap")
            return
        release.wait(TIMEOUT)
        alone.release()

    plans = [ScheduledJob("slow", SOON, slow), ScheduledJob("other", SOON, other)]
    scheduler = Scheduler(plans, progress_of("slow", "other"), now())
    scheduler.start()
    assert other.enough.wait(TIMEOUT)
    release.set()
    scheduler.stop()
    assert overlaps == []


def test_stop_waits_for_the_running_round() -> None:
    """The running round finishes, and no new round starts."""
    began, tick = Event(), Event()
    finished: list[int] = []

    def run() -> None:
        began.set()
        while scheduler._scheduler.running:  # until stop is called
            tick.wait(0.001)
        tick.wait(0.05)  # a stop that does not wait returns before this round ends
        finished.append(1)

    scheduler = Scheduler([ScheduledJob("job", SOON, run)], progress_of("job"), now())
    scheduler.start()
    assert began.wait(TIMEOUT)
    scheduler.stop()
    assert finished == [1]


def test_the_first_round_is_due_at_the_start_and_none_was_missed_before_it() -> None:
    """Regression: with a start long past, every round missed since then was listed first."""
    start = now()
    scheduler = Scheduler([ScheduledJob("job", SOON, lambda: None)], progress_of("job"), start)
    scheduler._scheduler.start(paused=True)
    (planned,) = scheduler._scheduler.get_jobs()
    assert planned._get_run_times(start) == [start]
    scheduler.stop()


def test_a_storage_fault_is_one_line_without_a_traceback_and_the_job_is_not_stuck() -> None:
    """It tries again; the process must not be restarted for a full disk."""
    seconds = [0.0]
    progress = progress_of("job", monotonic=lambda: seconds[0])

    def fail() -> None:
        raise UnreachableError("database x: database or disk is full")

    seconds[0] = 5.0
    with capture_logs() as logs:
        run_counted(ScheduledJob("job", SOON, fail), progress)
    assert logs == [
        {"event": "job.failed", "job": "job", "error": "database x: database or disk is full",
         "once_a_minute": True, "log_level": "error"},
    ]  # fmt: skip
    assert progress.late() == ()


JUMPS = [timedelta(hours=1), timedelta(days=2), timedelta(days=6 * 365)]


@pytest.mark.parametrize("jump", JUMPS)
def test_runs_missed_by_a_jump_of_the_clock_are_skipped_without_being_listed(jump: timedelta) -> None:
    """One late run, however far the clock was set forward; the next one is an interval later."""
    start = now()
    scheduler = Scheduler([ScheduledJob("job", SOON, lambda: None)], progress_of("job"), start)
    scheduler._scheduler.start(paused=True)
    (planned,) = scheduler._scheduler.get_jobs()
    assert planned._get_run_times(start + jump) == [start, start + jump]
    assert planned.trigger.get_next_fire_time(start + jump, start + jump) == start + jump + SOON
    scheduler.stop()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_was_set_back_does_not_delay_the_next_round(jump: timedelta) -> None:
    start = now()
    scheduler = Scheduler([ScheduledJob("job", SOON, lambda: None)], progress_of("job"), start)
    scheduler._scheduler.start(paused=True)
    scheduler.catch_up(start - jump)
    (planned,) = scheduler._scheduler.get_jobs()
    assert planned.next_run_time == start - jump
    scheduler.stop()


def test_a_failing_round_is_logged_and_sends_no_heartbeat() -> None:
    """A job that only fails becomes late for the watchdog; its next round still starts."""
    seconds = [0.0]
    progress = progress_of("job", monotonic=lambda: seconds[0])

    def fail() -> None:
        raise ValueError("no such table")

    seconds[0] = 5.0
    with capture_logs() as logs:
        run_counted(ScheduledJob("job", SOON, fail), progress)
    assert [(line["event"], line["job"], line["log_level"]) for line in logs] == [
        ("job.failed", "job", "error")
    ]
    assert progress.late() == ("job",)
    run_counted(ScheduledJob("job", SOON, lambda: None), progress)
    assert progress.late() == ()


def test_a_job_that_failed_runs_again() -> None:
    """An exception in one round does not remove the job."""
    job = Rounds(wanted=3)

    def fail_first() -> None:
        job()
        if job.rounds == 1:
            raise ValueError("no")

    scheduler = Scheduler([ScheduledJob("job", SOON, fail_first)], progress_of("job"), now())
    with capture_logs():
        scheduler.start()
        assert job.enough.wait(TIMEOUT)
        scheduler.stop()


@pytest.mark.parametrize("every", [timedelta(seconds=5), timedelta(hours=1)])
def test_a_job_may_be_silent_for_three_intervals_and_a_margin(every: timedelta) -> None:
    """So that a slow look or a busy disk does not restart the daemon."""
    assert longest_silence(every) == 3 * every + MARGIN


def test_apschedulers_warnings_are_not_logged() -> None:
    """A round longer than its interval is normal, and would log a warning each time."""
    Scheduler([ScheduledJob("job", SOON, lambda: None)], progress_of("job"), now())
    assert logging.getLogger("apscheduler").level == logging.ERROR
