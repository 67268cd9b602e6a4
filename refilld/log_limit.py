"""Limits log lines that a lasting fault repeats: one a minute, with the number of repetitions.

A call that may be repeated says so: `log.error("job.failed", …, once_a_minute=True)`.
"""

from collections.abc import Callable, MutableMapping
from threading import Lock
from typing import Any

import structlog

FLAG = "once_a_minute"
PERIOD = 60.0
_MOST_LINES = 1000
"""Different lines that are remembered; beyond them all are forgotten, so that memory is bounded."""


class OnceAMinute:
    """A structlog processor that drops a flagged line if the same one was logged within the last minute."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._logged: dict[str, tuple[float, int]] = {}

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if not event.pop(FLAG, False):
            return event
        repeated = self._repeated(repr(sorted(event.items())))
        if repeated is None:
            raise structlog.DropEvent
        if repeated:
            event["repeated"] = repeated
        return event

    def _repeated(self, line: str) -> int | None:
        """How often the line was dropped since it was logged; None if it has to be dropped."""
        now = self._monotonic()
        with self._lock:
            at, dropped = self._logged.get(line, (None, 0))
            if at is not None and now - at < PERIOD:
                self._logged[line] = (at, dropped + 1)
                return None
            if len(self._logged) >= _MOST_LINES:
                self._logged.clear()
            self._logged[line] = (now, 0)
            return dropped
