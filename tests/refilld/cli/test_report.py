"""`refilld report`: the whole command, on a small shop."""

import csv
import json

import pytest

from storage import requests, targets
from storage.schema import targets as table
from tests.builders import HOUR
from tests.refilld.cli_world import CliWorld, sold
from tests.refilld.queue_world import NOW


@pytest.fixture
def shop(cli: CliWorld) -> CliWorld:
    """Two orders of 1,000 for 1.50 USD: 100 units queued, 100 units held; the customer of the first asks."""
    cli.imported(sold(1), sold(2))
    cli.world.queue_on([("1", "shop1")])
    cli.world.queue_on([("2", "shop2")], held=True)
    with cli.world.database.write() as tx:
        requests.ask(tx, "1", NOW)
    cli.world.now += HOUR
    return cli


def test_the_report_is_one_screen_of_text(shop: CliWorld) -> None:
    result = shop.run("report")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "report of 2026-03-01 13:00Z, the last 24h"
    assert "owed        2 refills, 200 units, 0.30 USD" in lines
    assert "            queued: 1 refill, 100 units, 0.15 USD, oldest 60m" in lines
    assert "customers   1 order whose customer waits for an answer" in lines
    assert lines[-1] == "     refilld check 1"
    assert max(map(len, lines)) <= 80


def test_the_report_is_one_json_object(shop: CliWorld) -> None:
    """`--json` and `--format json` are the same; amounts are strings."""
    (line,) = shop.run("report", "--json").stdout.splitlines()
    assert shop.run("report", "--format", "json").stdout == f"{line}\n"
    found = json.loads(line)
    assert (found["now"], found["since"]) == ("2026-03-01T13:00:00Z", "2026-02-28T13:00:00Z")
    assert found["queue"]["owed"] == {
        "number": 2,
        "units": 200,
        "by_currency": [{"currency": "USD", "number": 2, "units": 200, "amount": "0.30"}],
    }
    assert found["drops"]["total"]["opened"] == 2
    assert [row["order_id"] for row in found["waiting"]["longest"]] == ["1"]


def test_the_report_is_a_table_for_spreadsheets(shop: CliWorld) -> None:
    rows = list(csv.DictReader(shop.run("report", "--format", "csv").stdout.splitlines()))
    owed = [(row["name"], row["units"], row["amount"]) for row in rows if row["section"] == "owed"]
    assert owed == [("queued", "100", "0.15"), ("held", "100", "0.15")]


def test_the_report_is_markdown_for_chats(shop: CliWorld) -> None:
    assert (
        "| acme | 2 | 0 | 0 | 0 | 0.0 % |" in shop.run("report", "--format", "markdown").stdout.splitlines()
    )


def test_the_period_decides_which_drops_are_shown(shop: CliWorld) -> None:
    """The drops were opened an hour ago; what is owed has no period."""
    found = json.loads(shop.run("report", "--since", "30m", "--json").stdout)
    assert (found["drops"]["total"]["opened"], found["queue"]["owed"]["number"]) == (0, 2)
    assert found["period_seconds"] == 1800


@pytest.mark.parametrize(
    ("count", "owed", "line"),
    [
        (1_500, 100, "held, but recovered, so not owed: 1 refill, 100 units, 0.15 USD"),
        (1_440, 160, "held, but recovered, so not owed: 0 refills, 40 units, 0.06 USD"),
    ],
)
def test_what_has_recovered_while_it_is_held_is_not_owed(
    shop: CliWorld, count: int, owed: int, line: str
) -> None:
    """At the newest count, all or a part of its units, though its hold has not ended."""
    with shop.world.database.write() as tx:
        target_id = targets.of_order(tx, "2").target_id
        change = table.update().where(table.c.target_id == target_id)
        tx.execute(change.values(last_count=count, last_count_at=shop.world.now))
    assert f"            {line}" in shop.run("report").stdout.splitlines()
    found = json.loads(shop.run("report", "--json").stdout)["queue"]
    assert (found["owed"]["units"], found["held"]["units"]) == (owed, 100)
    assert f"  * {line}" in shop.run("report", "--format", "markdown").stdout.splitlines()
    rows = csv.DictReader(shop.run("report", "--format", "csv").stdout.splitlines())
    assert [row["units"] for row in rows if row["section"] == "recovered"] == [str(200 - owed)]


def test_the_report_changes_nothing(shop: CliWorld) -> None:
    before = shop.dump()
    shop.run("report")
    assert shop.dump() == before


def test_an_empty_database_is_said_plainly(cli: CliWorld) -> None:
    """With exit code 0."""
    result = cli.main("report")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == [
        "nothing to report: no order was imported yet",
        "  refilld orders import FILE",
    ]
    assert json.loads(cli.run("report", "--json").stdout)["empty"] is True


@pytest.mark.parametrize("words", [["--since", "soon"], ["--since", "0s"], ["--format", "pdf"]])
def test_a_wrong_option_is_a_wrong_usage(cli: CliWorld, words: list[str]) -> None:
    assert cli.run("report", *words).exit_code == 2
