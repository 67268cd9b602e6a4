"""Which daemons are alive: those with a recent beat whose process has not ended."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from jobs.local_process import local_process_exists
from storage import daemons, job_holders
from storage.daemons import SILENT_FROM, DaemonRow
from storage.engine import Transaction
from storage.server_time import shared_time


class Presence(StrEnum):
    """What is known of a recorded process."""

    ALIVE = "alive"
    SILENT = "silent"
    """Its process exists, or is on another host, but it has not written for a minute."""
    AHEAD = "ahead"
    """Its beat lies more than a minute in the future: the clock was wrong, and the beat says nothing."""
    GONE = "gone"
    """Its process has ended without stopping cleanly."""


@dataclass(frozen=True, slots=True)
class DaemonPresence:
    """A recorded process, and whether it is alive."""

    row: DaemonRow
    presence: Presence
    since_beat: timedelta
    jobs: tuple[str, ...]
    """The jobs that it carries out for all daemons."""


def present(
    tx: Transaction, now: datetime, process_exists: Callable[[int], bool] = local_process_exists
) -> list[DaemonPresence]:
    """All recorded processes, by the time of their start."""
    at, host, jobs = shared_time(tx, now), socket.gethostname(), job_holders.held(tx)
    return [
        DaemonPresence(
            row,
            _presence(row, at, gone=row.host == host and not process_exists(row.pid)),
            _since_beat(row, at),
            tuple(jobs.get(row.daemon_id, ())),
        )
        for row in daemons.listed(tx)
    ]


def _presence(row: DaemonRow, now: datetime, *, gone: bool) -> Presence:
    if gone:
        return Presence.GONE
    if row.beat_at > now + SILENT_FROM:
        return Presence.AHEAD
    return Presence.SILENT if _since_beat(row, now) > SILENT_FROM else Presence.ALIVE


def _since_beat(row: DaemonRow, now: datetime) -> timedelta:
    return max(now - row.beat_at, timedelta(0))
