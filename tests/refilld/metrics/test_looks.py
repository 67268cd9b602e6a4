"""Requests, looks, drops and decisions are counted by what caused them, after the commit."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jobs.configured_source import canary_for
from monitor.model.snapshot import Outcome
from refilld.metrics.process import ProcessMetrics
from storage.errors import UnreachableError
from tests.builders import DAY, HOUR, MINUTE, START
from tests.jobs.jobs_world import Answer, JobsWorld, ScriptedSource, a_configured_source, an_order, jobs_world
from tests.refilld.metrics.samples import above_zero, value


@dataclass
class CountedWorld:
    """A world whose sampling job is observed; each look reads the next answer."""

    world: JobsWorld
    source: ScriptedSource = field(default_factory=ScriptedSource)
    metrics: ProcessMetrics = field(default_factory=ProcessMetrics)

    def sample(self, answer: Answer | Mapping[str, Answer], at: datetime) -> None:
        """Run one round of the sampling job, in which the source answers so; all targets are due."""
        self.world.now = at
        answers = answer if isinstance(answer, Mapping) else defaultdict(lambda: answer)
        self.source.script = lambda name, _now: answers[name]
        with self.world.database.write() as tx:
            tx.exec_driver_sql("UPDATE targets SET next_due_at = 0, claimed_until = NULL")
        configured = replace(
            a_configured_source(self.source, first_pause=MINUTE), canary=canary_for(self.source, "instagram")
        )
        replace(self.world.sampling(configured), observer=self.metrics.looks).run_once()

    def counted(self, name: str) -> dict[tuple[str, ...], float]:
        return above_zero(self.metrics.registry, name)


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[CountedWorld]:
    with jobs_world(tmp_path) as world:
        yield CountedWorld(world)


def test_looks_are_counted_by_source_and_outcome(counted: CountedWorld) -> None:
    """As they are stored."""
    counted.world.sell(an_order("1", "nasa"), an_order("2", "esa"), an_order("3", "jaxa"))
    counted.sample({"nasa": 2000, "esa": Outcome.PRIVATE, "jaxa": 2000}, START + 2 * DAY)
    assert counted.counted("looks_total") == {("count", "scripted"): 2, ("private", "scripted"): 1}


def test_requests_are_counted_as_they_are_charged(counted: CountedWorld) -> None:
    """Also the further requests of a look, and those to the canary."""
    counted.world.sell(an_order("1", "nasa"))
    counted.source.cost = 3
    counted.sample(2000, START + 2 * DAY)
    assert counted.counted("source_requests_total") == {("look", "scripted"): 3}
    counted.sample({"instagram": 2000, "nasa": Outcome.BLOCKED}, START + 3 * DAY)
    counted.sample(2000, START + 4 * DAY)
    assert counted.counted("source_requests_total") == {
        ("look", "scripted"): 9, ("canary", "scripted"): 3,
    }  # fmt: skip
    assert len(counted.world.rows("source_requests")) == 12


def test_a_reading_without_a_request_counts_as_it_is_charged(counted: CountedWorld) -> None:
    """As one, which was charged before the source was read."""
    counted.world.sell(an_order("1", "nasa"))
    counted.source.cost = 0
    counted.sample(2000, START + 2 * DAY)
    assert counted.counted("source_requests_total") == {("look", "scripted"): 1}
    assert len(counted.world.rows("source_requests")) == 1


def test_a_request_whose_answer_breaks_the_contract_is_counted(counted: CountedWorld) -> None:
    """Its charge is committed before it is sent."""
    counted.world.sell(an_order("1", "nasa"))
    with pytest.raises(ZeroDivisionError):
        counted.sample(ZeroDivisionError(), START + 2 * DAY)
    assert counted.counted("source_requests_total") == {("look", "scripted"): 1}
    assert counted.counted("looks_total") == {}


def test_a_drop_is_counted_when_it_opens_when_it_is_confirmed_and_when_it_recovers(
    counted: CountedWorld,
) -> None:
    """Each once."""
    counted.world.sell(an_order())
    for hours, count in ((0, 2000), (6, 1500), (7, 1500), (8, 1500)):
        counted.sample(count, START + 2 * DAY + hours * HOUR)
    assert counted.counted("drops_opened_total") == {("followers",): 1}
    assert counted.counted("drops_confirmed_total") == {("followers",): 1}
    counted.world.sell(an_order("2", "esa"))
    for hours, count in ((20, 1500), (21, 2000)):
        counted.sample({"esa": count, "natgeo": 2000}, START + 2 * DAY + hours * HOUR)
    assert counted.counted("drops_opened_total") == {("followers",): 2}
    assert counted.counted("drops_confirmed_total") == {("followers",): 1}
    assert counted.counted("drops_recovered_total") == {("followers",): 1}


def test_the_detection_delay_begins_at_the_last_count_without_the_drop(counted: CountedWorld) -> None:
    """Looks without a count, and looks after the drop has opened, do not change it."""
    counted.world.sell(an_order())
    looks: list[tuple[timedelta, Answer]] = [
        (0 * HOUR, 2000),
        (5 * HOUR, 2000),
        (7 * HOUR, Outcome.TRANSIENT),
        (9 * HOUR, 1500),
        (10 * HOUR, 1500),
    ]
    for after, answer in looks:
        counted.sample(answer, START + 2 * DAY + after)
    registry = counted.metrics.registry
    assert value(registry, "detection_delay_seconds_count", metric="followers") == 1
    assert value(registry, "detection_delay_seconds_sum", metric="followers") == 4 * 3600


def test_a_drop_at_the_first_judged_count_has_no_detection_delay(counted: CountedWorld) -> None:
    """No count before could have shown it."""
    counted.world.sell(an_order())
    counted.sample(1500, START + 2 * DAY)
    assert counted.counted("drops_opened_total") == {("followers",): 1}
    assert counted.counted("detection_delay_seconds_count") == {}


def test_decisions_are_counted_once_each_and_units_when_the_refill_is_created(counted: CountedWorld) -> None:
    """A held refill whose hold ends is decided again, but its units are owed once."""
    counted.world.policy = replace(counted.world.policy, shadow=True)
    counted.world.sell(an_order())
    for hours in (0, 2, 3):
        counted.sample(1500, START + 2 * DAY + hours * HOUR)
    assert counted.counted("decisions_total") == {("hold", "shadow"): 1}
    with counted.world.database.write() as tx:
        tx.exec_driver_sql("UPDATE refills SET release_at = 1")
    counted.world.policy = replace(counted.world.policy, shadow=False)
    counted.sample(1500, START + 3 * DAY)
    assert counted.counted("decisions_total") == {("hold", "shadow"): 1, ("refill", "drop_confirmed"): 1}
    assert counted.counted("units_owed_total") == {("followers",): 500}


def test_a_look_that_is_not_committed_is_not_counted(counted: CountedWorld) -> None:
    """Its transaction fails while decisions are saved; the same look is counted when it succeeds."""
    counted.world.sell(an_order())
    counted.sample(1500, START + 2 * DAY)
    with closing(sqlite3.connect(counted.world.database.path or "")) as fault:
        fault.execute("ALTER TABLE decisions RENAME TO mislaid")
        with pytest.raises(UnreachableError):
            counted.sample(1500, START + 2 * DAY + 2 * HOUR)
        fault.execute("ALTER TABLE mislaid RENAME TO decisions")
    assert counted.counted("looks_total") == {("count", "scripted"): 1}
    assert counted.counted("decisions_total") == {}
    assert counted.counted("units_owed_total") == {}
    counted.sample(1500, START + 2 * DAY + 3 * HOUR)
    assert counted.counted("looks_total") == {("count", "scripted"): 2}
    assert counted.counted("units_owed_total") == {("followers",): 500}


def test_the_counters_of_a_source_begin_at_zero() -> None:
    """So that its first event is an increase."""
    metrics = ProcessMetrics()
    metrics.looks.expect(["graph"])
    for outcome in Outcome:
        assert value(metrics.registry, "looks_total", source="graph", outcome=outcome) == 0
    assert value(metrics.registry, "source_requests_total", source="graph", purpose="look") == 0
