"""A world for the alert pipeline: a database, a clock, and one scripted channel for each receiver."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jobs.alert_pipeline import AlertPolicy, Receiver
from jobs.digest_round import Report
from monitor.alerts.grouping import GroupTimes
from monitor.alerts.messages import Room
from monitor.alerts.reasons import AlertReason
from monitor.alerts.routes import DEFAULT, Route
from monitor.events.event import Earlier, Event, Subject
from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from monitor.model.target import Metric
from storage import alert_history, events
from storage.alert_history import AlertHistory
from storage.engine import Database
from tests.alert_job import a_report, an_alerting
from tests.builders import SECOND, START
from tests.migrated_database import migrated_database


@dataclass
class Inbox:
    """A channel that takes everything, unless `fails`."""

    key: str
    room: Room = field(default_factory=lambda: Room(100_000, None, len, title_counts=False))
    messages: list[tuple[datetime, str, list[str]]] = field(default_factory=list)
    fails: Callable[[], BaseException | None] = lambda: None
    now: Callable[[], datetime] = lambda: START

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        error = self.fails()
        if error is not None:
            raise error
        self.messages.append((self.now(), title.removeprefix("refilld: "), body.split("\n")))


@dataclass
class AlertWorld:
    """The alerting job with its policy; `run_until` runs it every ten seconds."""

    database: Database
    receivers: Sequence[Receiver] = (Receiver(),)
    routes: Sequence[Route] = ()
    times: GroupTimes = field(default_factory=GroupTimes)
    now: datetime = START
    inboxes: dict[str, Inbox] = field(default_factory=dict)
    report: Report = a_report

    def inbox(self, receiver: str = DEFAULT) -> Inbox:
        return self.inboxes.setdefault(receiver, Inbox(receiver, now=lambda: self.now))

    def happen(self, kind: EventKind, text: str = "", problem: str = "", **subject: Any) -> int:
        """Store an event; returns its number."""
        event = Event(kind, Earlier(text or str(kind)), Subject(**subject), problem)
        with self.database.write() as tx:
            return events.add(tx, event, self.now)

    def run(self) -> None:
        receivers = {
            one.name: Receiver(one.name, (one.name,), one.quiet, one.send_resolved, one.digest)
            for one in self.receivers
        }
        channels = [self.inbox(name) for name in receivers]
        policy = AlertPolicy(receivers, self.routes, self.times)
        an_alerting(self.database, lambda: self.now, channels, policy=policy, report=self.report).run_once()

    def run_for(self, duration: timedelta, step: timedelta = 10 * SECOND) -> None:
        end = self.now + duration
        while self.now <= end:
            self.run()
            self.now += step
        self.now = end

    def told(self, receiver: str = DEFAULT) -> list[tuple[float, str]]:
        """Seconds since START and title of each message."""
        messages = self.inbox(receiver).messages
        return [((at - START).total_seconds(), title) for at, title, _ in messages]

    def history(self, event_id: int) -> AlertHistory:
        with self.database.read() as tx:
            return alert_history.history(tx, event_id)

    def reasons(self, event_id: int) -> list[AlertReason]:
        return [row.reason for row in self.history(event_id).receivers]

    def block(self, source: str = "graph") -> int:
        return self.happen(EventKind.SOURCE_BLOCKED, problem=source, source=source)

    def unblock(self, source: str = "graph") -> int:
        return self.happen(EventKind.SOURCE_READY, problem=source, source=source)

    def hold(self, text: str = "held", **subject: Any) -> int:
        return self.happen(EventKind.DROP_HELD, text, **{"metric": Metric.LIKES, **subject})


@contextmanager
def alert_world(directory: Path) -> Iterator[AlertWorld]:
    """A new world in a directory."""
    with migrated_database(directory / "alerts.db") as database:
        yield AlertWorld(database)
