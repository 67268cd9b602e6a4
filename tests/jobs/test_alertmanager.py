"""Alertmanager is told what fires, and what has ended, also after it was away; never about one order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from structlog.testing import capture_logs

from jobs.alertmanager import AlertmanagerJob
from jobs.channel_round import ChannelError
from monitor.alerts.incidents import Incident
from monitor.events.event import Event
from monitor.events.examples import example_of
from monitor.events.kind import EventKind
from monitor.events.sources import source_blocked, source_ready
from storage import events
from tests.alert_job import routed
from tests.builders import MINUTE
from tests.jobs.jobs_world import JobsWorld


@dataclass
class Receiver:
    """Takes incidents, or refuses them."""

    told: list[list[Incident]] = field(default_factory=list)
    refuses: bool = False

    def send(self, incidents: Sequence[Incident]) -> None:
        if self.refuses:
            raise ChannelError("it cannot be reached")
        self.told.append(list(incidents))


def happened(world: JobsWorld, event: Event) -> None:
    with world.database.write() as tx:
        events.add(tx, event, world.clock())
        routed(tx, world.clock())


def job_of(world: JobsWorld, *, shadow: bool = False) -> tuple[AlertmanagerJob, Receiver]:
    receiver = Receiver()
    return AlertmanagerJob(world.database, world.clock, receiver, shadow), receiver


def test_a_problem_is_told_every_time_until_it_ends(world: JobsWorld) -> None:
    job, receiver = job_of(world)
    began = world.clock()
    happened(world, source_blocked("graph", "refused", None))
    job.run_once()
    job.run_once()
    happened(world, source_ready("graph", began, world.clock()))
    job.run_once()
    job.run_once()
    (first,), (second,), (ended,) = receiver.told
    assert first == second
    assert dict(first.labels) == {
        "alertname": "source.blocked", "severity": "critical", "source": "graph", "job": "refilld",
    }  # fmt: skip
    assert first.ends_at == world.clock() + timedelta(minutes=5)
    assert ended.ends_at == world.clock()


def test_the_end_is_told_when_alertmanager_is_back(world: JobsWorld) -> None:
    """A failure is one line."""
    job, receiver = job_of(world)
    happened(world, source_blocked("graph", "refused", None))
    job.run_once()
    happened(world, source_ready("graph", world.clock(), world.clock()))
    receiver.refuses = True
    with capture_logs() as lines:
        job.run_once()
        job.run_once()
    receiver.refuses = False
    job.run_once()
    assert [line["event"] for line in lines] == ["alertmanager.failed"] * 2
    assert all(line["once_a_minute"] for line in lines)
    assert receiver.told[-1][0].ends_at == world.clock()


def test_what_has_no_end_is_counted_without_its_orders(world: JobsWorld) -> None:
    """One incident for the drops of one service and provider; it ends five minutes after the last one."""
    job, receiver = job_of(world)
    for _ in range(3):
        happened(world, example_of(EventKind.DROP_HELD))
    job.run_once()
    ((incident,),) = receiver.told
    assert incident.count == 3
    assert {"order_id", "link", "refill_id"}.isdisjoint(dict(incident.labels))
    assert "A-1001" not in repr(incident)
    assert incident.ends_at == world.clock() + 5 * MINUTE


def test_shadow_mode_tells_nothing_about_orders(world: JobsWorld) -> None:
    job, receiver = job_of(world, shadow=True)
    happened(world, example_of(EventKind.DROP_HELD))
    job.run_once()
    assert receiver.told == []
