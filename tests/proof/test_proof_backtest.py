"""The backtest and the second opinion tell the same decisions of every world."""

import json
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from refilld.backtest.run import backtest
from refilld.settings import Settings
from tests.proof.second_opinion import EFFORT, Row, agree, difference, second_opinion, story, write_rows
from tests.proof.worlds_at_random import LONG_AFTER, world_at_random
from tests.proof.worlds_that_shrink import worlds

HANDFUL = 20
"""Worlds of one test, so that workers can share them."""


def both(world: Row) -> tuple[list[Row], list[Row]]:
    return second_opinion(world), backtested(world)


def backtested(world: Row) -> list[Row]:
    """What `refilld backtest` writes for a world; it has nothing to complain about."""
    lines: list[str] = []
    complaints: list[str] = []
    configured = Settings.model_validate({"terms": world["terms"], "mass_drop": world["mass_drop"]})
    with TemporaryDirectory() as directory:
        orders = write_rows(Path(directory, "orders.jsonl"), world["orders"])
        events = write_rows(Path(directory, "events.jsonl"), world["events"])
        backtest(orders, events, configured, lines.append, complaints.append, LONG_AFTER)
    assert complaints == []
    return [parsed(line) for line in lines]


def parsed(line: str) -> Row:
    told: Row = json.loads(line)
    return told | {"at": datetime.fromisoformat(told["at"])}


@pytest.mark.parametrize("handful", range(50 * EFFORT))
def test_the_backtest_decides_as_the_second_opinion(handful: int) -> None:
    """Thousands of decisions over weeks of orders, losses, failed looks, flags, requests and completions."""
    for seed in range(handful * HANDFUL, (handful + 1) * HANDFUL):
        told = difference(world_at_random(Random(seed)), both)
        assert not told, f"world {seed}\n{told}"


@settings(max_examples=400 * EFFORT, deadline=None)
@given(world=worlds())
def test_the_backtest_decides_as_the_second_opinion_in_worlds_that_shrink(world: Row) -> None:
    """Hypothesis draws each part of the world, and so looks for coincidences that no story tells."""
    assert agree(world, both), story(world, both)
