"""Retention: what the maintenance job deletes, how much at a time, and what it never changes."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from structlog.testing import capture_logs

from jobs import retention
from monitor.model.order import Order
from monitor.model.snapshot import Outcome
from monitor.retention.policy import Retention
from refilld.answers.texts import shipped_texts
from refilld.timeline.facts import timeline_facts
from refilld.timeline.load import load
from storage import old_rows, order_states, snapshot_thinning
from storage.engine import Database
from storage.schema import snapshots
from tests.builders import DAY, HOUR, MINUTE, START
from tests.effort import examples
from tests.jobs.jobs_world import JobsWorld, an_order, jobs_world
from tests.jobs.retention_world import maintenance_of, operate, retention_of
from tests.jobs.test_properties import EVENTS, FAILURES, Event, essence, outcome_of, play, sales
from tests.postgres_server import fast_directory

SHORT = Retention(snapshots_full=DAY)
FORTY = 40 * DAY
"""After the guarantee of 30 days, and the day of SHORT."""


def fill(world: JobsWorld, days: int, per_day: int = 24) -> None:
    """Store counts of the standard order's target, at equal intervals from START on."""
    rows = [
        {
            "target_id": 1, "at": START + number * DAY / per_day, "outcome": Outcome.COUNT, "count": 2000,
            "source": "scripted", "count_kind": "follower_count", "detail": "",
        }
        for number in range(days * per_day)
    ]  # fmt: skip
    with world.database.write() as tx:
        tx.execute(insert(snapshots), rows)


def looks_by_day(world: JobsWorld) -> dict[str, int]:
    times = world.rows("snapshots", "at")
    return {f"{day}": sum(at.date() == day for at in times) for day in sorted({at.date() for at in times})}


def test_looks_older_than_the_longest_guarantee_and_the_limit_are_thinned(world: JobsWorld) -> None:
    """To one a day; those of the last 31 days are complete."""
    world.sell(an_order())
    fill(world, 40)
    operate(world, START, START + FORTY)
    maintenance_of(world, SHORT).run_once()
    numbers = list(looks_by_day(world).values())
    assert numbers == [1] * 9 + [24] * 31 + [12]


def test_the_default_keeps_every_look_for_the_guarantee_and_90_days(world: JobsWorld) -> None:
    world.sell(an_order())
    fill(world, 122, per_day=2)
    operate(world, START, START + 122 * DAY)
    maintenance_of(world).run_once()
    assert list(looks_by_day(world).values())[:4] == [1, 1, 2, 2]


def test_nothing_is_deleted_where_the_policy_says_never(world: JobsWorld) -> None:
    world.sell(an_order())
    world.lose()
    world.deliver()
    operate(world, START, START + 2000 * DAY)
    before = world.everything()
    maintenance_of(world, Retention(None, None, None, None)).run_once()
    after = world.everything()
    assert {table for table in after if after[table] != before[table]} <= {"operating_days", "targets"}


# A wrong clock


def test_a_clock_six_years_ahead_deletes_nothing(world: JobsWorld) -> None:
    """A board without a clock: rows of this week are not six years old, however often the job runs."""
    world.sell(an_order())
    fill(world, 7)
    operate(world, START, START + 7 * DAY)
    world.lose(at=world.now)
    world.deliver()
    kept = ("snapshots", "refill_events", "requests", "events")
    before = [world.rows(table) for table in kept]
    world.now += 6 * 365 * DAY
    with capture_logs() as logs:
        for _ in range(5):
            maintenance_of(world, SHORT).run_once()
            world.now += MINUTE
    assert [world.rows(table) for table in kept] == before
    assert [(line["log_level"], line["last"], line["now"]) for line in logs if "advice" in line] == [
        ("warning", "2026-03-07", f"{world.now:%Y-%m-%d}")
    ]


def test_a_clock_that_is_right_again_goes_on_where_it_was(world: JobsWorld) -> None:
    """The day on which it was ahead lies in the future then, and makes nothing older."""
    world.sell(an_order())
    fill(world, 40)
    operate(world, START, START + FORTY)
    world.now += 2000 * DAY
    maintenance_of(world, SHORT).run_once()
    world.now -= 2000 * DAY
    with capture_logs() as logs:
        maintenance_of(world, SHORT).run_once()
    assert list(looks_by_day(world).values()) == [1] * 9 + [24] * 31 + [12]
    assert [line["event"] for line in logs] == ["retention.deleted"]


