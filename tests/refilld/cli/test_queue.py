"""`refilld queue`: pausing and resuming."""

import shlex

import pytest

from monitor.model.target import Metric
from tests.refilld.cli.doctor_runs import found
from tests.refilld.cli_world import CliWorld, sold


def test_the_queue_and_its_parts_are_paused_and_resumed(cli: CliWorld) -> None:
    """Each part on its own; the status shows them."""
    assert "the queue is open" in cli.run("queue", "status").output
    paused = cli.run("queue", "pause", "--provider", "acme", "--why", "bots")
    assert paused.stdout == "provider acme is paused\n"
    assert cli.run("queue", "pause", "--why", "all").output == "the whole queue is paused\n"
    assert cli.run("queue", "pause", "--why", "again").output == "the whole queue was paused already\n"
    assert cli.run("queue", "resume").output == "the whole queue is resumed\n"
    status = cli.run("queue", "status").output
    assert "the queue is partly paused" in status
    assert "acme" in status
    assert "bots" in status


def test_a_pause_of_what_no_order_has_is_told_with_the_known_names(cli: CliWorld) -> None:
    """It holds, as an order may come; the name that differs by case only comes first, and five are named."""
    names = [f"north {number}" for number in range(5)] + ["south"]
    cli.imported(*(sold(number).replace("acme", name) for number, name in enumerate(names)))
    paused = cli.run("queue", "pause", "--provider", "SOUTH", "--why", "x")
    assert (paused.exit_code, paused.stdout) == (0, "provider SOUTH is paused\n")
    assert paused.stderr == (
        "refilld: no order has the provider SOUTH, written like this; "
        "known: south, north 0, north 1, north 2, north 3, …\n"
    )
    assert "known: svc\n" in cli.run("queue", "pause", "--service", "SVC", "--why", "x").stderr
    assert cli.run("queue", "pause", "--provider", "south", "--why", "x").stderr == ""


def test_the_doctor_names_the_command_that_ends_a_pause(cli: CliWorld) -> None:
    """For a shell; carrying it out ends that pause."""
    cli.run("queue", "pause", "--provider", "big shop's", "--why", "x")
    command = """refilld queue resume --provider 'big shop'"'"'s'"""
    assert found(cli, "queue.pauses")["hint"] == f"{command}, once its refills may be delivered again"
    assert cli.run(*shlex.split(command)[1:]).output == "provider big shop's is resumed\n"


def test_a_resumption_of_what_is_not_paused_says_what_is(cli: CliWorld) -> None:
    """An operator has mistyped it, or meant all."""
    assert cli.run("queue", "resume").output == "the whole queue was not paused; nothing is paused\n"
    cli.run("queue", "pause", "--provider", "acme", "--why", "x")
    resumed = cli.run("queue", "resume", "--provider", "Acme")
    assert resumed.output == "provider Acme was not paused; paused: provider acme\n"


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
