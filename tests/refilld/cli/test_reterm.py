"""`refilld orders reterm`: new terms for existing orders, with a dry run."""

import json

import pytest
from click.testing import Result

from monitor.model.refill import RefillState
from refilld.services import reterm
from storage import refills
from storage.errors import NotFoundError
from tests.refilld.cli_world import CliWorld, sold


def configure(cli: CliWorld, text: str) -> None:
    (cli.home / "refilld.toml").write_text(f'[database]\nurl = "sqlite:///{cli.world.path}"\n{text}')


def objects(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def terms(cli: CliWorld) -> dict[object, tuple[object, object]]:
    """The terms of each order, and their origin."""
    rows = objects(cli.run("orders", "list", "--json"))
    return {row["order_id"]: (row["terms"], row["terms_from"]) for row in rows}


DEFAULT_60 = '[terms.default]\nwindow = "60d"\nmax_refills = 5\n'


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "nothing is changed: no terminal to ask on"),
        (["--dry-run", "--apply"], "say either --dry-run to see what would change, or --yes to change it"),
    ],
)
def test_without_a_clear_yes_nothing_is_changed(cli: CliWorld, options: list[str], words: str) -> None:
    """Without a terminal, and with options that contradict each other."""
    cli.imported(sold(1))
    configure(cli, DEFAULT_60)
    before = cli.dump()
    result = cli.run("orders", "reterm", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert cli.dump() == before


def test_on_a_terminal_the_changes_are_summed_up_and_asked_for(
    cli: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that has changed meanwhile is refused, the other one is changed."""
    cli.imported(sold(1), sold(2), sold(3))
    configure(cli, DEFAULT_60)

    def meanwhile(*_: object, **__: object) -> bool:
        with cli.world.database.write() as tx:
            tx.exec_driver_sql(
                """UPDATE orders SET terms = replace(terms, '"max_refills": 3', '"max_refills": 4')"""
                " WHERE order_id = '2'"
            )
        return True

    monkeypatch.setattr("refilld.cli.confirm.has_terminal", lambda: True)
    monkeypatch.setattr("refilld.cli.confirm.click.confirm", meanwhile)
    cli.run("orders", "reterm", "3", "--yes")
    result = cli.run("orders", "reterm")
    assert result.stderr.splitlines() == [
        "changes the terms of 2 orders",
        "  2 orders: window 30d -> 60d, max_refills 3 -> 5",
        "refilld: 1 order changed since they were shown; run it again",
    ]
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "1 changed, 1 unchanged, 0 left as sold")


def test_a_dry_run_reports_each_change_and_changes_nothing(cli: CliWorld) -> None:
    """With the old and the new value and the number of orders."""
    cli.imported(sold(1), sold(2))
    configure(cli, DEFAULT_60)
    before = cli.dump()
    assert cli.run("orders", "reterm", "--dry-run").stdout.splitlines() == [
        "order 1: window 30d -> 60d, max_refills 3 -> 5",
        "order 2: window 30d -> 60d, max_refills 3 -> 5",
        "would be: 2 changed, 0 unchanged, 0 left as sold",
    ]
    assert cli.dump() == before


def test_apply_reports_the_same_and_changes_once(cli: CliWorld) -> None:
    """A repetition changes nothing."""
    cli.imported(sold(1))
    configure(cli, DEFAULT_60)
    assert cli.run("orders", "reterm", "--apply").stdout.splitlines() == [
        "order 1: window 30d -> 60d, max_refills 3 -> 5",
        "1 changed, 0 unchanged, 0 left as sold",
    ]
    again = cli.run("orders", "reterm", "--apply").stdout
    assert again == "0 changed, 1 unchanged, 0 left as sold\n"


def test_with_json_each_change_is_an_object_and_the_summary_is_last(cli: CliWorld) -> None:
    """With both values of each field."""
    cli.imported(sold(1))
    configure(cli, '[terms.default]\nwindow = "lifetime"\n')
    assert objects(cli.run("orders", "reterm", "--dry-run", "--json")) == [
        {"order_id": "1", "terms": "default", "changes": {"window": {"from": "30d", "to": "lifetime"}}},
        {"changed": 1, "unchanged": 0, "left": 0, "dry_run": True},
    ]


def test_only_the_named_orders_are_changed(cli: CliWorld) -> None:
    """An order that is named twice is counted once."""
    cli.imported(sold(1), sold(2))
    configure(cli, '[services.svc]\nterms = "gold"\n[terms.gold]\n')
    result = cli.run("orders", "reterm", "2", "2", "--apply")
    assert result.stdout.splitlines()[-1] == "1 changed, 0 unchanged, 0 left as sold"
    assert terms(cli) == {"1": ("default", "default"), "2": ("gold", "service")}


def test_an_unknown_order_stops_the_command(cli: CliWorld) -> None:
    """Before anything is changed."""
    cli.imported(sold(1))
    configure(cli, DEFAULT_60)
    before = cli.dump()
    fault = cli.run("orders", "reterm", "1", "404", "--apply").exception
    assert isinstance(fault, NotFoundError)
    assert str(fault) == "there is no order 404"
    assert cli.dump() == before


def test_terms_that_a_row_named_are_looked_up_by_their_name(cli: CliWorld) -> None:
    """If these terms no longer exist, the order keeps its own, which is reported."""
    configure(cli, "[terms.gold]\n")
    head = "order_id,service,link,quantity,status,completed_at,metric,terms\n"
    path = cli.write(head + "1,R60,@shop1,1000,Completed,2026-02-20T00:00:00Z,followers,gold\n")
    assert cli.run("orders", "import", path).exit_code == 0
    configure(cli, '[terms.gold]\ncooldown = "2d"\n[service_names]\nderive_terms = true\n')
    assert cli.run("orders", "reterm", "--apply").stdout.splitlines()[0] == "order 1: cooldown 1d -> 2d"
    configure(cli, "")
    assert cli.run("orders", "reterm", "--apply").stdout.splitlines() == [
        "order 1: left as sold, for there are no terms 'gold' any more",
        "0 changed, 0 unchanged, 1 left as sold",
    ]
    left, _ = objects(cli.run("orders", "reterm", "--dry-run", "--json"))
    assert left == {"order_id": "1", "terms": "gold", "changes": None}
    assert terms(cli) == {"1": ("gold", "row")}


def test_orders_follow_the_current_configuration_of_their_service(cli: CliWorld) -> None:
    """Its terms, else its name, else the default: as in an import."""
    cli.imported(sold(1))
    stages = {
        '[services.svc]\nname = "R60"\n[service_names]\nderive_terms = true\n': ("R60", "name"),
        '[services.svc]\nterms = "gold"\n[terms.gold]\n': ("gold", "service"),
        "": ("default", "default"),
    }
    for text, expected in stages.items():
        configure(cli, text)
        cli.run("orders", "reterm", "--apply")
        assert terms(cli) == {"1": expected}


def test_an_order_that_loses_its_refill_terms_loses_its_queued_refill(cli: CliWorld) -> None:
    """The refill is cancelled, not delivered."""
    (refill_id,) = cli.world.queue("17")
    configure(cli, '[terms.default]\nrefill = "never"\n')
    output = cli.run("orders", "reterm", "--apply").stdout.splitlines()
    assert output[0] == "order 17: refill automatic -> never"
    with cli.world.database.read() as tx:
        assert refills.get(tx, refill_id).state is RefillState.CANCELLED


def test_many_orders_are_processed_in_batches(cli: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, with and without named orders."""
    monkeypatch.setattr(reterm, "BATCH", 3)
    cli.imported(*map(sold, range(1, 12)))
    configure(cli, DEFAULT_60)
    named = cli.run("orders", "reterm", "--apply", *range(1, 6)).stdout.splitlines()
    assert named[-1] == "5 changed, 0 unchanged, 0 left as sold"
    rest = cli.run("orders", "reterm", "--apply").stdout.splitlines()
    assert rest[-1] == "6 changed, 5 unchanged, 0 left as sold"
