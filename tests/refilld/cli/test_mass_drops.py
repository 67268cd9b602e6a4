"""`refilld mass-drops`: the list, and one command for all held refills."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.target import Metric
from storage import mass_drops
from tests.refilld.cli_world import CliWorld, cli_world


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliWorld]:
    with cli_world(tmp_path) as cli:
        yield cli


@pytest.fixture
def held(cli: CliWorld) -> CliWorld:
    """Two refills of followers and one of likes are held, and a mass drop of followers is active."""
    cli.world.queue("1", "2", held=True)
    cli.world.queue("3", held=True, metric=Metric.LIKES)
    with cli.world.database.write() as tx:
        mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(20, 9), cli.world.now)
    return cli


def test_the_list_shows_mass_drops_and_held_refills(held: CliWorld) -> None:
    """As a table and as JSON."""
    result = held.run("mass-drops", "list", "--json")
    (row,) = map(json.loads, result.stdout.splitlines())
    facts = {name: row[name] for name in ("metric", "judged", "fallen", "ended_at", "held")}
    assert facts == {"metric": "followers", "judged": 20, "fallen": 9, "ended_at": None, "held": 2}
    assert "followers" in held.run("mass-drops", "list").stdout


def test_all_held_refills_of_a_metric_are_released_together(held: CliWorld) -> None:
    """The others stay held."""
    result = held.run("mass-drops", "release", "followers", "--yes")
    assert (result.exit_code, result.stdout) == (0, "2 released (200 units), 0 discarded\n")
    assert [held.world.state(i) for i in (1, 2, 3)] == ["queued", "queued", "held"]


def test_all_held_refills_of_a_metric_are_discarded_together(held: CliWorld) -> None:
    """Each is rejected."""
    result = held.run("mass-drops", "discard", "followers", "--yes")
    assert (result.exit_code, result.stdout) == (0, "0 released (0 units), 2 discarded\n")
    assert [held.world.state(i) for i in (1, 2, 3)] == ["rejected", "rejected", "held"]


def test_without_held_refills_nothing_changes(cli: CliWorld) -> None:
    """It is no error."""
    assert cli.run("mass-drops", "release", "views").stdout == "0 released (0 units), 0 discarded\n"
    assert cli.run("mass-drops", "list").stdout == "nothing to show\n"


def test_an_unknown_metric_is_a_wrong_usage(cli: CliWorld) -> None:
    """The error names the metrics."""
    result = cli.run("mass-drops", "release", "comments")
    assert result.exit_code == 2
    assert "'followers', 'likes', 'views'" in result.stderr
