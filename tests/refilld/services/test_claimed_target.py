"""A target that a process has claimed for a look: who else wants a look is told until when, and why."""

import sqlite3
from contextlib import closing

import pytest

from jobs.target_selection import CLAIMED_FOR
from monitor.model.time_words import second
from refilld.services.look_obstacle import EnabledSources
from refilld.services.refill_requests import Recheck
from refilld.timeline.load import load
from storage.errors import UnreachableError
from tests.builders import MINUTE, START
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order


def test_a_claimed_target_tells_until_when_no_other_process_looks_at_it(world: JobsWorld) -> None:
    """In the answer of a check, and as the next look of the order; nothing once the claim has ended."""
    world.sell(an_order())
    killed = ScriptedSource(lambda _name, _now: SystemExit("killed"))
    with pytest.raises(SystemExit):
        world.checking(a_configured_source(killed)).check("1")
    world.now += MINUTE
    until = START + CLAIMED_FOR
    says = f"a process has claimed the target for a look until {second(until)}Z"
    answer, recheck = world.checking(a_configured_source(ScriptedSource())).check("1")
    assert recheck is Recheck.DUE
    assert str(answer.look.obstacle).startswith(f"{says}; ")
    for now, expected in ((world.now, (until, says)), (until, (START, "asked for 1"))):
        with world.database.read() as tx:
            order = load(tx, "1", now, EnabledSources(("scripted",)))
        assert (order.next_look, order.due_reason) == expected


def test_a_check_whose_look_cannot_be_saved_gives_its_target_back(world: JobsWorld) -> None:
    """Nobody waits for the end of its claim once the database works again."""
    world.sell(an_order())
    with closing(sqlite3.connect(str(world.database.path), isolation_level=None)) as other:

        def fail() -> None:
            other.execute("ALTER TABLE snapshots RENAME TO lost")

        source = ScriptedSource(while_reading=fail)
        with pytest.raises(UnreachableError):
            world.checking(a_configured_source(source)).check("1")
    assert source.times == [START]
    assert world.rows("targets", "claimed_until") == [None]
