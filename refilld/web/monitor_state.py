"""Whether the monitor works, in one sentence at the foot of every page."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.events.kind import EventKind
from refilld.services.daemon_presence import Presence, present
from refilld.translations.source_text import translatable
from refilld.web.formats import age
from refilld.web.reader import gettext
from storage import self_check
from storage.daemons import DaemonMode
from storage.engine import Transaction

_WORDS = {
    EventKind.LOOKS_STOPPED: translatable("no counts are read"),
    EventKind.QUEUE_STALLED: translatable("refills wait to be claimed"),
    EventKind.ALERTS_UNDELIVERED: translatable("alerts are not delivered"),
    EventKind.DISK_LOW: translatable("the disk is nearly full"),
}


class HealthLevel(StrEnum):
    """How well the monitor works."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class MonitorHealth:
    """One sentence about the monitor."""

    level: HealthLevel
    text: str


def monitor_state(tx: Transaction, now: datetime) -> MonitorHealth:
    """The state of the jobs, and what the self-check has found."""
    running = [one for one in present(tx, now) if one.row.mode is DaemonMode.RUN]
    left = [one for one in running if one.presence is not Presence.GONE]
    if not left:
        return MonitorHealth(HealthLevel.BAD, gettext("the daemon does not run"))
    if all(one.presence is not Presence.ALIVE for one in left):
        silent = age(min(one.since_beat for one in left))
        return MonitorHealth(HealthLevel.BAD, gettext("the daemon has been silent for {age}", age=silent))
    holding = {problem.kind: since for problem, since in self_check.holding(tx).items()}
    problems = [
        gettext("{problem} (for {age})", problem=gettext(words), age=age(now - holding[kind]))
        for kind, words in _WORDS.items()
        if kind in holding
    ]
    if problems:
        return MonitorHealth(HealthLevel.BAD, "; ".join(problems))
    return MonitorHealth(HealthLevel.GOOD, gettext("the monitor works"))
