"""Maintenance: old request rows are deleted, but none that a budget still counts."""

from pathlib import Path

from storage import sources
from tests.builders import DAY, HOUR, INSTANT, START
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order
from tests.jobs.retention_world import maintenance_of


def test_only_requests_older_than_every_budget_window_are_deleted(world: JobsWorld) -> None:
    """Exactly two days are kept."""
    times = [world.now - 3 * DAY, world.now - 2 * DAY - INSTANT, world.now - 2 * DAY, world.now]
    with world.database.write() as tx:
        for at in times:
            sources.note_requests(tx, "scripted", at, 1)
    maintenance_of(world).run_once()
    assert world.rows("source_requests", "at") == times[2:]


def test_the_write_ahead_log_is_checkpointed(world: JobsWorld, tmp_path: Path) -> None:
    """Afterwards a copy of the database file alone is complete."""
    world.sell(an_order("a-name-to-be-found"))
    path = tmp_path / "jobs.db"
    assert b"a-name-to-be-found" not in path.read_bytes()
    maintenance_of(world).run_once()
    assert b"a-name-to-be-found" in path.read_bytes()


def test_a_clock_that_was_ahead_for_a_while_ends_no_guarantee(world: JobsWorld) -> None:
    """Targets unscheduled under the wrong clock are scheduled again once the clock is right."""
    world.sell(an_order())
    source = ScriptedSource()
    sampling, maintenance = (
        world.sampling(a_configured_source(source)),
        maintenance_of(world),
    )
    for world.now in (START + 40 * DAY, START + 2 * DAY):
        sampling.run_once()
        maintenance.run_once()
    source.script = lambda _name, _now: 1500
    while world.now < START + 3 * DAY:
        sampling.run_once()
        world.now += HOUR
    assert world.rows("refills", "quantity") == [500]
