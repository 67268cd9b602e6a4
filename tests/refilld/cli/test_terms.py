"""`refilld terms`: the sets of terms, their orders, and the terms that an import derives."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from monitor.errors import BadInputError
from refilld.cli.derived_terms import MOST_NAMES
from refilld.cli.terms import COMMANDS
from tests.refilld.cli_world import CliWorld, cli_world, csv, sold

GOLD = '[terms.gold]\nwindow = "lifetime"\nsettle = "36h"\nrefill = "on_request"\n'
DERIVING = "[service_names]\nderive_terms = true\n"
FOLLOWERS = '[services."1234"]\nmetric = "followers"\nname = "IG Followers R30 ♻"\n'


def configure(cli: CliWorld, text: str) -> None:
    database = f'[database]\nurl = "sqlite:///{cli.world.path}"\n'
    (cli.home / "refilld.toml").write_text(database + text, encoding="utf-8")


def row(order_id: int, service: str) -> str:
    return f"{order_id},{service},@shop{order_id},1000,Completed,2026-02-20T00:00:00Z,500,0,followers,,,"


def shown(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def sets(cli: CliWorld, *fields: str) -> list[tuple[object, ...]]:
    """These fields of all sets of terms."""
    return [tuple(one[field] for field in fields) for one in shown(cli.run("terms", "show", "--json"))]


def test_the_group_is_registered() -> None:
    """With the documented names."""
    (group,) = COMMANDS
    assert (group.name, set(group.commands)) == ("terms", {"show"})


# Show


def test_every_set_is_shown_with_all_its_values_as_the_configuration_writes_them(cli: CliWorld) -> None:
    """Durations have a unit, an unlimited window has its word."""
    configure(cli, GOLD)
    (gold,) = shown(cli.run("terms", "show", "gold", "--json"))
    assert gold == {
        "terms": "gold", "kind": "configured", "services": [], "orders": 0,
        "window": "lifetime", "settle": "36h", "min_drop_percent": 5, "min_drop_units": 10,
        "confirmations": 2, "confirm_after": "2h", "cooldown": "1d", "max_refills": 3,
        "max_refill_percent": 150, "below_start": "review", "partial_orders": True, "refill": "on_request",
    }  # fmt: skip


def test_the_default_terms_are_shown_without_any_configuration(cli: CliWorld) -> None:
    """As a table."""
    head, line = cli.run("terms", "show").stdout.splitlines()
    assert head.split()[:5] == ["terms", "kind", "services", "orders", "window"]
    assert line.split()[:4] == ["default", "configured", "0", "30d"]


def test_services_are_listed_by_their_terms(cli: CliWorld) -> None:
    """Services without terms have the default ones, or those derived from their name."""
    services = '[services.a]\nterms = "gold"\n[services.b]\n[services.c]\nterms = "gold"\n' + FOLLOWERS
    configure(cli, GOLD + services)
    assert sets(cli, "terms", "services") == [("default", ["b", "1234"]), ("gold", ["a", "c"])]
    configure(cli, GOLD + services + DERIVING)
    assert sets(cli, "terms", "kind", "services") == [
        ("default", "configured", ["b"]), ("gold", "configured", ["a", "c"]), ("R30", "from names", ["1234"]),
    ]  # fmt: skip


def test_orders_with_other_values_have_their_own_row(cli: CliWorld) -> None:
    """For a changed set, and for a removed one."""
    configure(cli, '[terms.default]\nwindow = "20d"\n[services.svc]\nterms = "gold"\n' + GOLD)
    cli.imported(row(1, "svc"), row(2, "svc"), row(3, "other"))
    assert sets(cli, "terms", "kind", "orders") == [("default", "configured", 1), ("gold", "configured", 2)]
    configure(cli, "")
    assert sets(cli, "terms", "kind", "window", "orders") == [
        ("default", "configured", "30d", 0), ("default", "as sold", "20d", 1),
        ("gold", "as sold", "lifetime", 2),
    ]  # fmt: skip


def test_unknown_terms_are_a_wrong_usage(cli: CliWorld) -> None:
    """The error names the existing terms."""
    configure(cli, GOLD)
    fault = cli.run("terms", "show", "golden").exception
    assert isinstance(fault, BadInputError)
    assert str(fault) == "NAME: there are no terms 'golden'; there are: default, gold"


def test_without_a_database_the_terms_are_shown_and_orders_are_not_counted(tmp_path: Path) -> None:
    """The terms can be checked before the first order."""
    with cli_world(tmp_path) as cli:
        (cli.home / "refilld.toml").write_text(f'[database]\nurl = "sqlite:///{tmp_path}/none.db"\n')
        result = cli.run("terms", "show", "--json")
        (default,) = shown(result)
    assert default["orders"] is None
    assert result.stderr.startswith("orders are not counted: there is no database ")


# Derived terms in an import


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_an_import_reports_derived_terms(cli: CliWorld, options: list[str]) -> None:
    """With the name, the values and the number of orders, the most frequent first."""
    configure(cli, DERIVING + FOLLOWERS)
    path = cli.write(csv([row(1, "Likes no refill"), row(2, "1234"), row(3, "1234"), row(4, "plain")]))
    output = cli.run("orders", "import", path, *options).stdout.splitlines()
    assert output[1:] == [
        'terms from the name "IG Followers R30 ♻": window 30d, refill automatic (2 orders)',
        'terms from the name "Likes no refill": refill never (1 order)',
    ]


def test_with_json_the_derived_terms_are_in_the_object(cli: CliWorld) -> None:
    """With the same facts."""
    configure(cli, DERIVING)
    (output,) = shown(cli.run("orders", "import", cli.write(csv([row(1, "Lifetime")])), "--json"))
    assert output["terms_from_names"] == [
        {"name": "Lifetime", "terms": "lifetime", "window": "365d", "refill": "automatic", "orders": 1}
    ]


def test_only_added_orders_are_reported_with_derived_terms(cli: CliWorld) -> None:
    """A second import adds none."""
    cli.imported(row(1, "Likes R60"))
    configure(cli, DERIVING)
    path = cli.write(csv([row(1, "Likes R60")]))
    assert cli.run("orders", "import", path).stdout == "0 added, 0 updated, 1 unchanged, 0 refused\n"
    (order,) = shown(cli.run("orders", "list", "--json"))
    assert (order["terms"], order["terms_from"]) == ("default", "default")


def test_many_service_names_are_counted_and_not_listed(cli: CliWorld) -> None:
    """Each row of a file may have its own service."""
    configure(cli, DERIVING)
    path = cli.write(csv(row(number, f"R{number}") for number in range(1, MOST_NAMES + 4)))
    lines = cli.run("orders", "import", path).stdout.splitlines()
    assert len(lines) == 1 + MOST_NAMES + 1
    assert lines[-1] == "and 3 orders with terms from further names"


def test_terms_are_derived_only_when_enabled(cli: CliWorld) -> None:
    """Otherwise the default terms apply; that the name promises others is told, with what to do."""
    path = cli.write(csv([row(1, "Likes R60"), row(2, "Likes R30")]))
    first, *told = cli.run("orders", "import", path).stdout.splitlines()
    assert first == "2 added, 0 updated, 0 unchanged, 0 refused"
    assert [line.partition(":")[0] for line in told] == [
        'the name "Likes R60" may promise other terms than the default ones, which hold (1 order)'
    ]
    assert sets(cli, "terms", "orders") == [("default", 2)]


def test_a_promise_that_cannot_be_read_stops_the_rows_until_the_operator_says_what_holds(
    cli: CliWorld,
) -> None:
    """One line with TOML to paste; another service is imported."""
    with (cli.home / "refilld.toml").open("a") as file:
        file.write("[service_names]\nderive_terms = true\n")
    rows = [sold(1).replace("svc", "IG Followers ❌ Refill"), sold(2).replace("svc", "Cheap followers")]
    path = cli.write(csv(rows))
    result = cli.run("orders", "import", path)
    assert (result.exit_code, result.stdout) == (1, "1 added, 0 updated, 0 unchanged, 1 refused\n")
    line, _, *toml = result.stderr.splitlines()
    assert line == (
        'orders.csv: service "IG Followers ❌ Refill" (1 row refused, first in line 2): the guarantee in its'
        ' name "IG Followers ❌ Refill" cannot be read'
    )
    with (cli.home / "refilld.toml").open("a") as file:
        file.write("\n".join(toml) + "\n")
    result = cli.run("orders", "import", path)
    assert (result.exit_code, result.stdout) == (0, "1 added, 0 updated, 1 unchanged, 0 refused\n")
