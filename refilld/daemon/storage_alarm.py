"""The storage alarm: tells that the database cannot be written, straight to the channels and without it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Condition, Thread

import structlog

from jobs.channel_round import AlertChannel, ChannelError
from monitor.alerts.messages import divide, one_line
from monitor.events.severity import Severity
from monitor.model.time_words import minute

log = structlog.get_logger()
TITLE = "refilld: storage.fault [critical]"
TITLE_OVER = "refilld: storage.ready"
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class _Notice:
    title: str
    text: str
    severity: Severity


class StorageAlarm:
    """Tells a fault of the database once an hour while it lasts, and once that it is over.

    It is over when the database could be written for `settle`; a fault that returns before that goes on.

    `began` and `ended` return at once, may be called from any thread, and may be repeated: a thread of its
    own sends. What it knows is in memory only.
    """

    def __init__(
        self,
        channels: Sequence[AlertChannel],
        clock: Callable[[], datetime],
        after: timedelta = timedelta(minutes=1),
        repeat: timedelta = timedelta(hours=1),
        settle: timedelta = timedelta(minutes=5),
    ) -> None:
        """`after`: how long a fault lasts before it is told, and time between attempts that nobody took."""
        self._channels = channels
        self._clock = clock
        self._after = after.total_seconds()
        self._repeat = repeat.total_seconds()
        self._settle = settle.total_seconds()
        self._changed = Condition()
        self._fault = ""
        self._since = clock()
        self._next = _NEVER
        """When the fault, or its end, may be told, on the monotonic clock."""
        self._told_at = _NEVER
        self._told = False
        """Whether a channel took the message about the present fault."""
        self._thread: Thread | None = None

    @property
    def fault(self) -> str:
        """The present fault; empty without one."""
        with self._changed:
            return self._fault

    def began(self, fault: str) -> None:
        """Note that the database cannot be written."""
        with self._changed:
            if self._fault:
                return
            self._fault = one_line(fault)
            self._since = self._clock()
            repeated = self._told_at + self._repeat if self._told else _NEVER
            self._next = max(time.monotonic() + self._after, repeated)
            log.error("storage.fault", error=self._fault)
            if self._channels and self._thread is None:
                self._thread = Thread(target=self._run, daemon=True, name="storage-alarm")
                self._thread.start()
            self._changed.notify_all()

    def ended(self) -> None:
        """Note that the database can be written."""
        with self._changed:
            if self._fault:
                self._fault = ""
                self._next = time.monotonic() + self._settle
                log.info("storage.ready", since=str(self._since))
                self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while (message := self._message()) is None:
                    waits = self._fault or self._told
                    self._changed.wait(self._next - time.monotonic() if waits else None)
            accepted = [self._send(channel, message) for channel in self._channels]
            with self._changed:
                self._note(message, accepted=any(accepted))

    def _message(self) -> _Notice | None:
        """The message that is to be sent now."""
        since = f"{minute(self._since)} UTC"
        if self._fault and time.monotonic() >= self._next:
            return _Notice(
                TITLE,
                f"the database cannot be written since {since}: {self._fault}; "
                f"no look and no alert is stored until that ends",
                Severity.CRITICAL,
            )
        if self._told and not self._fault and time.monotonic() >= self._next:
            return _Notice(
                TITLE_OVER, f"the database can be written again, after a fault at {since}", Severity.INFO
            )
        return None

    def _note(self, message: _Notice, *, accepted: bool) -> None:
        now = time.monotonic()
        if message.severity is Severity.INFO:
            self._told = False
        elif accepted:
            self._told, self._told_at, self._next = True, now, now + self._repeat
        else:
            self._next = now + self._after

    def _send(self, channel: AlertChannel, message: _Notice) -> bool:
        """Send as much of the message as one message of the channel holds."""
        room = channel.room.beside(message.title)
        _, bodies = next(divide([message.text], room))
        try:
            channel.send(
                message.title, bodies[0], message.severity, resolved=message.severity is Severity.INFO
            )
        except ChannelError as error:
            log.warning("alerts.failed", error=str(error))
            return False
        return True
