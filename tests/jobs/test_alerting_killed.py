"""At least once, and not twice: whenever the process is killed in a round of the alerting job."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts.grouping import GroupTimes
from monitor.events.kind import EventKind
from tests.alert_job import AT_ONCE
from tests.builders import MINUTE, START
from tests.jobs import killed_alerting
from tests.jobs.alert_world import AlertWorld, alert_world
from tests.jobs.killed_alerting import KILLED

MANY = 60


def killed_rounds(directory: Path, step: int) -> list[dict[str, Any]]:
    """What was sent when the round was killed before each of its statements."""
    command = [sys.executable, "-m", killed_alerting.__name__, str(directory), str(step)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def begin(world: AlertWorld) -> None:
    """Many drops, and a problem."""
    for number in range(MANY):
        world.hold(f"held {number}")
    world.block()


def end(world: AlertWorld) -> None:
    """The problem was told and has ended; a target became private and public again before that was told."""
    world.now = START - 10 * MINUTE
    world.times = GroupTimes(AT_ONCE.wait, AT_ONCE.interval)
    world.block()
    world.run()
    world.now = START - MINUTE
    world.unblock()
    world.happen(EventKind.TARGET_PRIVATE, problem="likes x")
    world.happen(EventKind.TARGET_READY, problem="likes x")
    world.run()


@pytest.mark.parametrize(
    ("prepare", "step", "texts"),
    [
        (begin, 2, {*(f"held {number}" for number in range(50)), "and 10 more", "source.blocked"}),
        (end, 3, {"source.ready"}),
    ],
)
def test_each_alert_is_told_once_whenever_the_process_is_killed(
    tmp_path: Path, prepare: Any, step: int, texts: set[str]
) -> None:
    """Twice only if it was killed between a message and the note that it was sent."""
    with alert_world(tmp_path) as world:
        prepare(world)
        world.database.checkpoint()
    (tmp_path / "alerts.db").rename(tmp_path / "before.db")
    rounds = killed_rounds(tmp_path, step)
    assert [one["code"] for one in rounds] == [KILLED] * (len(rounds) - 1) + [0]
    assert len(rounds) > 10
    for one in rounds:
        lines = Counter(line.partition(";")[0] for body in one["sent"] for line in body.splitlines())
        again = {line.partition(";")[0] for body in one["lost"] for line in body.splitlines()}
        assert one["later"] == 0
        assert lines == {text: 2 if text in again else 1 for text in texts}
    assert any(one["lost"] for one in rounds)
