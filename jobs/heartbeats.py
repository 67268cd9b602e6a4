"""What each scheduled job did last, so that the watchdog is fed only while all of them get on."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Lock


class Heartbeats:
    """When each job was last heard of; safe to share between the jobs' threads."""

    def __init__(self, limits: Mapping[str, timedelta], monotonic: Callable[[], float]) -> None:
        """Watch the jobs of `limits`, each with the longest silence allowed to it.

        `monotonic` gives seconds on a clock that never goes back. A job counts as heard of now.
        """
        self._limits = {job: limit.total_seconds() for job, limit in limits.items()}
        self._monotonic = monotonic
        self._lock = Lock()
        self._heard = dict.fromkeys(limits, monotonic())

    def heartbeat(self, job: str) -> None:
        """Note that the job has just finished a piece of work; raises KeyError for a job without a limit."""
        if job not in self._limits:
            raise KeyError(job)
        with self._lock:
            self._heard[job] = self._monotonic()

    def late(self) -> tuple[str, ...]:
        """Name the jobs that have been silent for longer than allowed, in the order of the limits."""
        with self._lock:
            now = self._monotonic()
            return tuple(job for job, limit in self._limits.items() if now - self._heard[job] > limit)
