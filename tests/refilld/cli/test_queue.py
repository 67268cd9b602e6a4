"""`refilld queue`: pausing and resuming."""

import pytest

from monitor.model.target import Metric
from tests.refilld.cli_world import CliWorld


def test_the_queue_and_its_parts_are_paused_and_resumed(cli: CliWorld) -> None:
    """Each part on its own; the status shows them."""
    assert "the queue is open" in cli.run("queue", "status").output
    paused = cli.run("queue", "pause", "--provider", "acme", "--why", "bots")
    assert paused.output == "provider acme is paused\n"
    assert cli.run("queue", "pause", "--why", "all").output == "the whole queue is paused\n"
    assert cli.run("queue", "pause", "--why", "again").output == "the whole queue was paused already\n"
    assert cli.run("queue", "resume").output == "the whole queue is resumed\n"
    status = cli.run("queue", "status").output
    assert "the queue is partly paused" in status
    assert "acme" in status
    assert "bots" in status


def test_one_command_pauses_one_part(cli: CliWorld) -> None:
    """Two parts have a pause each."""
    result = cli.run("queue", "pause", "--provider", "a", "--service", "b", "--why", "x")
    assert result.exit_code == 2


@pytest.mark.parametrize("metric", Metric)
def test_a_metric_is_paused_by_the_name_that_it_has_everywhere(cli: CliWorld, metric: Metric) -> None:
    """As `refills claim --metric` takes it."""
    paused = cli.run("queue", "pause", "--metric", str(metric), "--why", "x")
    assert (paused.exit_code, paused.output) == (0, f"metric {metric} is paused\n")
    assert cli.run("queue", "resume", "--metric", metric.name).exit_code == 2
