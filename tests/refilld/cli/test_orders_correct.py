"""`refilld orders correct`: what it says, and what the story of the order says."""

import json
import shlex

import pytest
from click.testing import Result

from monitor.model.decision import Action
from tests.refilld.cli.order_output import objects
from tests.refilld.cli_world import CliWorld, csv, sold
from tests.storage.shop import owe


def correct(cli: CliWorld, start_count: str, *more: str) -> Result:
    return cli.run("orders", "correct", "1", "--start-count", start_count, "--comment", "typed wrong", *more)


def test_a_correction_is_told_and_is_part_of_the_story(cli: CliWorld) -> None:
    """As text and as JSON."""
    cli.imported(sold(1))
    result = correct(cli, "3572")
    assert (result.exit_code, result.stdout) == (0, "order 1: start count 500 -> 3572\n")
    assert "start count corrected from 500 to 3,572" in cli.run("orders", "show", "1").stdout
    shown = json.loads(cli.run("orders", "show", "1", "--json").stdout)
    assert (shown["start_count"], shown["baseline"]) == (3572, 4572)
    (correction,) = shown["corrections"]
    assert (correction["field"], correction["before"], correction["after"]) == ("start_count", 500, 3572)
    assert "order.corrected" in [event["kind"] for event in shown["events"]]
    (told,) = objects(cli.run("audit", "--kind", "order.corrected", "--json"))
    assert told["text"] == "start_count of order 1 is 3572, 500 before (typed wrong)"


def test_a_correction_says_that_decisions_rest_on_the_old_baseline(cli: CliWorld) -> None:
    """And names the refill that came of it."""
    cli.imported(sold(1))
    with cli.world.database.write() as tx:
        refill_id = owe(tx, "1", Action.REFILL, at=cli.world.clock())
    result = correct(cli, "400")
    assert result.stdout.splitlines()[1:] == [
        "1 earlier decision rests on the old baseline and stays as it is",
        f"its open refill stays as it is; if it is wrong: refilld refills cancel {refill_id}",
    ]
    story = cli.run("orders", "show", "1").stdout
    expected = "from 500 to 400; 1 earlier decision rests on the old baseline and stays as it is"
    assert expected in story
    (facts,) = objects(correct(cli, "300", "--json"))
    assert (facts["changed"], facts["decisions"], facts["open_refills"]) == (True, 1, [refill_id])


def test_the_same_start_count_is_no_correction(cli: CliWorld) -> None:
    """It is not kept either."""
    cli.imported(sold(1))
    result = correct(cli, "500")
    assert result.stdout == "order 1: the start count is 500 already\n"
    assert json.loads(cli.run("orders", "show", "1", "--json").stdout)["corrections"] == []


def test_the_correction_that_an_import_proposes_works_when_pasted(cli: CliWorld) -> None:
    """For an id that looks like an option as well."""
    row = "-7,svc,@shop7,1000,Completed,2026-03-01T12:00:00Z,{},,followers,acme,1.50,USD"
    cli.imported(row.format(500))
    refused = cli.run("orders", "import", cli.write(csv([row.format(400)])))
    command = shlex.split(refused.stderr.splitlines()[0].rpartition("if 400 is right: ")[2])
    assert command[0] == "refilld"
    assert cli.run(*command[1:]).stdout == "order -7: start count 500 -> 400\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["9", "--start-count", "1", "--comment", "why"], 1, "there is no order 9"),
        (["9", "--start-count", "1"], 2, "Missing option '--comment'"),
        (["9", "--start-count", "1", "--comment", " "], 2, "comment: say why the start count is corrected"),
        (["9"], 2, "Missing option '--start-count'"),
        (["9", "--start-count", "-1"], 2, "-1 is not in the range"),
    ],
)
def test_a_wrong_correction_is_refused(cli: CliWorld, words: list[str], code: int, message: str) -> None:
    """With one clear line."""
    result = cli.main("orders", "correct", *words)
    assert result.returncode == code
    assert message in result.stderr
