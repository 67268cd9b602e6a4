"""`refilld search`: what is found by a name, and the remedy when there is more."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage import orders
from tests.refilld.cli_world import CliWorld, cli_world
from tests.refilld.queue_world import a_sold_order


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliWorld]:
    """Two refills, and an order of a customer with an apostrophe."""
    with cli_world(tmp_path) as cli:
        cli.world.queue("A-1", "A-2")
        with cli.world.database.write() as tx:
            order = replace(a_sold_order("B-1", "zoo"), customer="O'Brien")
            orders.import_batch(tx, [order], cli.world.now)
        yield cli


def test_a_search_prints_what_it_finds_and_how_to_list_a_customer(cli: CliWorld) -> None:
    """The command can be pasted whatever the name is."""
    assert cli.run("search", "A-").stdout.split()[7:9] == ["A-1", "order_id"]
    assert cli.run("search", "O'B").stdout == (
        "customer O'Brien: refilld orders list --customer 'O'\"'\"'Brien'\n"
    )
    assert cli.run("search", "nobody").stdout == "nothing is named nobody\n"


def test_a_search_as_json_names_the_kind_of_each_row(cli: CliWorld) -> None:
    printed = [cli.run("search", text, "--json").stdout for text in ("1", "O'Brien", "B-1")]
    records = [json.loads(line)["record"] for text in printed for line in text.splitlines()]
    assert records == ["refill", "customer", "order"]
