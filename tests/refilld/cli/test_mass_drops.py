"""`refilld mass-drops`: the list, and one command for all held refills."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.target import Metric
from storage import mass_drops
from tests.refilld.cli_world import Desk, a_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as desk:
        yield desk


@pytest.fixture
def held(desk: Desk) -> Desk:
    """Two refills of followers and one of likes are held, and a mass drop of followers is active."""
    desk.world.queue("1", "2", held=True)
    desk.world.queue("3", held=True, metric=Metric.LIKES)
    with desk.world.database.write() as tx:
        mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(20, 9), desk.world.now)
    return desk


def test_the_list_shows_mass_drops_and_held_refills(held: Desk) -> None:
    """As a table and as JSON."""
    result = held.run("mass-drops", "list", "--json")
    (row,) = map(json.loads, result.stdout.splitlines())
    facts = {name: row[name] for name in ("metric", "judged", "fallen", "ended_at", "held")}
    assert facts == {"metric": "followers", "judged": 20, "fallen": 9, "ended_at": None, "held": 2}
    assert "followers" in held.run("mass-drops", "list").stdout


def test_all_held_refills_of_a_metric_are_released_together(held: Desk) -> None:
    """The others stay held."""
    result = held.run("mass-drops", "release", "followers")
    assert (result.exit_code, result.stdout) == (0, "2 released (200 units), 0 discarded\n")
    assert [held.world.state(i) for i in (1, 2, 3)] == ["queued", "queued", "held"]


def test_all_held_refills_of_a_metric_are_discarded_together(held: Desk) -> None:
    """Each is rejected."""
    result = held.run("mass-drops", "discard", "followers")
    assert (result.exit_code, result.stdout) == (0, "0 released (0 units), 2 discarded\n")
    assert [held.world.state(i) for i in (1, 2, 3)] == ["rejected", "rejected", "held"]


def test_without_held_refills_nothing_changes(desk: Desk) -> None:
    """It is no error."""
    assert desk.run("mass-drops", "release", "views").stdout == "0 released (0 units), 0 discarded\n"
    assert desk.run("mass-drops", "list").stdout == "nothing to show\n"


def test_an_unknown_metric_is_a_wrong_usage(desk: Desk) -> None:
    """The error names the metrics."""
    result = desk.run("mass-drops", "release", "comments")
    assert result.exit_code == 2
    assert "'followers', 'likes', 'views'" in result.stderr
