"""`refilld orders import --backlog` and the hint at it, and `refilld backlog`."""

import json

import pytest

from monitor.model.decision import Reason
from storage.schema import refills
from tests.refilld.cli_world import CliWorld, csv, sold

OLD = [sold(number) for number in range(20)]
NEW = [sold(number, "2026-03-01T00:00:00Z") for number in range(100, 125)]


def test_an_import_with_backlog_says_how_many_orders_belong_to_it(cli: CliWorld) -> None:
    result = cli.run("orders", "import", cli.write(csv(OLD)), "--backlog")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == (
        "20 orders in the backlog; one alert tells of their drops when all are judged"
    )
    result = cli.run("orders", "import", cli.write(csv(OLD)), "--backlog", "--json")
    assert json.loads(result.stdout)["in_backlog"] == 0  # they are in the first one


def test_a_dry_run_begins_no_backlog(cli: CliWorld) -> None:
    before = cli.dump()
    assert cli.run("orders", "import", cli.write(csv(OLD)), "--backlog", "--dry-run").exit_code == 0
    assert cli.dump() == before


@pytest.mark.parametrize(
    ("rows", "hinted"), [(OLD, True), (OLD[:19], False), (OLD + NEW, False), (OLD + NEW[:19], True)]
)
def test_an_import_of_mostly_old_orders_hints_at_backlog(
    cli: CliWorld, rows: list[str], *, hinted: bool
) -> None:
    """From 20 on, if they are more than half."""
    stderr = cli.run("orders", "import", cli.write(csv(rows))).stderr
    hint = (
        "orders.csv: 20 orders were completed more than 3 days ago: import the file again with "
        "--backlog before refilld run, to hold the refills of drops that exist already, and be told once\n"
    )
    assert stderr == (hint if hinted else "")


def test_the_hint_works_when_it_is_followed(cli: CliWorld) -> None:
    path = cli.write(csv(OLD))
    cli.run("orders", "import", path)
    result = cli.run("orders", "import", path, "--backlog")
    assert result.stdout.splitlines()[-1].startswith("20 orders in the backlog;")


def test_what_is_held_from_a_backlog_is_discarded_together(cli: CliWorld) -> None:
    cli.world.queue("1", held=True)
    with cli.world.database.write() as tx:
        tx.execute(refills.update().values(reason=Reason.BACKLOG))
    assert cli.run("backlog", "show").stdout.startswith("held from a backlog: 1 order, 1 refill, 100 units")
    result = cli.run("backlog", "discard", "--yes")
    assert result.stdout.splitlines()[-1] == "0 released (0 units), 1 discarded"
    assert cli.world.state(1) == "rejected"
