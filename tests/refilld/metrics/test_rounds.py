"""Rounds of jobs are counted by their result."""

from datetime import timedelta

import pytest

from jobs.scheduler import RoundEnd, ScheduledJob, run_guarded
from refilld.metrics.process import ProcessMetrics
from tests.builders import NOW
from tests.refilld.metrics.samples import value


@pytest.fixture
def metrics() -> ProcessMetrics:
    return ProcessMetrics()


def test_a_round_that_succeeds_leaves_its_time(metrics: ProcessMetrics) -> None:
    """Before the first one that time is 0."""
    job = metrics.rounds.observed(ScheduledJob("leases", timedelta(seconds=5), lambda: None), lambda: NOW)
    assert value(metrics.registry, "job_last_success_timestamp_seconds", job_name="leases") == 0
    assert run_guarded(job) is RoundEnd.DONE
    assert value(metrics.registry, "job_last_success_timestamp_seconds", job_name="leases") == NOW.timestamp()
    assert value(metrics.registry, "job_rounds_total", job_name="leases", result="succeeded") == 1
    assert value(metrics.registry, "job_rounds_total", job_name="leases", result="failed") == 0
    assert value(metrics.registry, "job_duration_seconds_count", job_name="leases") == 1


def test_a_round_that_fails_is_counted_as_failed_and_stays_a_failure(metrics: ProcessMetrics) -> None:
    def fail() -> None:
        raise ValueError

    job = metrics.rounds.observed(ScheduledJob("alerting", timedelta(seconds=5), fail), lambda: NOW)
    assert run_guarded(job) is RoundEnd.FAILED
    assert value(metrics.registry, "job_last_success_timestamp_seconds", job_name="alerting") == 0
    assert value(metrics.registry, "job_rounds_total", job_name="alerting", result="failed") == 1
    assert value(metrics.registry, "job_rounds_total", job_name="alerting", result="succeeded") == 0
    assert value(metrics.registry, "job_duration_seconds_count", job_name="alerting") == 1
