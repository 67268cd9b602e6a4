"""Which daemons are alive: those with a recent beat whose process has not ended."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage import daemons
from storage.daemons import DaemonRow
from storage.engine import Transaction
from storage.server_time import shared_time

SILENT_FROM = timedelta(minutes=1)
"""Age of a beat from which on a daemon is not counted as alive."""


class Presence(StrEnum):
    """What is known of a recorded process."""

    ALIVE = "alive"
    SILENT = "silent"
    """Its process exists, or is on another host, but it has not written for a minute."""
    GONE = "gone"
    """Its process has ended without stopping cleanly."""


@dataclass(frozen=True, slots=True)
class DaemonPresence:
    """A recorded process, and whether it is alive."""

    row: DaemonRow
    presence: Presence
    since_beat: timedelta


def local_process_exists(pid: int) -> bool:
    """Whether a process of this number exists on this host."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # of another user
    return True


def present(
    tx: Transaction, now: datetime, process_exists: Callable[[int], bool] = local_process_exists
) -> list[DaemonPresence]:
    """All recorded processes, by the time of their start."""
    at, host = shared_time(tx, now), socket.gethostname()
    return [_judged(row, at, host, process_exists) for row in daemons.listed(tx)]


def _judged(
    row: DaemonRow, now: datetime, host: str, process_exists: Callable[[int], bool]
) -> DaemonPresence:
    since = max(now - row.beat_at, timedelta(0))
    if row.host == host and not process_exists(row.pid):
        return DaemonPresence(row, Presence.GONE, since)
    return DaemonPresence(row, Presence.SILENT if since > SILENT_FROM else Presence.ALIVE, since)