def test_on_a_day_after_a_long_gap_nothing_is_deleted_at_all(world: JobsWorld) -> None:
    """Not even what is old by operating days; the next day goes on by these."""
    world.sell(an_order())
    fill(world, 40)
    operate(world, START, START + FORTY)
    world.now += 40 * DAY
    maintenance_of(world, SHORT).run_once()
    assert set(looks_by_day(world).values()) == {12, 24}
    world.now += DAY
    maintenance_of(world, SHORT).run_once()
    assert list(looks_by_day(world).values()) == [1] * 10 + [24] * 30 + [12]


def test_days_on_which_refilld_was_off_are_no_age(world: JobsWorld) -> None:
    world.sell(an_order())
    fill(world, 20)
    operate(world, START, START + 20 * DAY)
    world.now += 100 * DAY
    maintenance_of(world, SHORT).run_once()
    assert set(looks_by_day(world).values()) == {12, 24}


# Batches


def test_a_round_is_bounded_and_beats_after_every_batch(
    world: JobsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next rounds do the rest."""
    monkeypatch.setattr(retention, "BATCHES", 2)
    monkeypatch.setattr(retention, "ROWS", 50)
    world.sell(an_order())
    fill(world, 40)
    operate(world, START, START + FORTY)
    pauses: list[timedelta] = []

    def wait(pause: timedelta) -> bool:
        pauses.append(pause)
        return False

    job = retention_of(world, SHORT, wait)
    job.run_once(world.now)
    after_one = len(world.rows("snapshots"))
    assert 40 * 24 - 2 * 50 <= after_one < 40 * 24
    assert len(pauses) == 2
    assert world.beats >= 2
    for _ in range(10):
        job.run_once(world.now)
    assert list(looks_by_day(world).values()) == [1] * 9 + [24] * 31 + [12]


def test_a_stop_ends_the_round_after_the_batch(world: JobsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 50)
    world.sell(an_order())
    fill(world, 40)
    operate(world, START, START + FORTY)
    retention_of(world, SHORT, lambda _pause: True).run_once(world.now)
    assert len(world.rows("snapshots")) >= 40 * 24 - 50


def test_the_space_of_deleted_rows_is_given_back(world: JobsWorld, tmp_path: Path) -> None:
    """The file of a new SQLite database shrinks by itself; a tenth of it may stay free."""
    world.sell(an_order())
    fill(world, 200, per_day=144)
    operate(world, START, START + 200 * DAY)
    world.database.checkpoint()
    before = (tmp_path / "jobs.db").stat().st_size
    for _ in range(3):
        maintenance_of(world, SHORT).run_once()
    assert (tmp_path / "jobs.db").stat().st_size < before / 2


# Nothing that anything depends on is deleted


def delete_all(database: Database, before: datetime) -> None:
    """Delete everything that can be deleted, whatever its age."""
    with database.write() as tx:
        snapshot_thinning.begin_pass(tx, before)
        while (batch := snapshot_thinning.next_batch(tx, 10, 7)) is not None:
            snapshot_thinning.delete_batch(tx, batch)
        for table in old_rows.TABLES:
            while old_rows.delete_batch(tx, table, before, 3)[1]:
                pass


def known(world: JobsWorld, sold: tuple[Order, ...]) -> list[Any]:
    """The states of the orders, their lines and claims, and the answers to their customers."""
    with world.database.read() as tx:
        states = order_states.of_target(tx, world.target().target_id)
        facts = [timeline_facts(load(tx, order.order_id, world.now), shipped_texts().of()) for order in sold]
    return [*map(essence, states), *facts]


@given(
    sales(),
    EVENTS,
    EVENTS,
    st.lists(st.tuples(st.integers(1, 14), st.sampled_from(FAILURES)), max_size=8),
)
@examples(6)
def test_what_is_deleted_changes_no_line_no_answer_and_no_later_decision(
    sold: tuple[Order, ...], past: list[Event], rest: list[Event], failures: list[tuple[int, Outcome]]
) -> None:
    """The same history goes on in the same way, with its past thinned and as it was."""
    outcomes = []
    for thinned in (True, False):
        with TemporaryDirectory(dir=fast_directory()) as directory, jobs_world(Path(directory)) as world:
            play(world, sold, past, failures)
            before = known(world, sold)
            if thinned:
                delete_all(world.database, world.now + DAY)
                assert known(world, sold) == before
            for number, event in enumerate(rest, start=1):
                world.look(event.count, START + 3 * DAY + number * HOUR)
            outcomes.append((outcome_of(world), known(world, sold)))
    assert outcomes[0] == outcomes[1]
