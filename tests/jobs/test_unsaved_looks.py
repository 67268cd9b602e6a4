"""Looks that could not be saved: their targets are given back as soon as the database answers again."""

import sqlite3
from contextlib import closing

import pytest

from jobs.target_selection import CLAIMED_FOR
from storage.errors import UnreachableError
from storage.patience import Patience
from tests.builders import MINUTE, START
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order


def test_a_target_whose_look_could_not_be_saved_is_looked_at_when_the_database_answers(
    world: JobsWorld,
) -> None:
    """The daemon lives, so nobody has to wait for the end of its claim."""
    world.sell(an_order())
    world.database = world.database.with_patience(Patience(turn=0.05, statement=1))
    source = ScriptedSource()
    sampling = world.sampling(a_configured_source(source))
    with closing(sqlite3.connect(str(world.database.path), isolation_level=None)) as other:

        def lock() -> None:
            other.execute("BEGIN IMMEDIATE")

        source.while_reading = lock
        with pytest.raises(UnreachableError):
            sampling.run_once()
    assert world.rows("targets", "claimed_until") == [START + CLAIMED_FOR]
    source.while_reading = lambda: None
    world.now += MINUTE
    sampling.run_once()
    assert source.times == [START, START + MINUTE]
    assert world.rows("targets", "claimed_until", "last_look_at") == [(None, START + MINUTE)]
