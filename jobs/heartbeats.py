"""Heartbeats of the scheduled jobs: the watchdog is reset only while every job makes progress."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Lock


class Heartbeats:
    """The time of each job's last heartbeat; safe to share between threads."""

    def __init__(self, limits: Mapping[str, timedelta], monotonic: Callable[[], float]) -> None:
        """`limits` is the longest time without a heartbeat, by job; every job starts with one.

        `monotonic` returns seconds on a clock that is never set back.
        """
        self._limits = {job: limit.total_seconds() for job, limit in limits.items()}
        self._monotonic = monotonic
        self._lock = Lock()
        self._last = dict.fromkeys(limits, monotonic())

    def heartbeat(self, job: str) -> None:
        """Record that a job has made progress; raises KeyError for a job without a limit."""
        if job not in self._limits:
            raise KeyError(job)
        with self._lock:
            self._last[job] = self._monotonic()

    def late(self) -> tuple[str, ...]:
        """The jobs without a heartbeat for longer than their limit, in the order of the limits."""
        with self._lock:
            now = self._monotonic()
            return tuple(job for job, limit in self._limits.items() if now - self._last[job] > limit)
