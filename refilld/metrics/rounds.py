"""Metrics of the rounds of the scheduled jobs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from jobs.scheduler import ScheduledJob

SUCCEEDED, FAILED = "succeeded", "failed"
DURATIONS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600)
"""Upper bounds of the buckets, in seconds."""


class RoundMetrics:
    """Measures the rounds of jobs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._durations = Histogram(
            "refilld_job_duration_seconds",
            "Duration of one round of a job, whether it failed or not.",
            ["job_name"],
            registry=registry,
            buckets=DURATIONS,
        )
        self._rounds = Counter(
            "refilld_job_rounds_total",
            "Rounds of a job that have ended.",
            ["job_name", "result"],
            registry=registry,
        )
        self._last_success = Gauge(
            "refilld_job_last_success_timestamp_seconds",
            "When a round of a job last succeeded, in Unix time; 0 if none has.",
            ["job_name"],
            registry=registry,
        )

    def observed(self, job: ScheduledJob, clock: Callable[[], datetime]) -> ScheduledJob:
        """The same job; its rounds are measured."""
        self._last_success.labels(job.name)
        for result in (SUCCEEDED, FAILED):
            self._rounds.labels(job.name, result)
        return replace(job, run=partial(self._run, job, clock))

    def _run(self, job: ScheduledJob, clock: Callable[[], datetime]) -> None:
        began, result = perf_counter(), FAILED
        try:
            job.run()
            result = SUCCEEDED
            self._last_success.labels(job.name).set(clock().timestamp())
        finally:
            self._durations.labels(job.name).observe(perf_counter() - began)
            self._rounds.labels(job.name, result).inc()
