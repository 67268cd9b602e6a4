"""The backtest's memory grows with the orders, not with the looks."""

import random
import tracemalloc
from datetime import datetime
from pathlib import Path

import pytest

from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from refilld.backtest.mass_drop_window import MassDropWindow
from refilld.backtest.replay_target import ReplayTarget
from refilld.backtest.run import Replay
from refilld.settings.settings import Settings
from tests.refilld.backtest.backtest_world import (
    HOUR,
    NOW,
    SETTLED,
    SOLD,
    ReplayResult,
    look_event,
    order_row,
    replayed,
)

PLACES = 10


def history(looks: int) -> list[dict[str, object]]:
    return [
        look_event(SETTLED + number * HOUR / 60, 2000, f"shop{number % PLACES}") for number in range(looks)
    ]


def held(folder: Path, looks: int) -> int:
    """Bytes of memory that a replay uses after its last look."""
    replayed(folder, [order_row(str(n), f"shop{n}") for n in range(PLACES)], history(looks))
    out = ReplayResult()
    tracemalloc.start()
    try:
        replay = Replay([Settings()], out.lines.append, out.complaints.append)
        replay.run(folder / "orders.jsonl", folder / "events.jsonl", NOW)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_ten_times_the_looks_use_no_more_memory(tmp_path: Path) -> None:
    """Except for the window of the newest looks, which is full after the first day."""
    held(tmp_path, 100)  # fill caches and compile patterns
    few, many = held(tmp_path, 1_500), held(tmp_path, 15_000)
    assert many - few < 64 * 1024


@pytest.mark.parametrize("same_time", [True, False])
def test_many_looks_within_one_window_are_kept_once_a_target(same_time: bool) -> None:
    falls, places = MassDropWindow(MassDropRule()), [ReplayTarget() for _ in range(PLACES)]
    for number in range(20_000):
        falls.record(places[number % PLACES], SOLD if same_time else SOLD + number * HOUR / 10_000)
    assert len(falls._times) == len(falls._targets) < 2_000
    assert falls._judged == PLACES


def naive(rule: MassDropRule, looks: list[tuple[datetime, int, bool]]) -> list[bool]:
    """Apply section 6 literally: each target by its newest judged look and its newest opening."""
    judged: dict[int, datetime] = {}
    opened: dict[int, datetime] = {}
    began: datetime | None = None
    states = []
    for at, number, fell in looks:
        judged[number] = at
        if fell:
            opened[number] = at
        since = at - rule.window
        tally = MassDropCounts(
            sum(look >= since for look in judged.values()), sum(look >= since for look in opened.values())
        )
        on = rule.is_on(tally, began, at)
        began = (began or at) if on else None
        states.append(on)
    return states


@pytest.mark.parametrize("seed", range(20))
def test_the_window_counts_as_the_rules_say(seed: int) -> None:
    """Compared with a full count at each look; times repeat, and some are exactly one window apart."""
    dice, at, looks = random.Random(seed), SOLD, []
    for _ in range(3_000):
        at += dice.choice([0, 0, 1, 1, 2, 60]) * HOUR / 60
        looks.append((at, dice.randrange(30), dice.random() < dice.choice([0.02, 0.3])))
    rule = MassDropRule(window=HOUR, min_targets=5)
    falls, places = MassDropWindow(rule), [ReplayTarget() for _ in range(30)]
    states = [falls.record(places[number], at, opened=fell) for at, number, fell in looks]
    assert states == naive(rule, looks)
    assert {True, False} == set(states)
