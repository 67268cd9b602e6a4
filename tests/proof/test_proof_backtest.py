"""`refilld backtest` and the naive model make the same decisions in every world."""

import json
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given

from refilld.backtest.run import backtest
from tests.effort import EFFORT, examples
from tests.proof.comparison import Row, agree, configured_by, difference, naive_decisions, report, write_rows
from tests.proof.drawn_worlds import worlds
from tests.proof.seeded_worlds import LONG_AFTER, seeded_world

BATCH = 20
"""Worlds per test case, so that test processes can share them."""


def both(world: Row) -> tuple[list[Row], list[Row]]:
    return naive_decisions(world | {"backlog": []}), backtested(world)


def backtested(world: Row) -> list[Row]:
    """Give the decisions that `refilld backtest` writes for a world; it must report no error."""
    lines: list[str] = []
    complaints: list[str] = []
    configured = configured_by(world)
    with TemporaryDirectory() as directory:
        orders = write_rows(Path(directory, "orders.jsonl"), world["orders"])
        events = write_rows(Path(directory, "events.jsonl"), world["events"])
        backtest(orders, events, configured, lines.append, complaints.append, LONG_AFTER)
    assert complaints == []
    return [parsed(line) for line in lines]


def parsed(line: str) -> Row:
    decision: Row = json.loads(line)
    return decision | {"at": datetime.fromisoformat(decision["at"])}


@pytest.mark.parametrize("batch", range(25 * EFFORT))
def test_the_backtest_decides_like_the_naive_model(batch: int) -> None:
    """Thousands of decisions over weeks of orders, losses, failed looks, flags, requests and completions."""
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        differs = difference(seeded_world(Random(seed)), both)
        assert not differs, f"world {seed}\n{differs}"


@examples(200)
@given(world=worlds())
def test_the_backtest_decides_like_the_naive_model_in_drawn_worlds(world: Row) -> None:
    """Hypothesis draws each part of the world separately, so that coincidences are frequent."""
    assert agree(world, both), report(world, both)
