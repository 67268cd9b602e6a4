"""Threads of channel rounds: a channel that does not answer delays no other, and no stop."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

TICK = 0.1
"""Seconds after which a stop of the process is noticed."""


class RoundThreads:
    """Runs rounds in daemon threads: at most one for a channel at a time, and the process waits for none.

    Every wait in a round has an end of its own: of the database by its patience, of a message by its channel.
    """

    def __init__(self) -> None:
        self._running: dict[str, _RoundThread] = {}

    def start(self, channel: str, run: Callable[[], None]) -> None:
        """Start a round, unless an earlier one of the channel has not ended."""
        if channel not in self._running:
            self._running[channel] = _RoundThread(run)
            self._running[channel].start()

    def wait(self, patience: timedelta, stopped: Callable[[], bool]) -> None:
        """Wait until all rounds have ended, but no longer than `patience`, nor when the process stops.

        Raises an error of a round that has ended; a round that has not is left to itself.
        """
        ends = time.monotonic() + patience.total_seconds()
        for thread in list(self._running.values()):
            while thread.is_alive() and not stopped() and (left := ends - time.monotonic()) > 0:
                thread.join(min(left, TICK))
        ended = {channel: thread for channel, thread in self._running.items() if not thread.is_alive()}
        for channel in ended:
            del self._running[channel]
        for thread in ended.values():
            if thread.error is not None:
                raise thread.error


class _RoundThread(Thread):
    """One round, and the error that ended it."""

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="channel-round")
        self._run_round = run
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._run_round()
        except BaseException as error:  # noqa: BLE001  # it is raised in the thread of the job
            self.error = error
