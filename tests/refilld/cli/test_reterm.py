"""`refilld orders reterm`: new terms for existing orders, with a dry run."""

import json

import pytest
from click.testing import Result

from monitor.model.refill import RefillState
from refilld.services import reterm
from storage import refills
from storage.errors import NotFoundError
from tests.refilld.cli_world import Desk, sold


def configure(desk: Desk, text: str) -> None:
    (desk.home / "refilld.toml").write_text(f'[database]\nurl = "sqlite:///{desk.world.path}"\n{text}')


def objects(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def terms(desk: Desk) -> dict[object, tuple[object, object]]:
    """The terms of each order, and their origin."""
    rows = objects(desk.run("orders", "list", "--json"))
    return {row["order_id"]: (row["terms"], row["terms_from"]) for row in rows}


DEFAULT_60 = '[terms.default]\nwindow = "60d"\nmax_refills = 5\n'


@pytest.mark.parametrize("options", [[], ["--dry-run", "--apply"]])
def test_dry_run_or_apply_is_required(desk: Desk, options: list[str]) -> None:
    """Without either option nothing is changed."""
    desk.imported(sold(1))
    configure(desk, DEFAULT_60)
    before = desk.dump()
    result = desk.run("orders", "reterm", *options)
    assert result.exit_code == 2
    assert "say either --dry-run to see what would change, or --apply to change it" in result.stderr
    assert desk.dump() == before


def test_a_dry_run_reports_each_change_and_changes_nothing(desk: Desk) -> None:
    """With the old and the new value and the number of orders."""
    desk.imported(sold(1), sold(2))
    configure(desk, DEFAULT_60)
    before = desk.dump()
    assert desk.run("orders", "reterm", "--dry-run").stdout.splitlines() == [
        "order 1: window 30d -> 60d, max_refills 3 -> 5",
        "order 2: window 30d -> 60d, max_refills 3 -> 5",
        "would be: 2 changed, 0 unchanged, 0 left as sold",
    ]
    assert desk.dump() == before


def test_apply_reports_the_same_and_changes_once(desk: Desk) -> None:
    """A repetition changes nothing."""
    desk.imported(sold(1))
    configure(desk, DEFAULT_60)
    assert desk.run("orders", "reterm", "--apply").stdout.splitlines() == [
        "order 1: window 30d -> 60d, max_refills 3 -> 5",
        "1 changed, 0 unchanged, 0 left as sold",
    ]
    again = desk.run("orders", "reterm", "--apply").stdout
    assert again == "0 changed, 1 unchanged, 0 left as sold\n"


def test_with_json_each_change_is_an_object_and_the_summary_is_last(desk: Desk) -> None:
    """With both values of each field."""
    desk.imported(sold(1))
    configure(desk, '[terms.default]\nwindow = "lifetime"\n')
    assert objects(desk.run("orders", "reterm", "--dry-run", "--json")) == [
        {"order_id": "1", "terms": "default", "changes": {"window": {"from": "30d", "to": "lifetime"}}},
        {"changed": 1, "unchanged": 0, "left": 0, "dry_run": True},
    ]


def test_only_the_named_orders_are_changed(desk: Desk) -> None:
    """An order that is named twice is counted once."""
    desk.imported(sold(1), sold(2))
    configure(desk, '[services.svc]\nterms = "gold"\n[terms.gold]\n')
    result = desk.run("orders", "reterm", "2", "2", "--apply")
    assert result.stdout.splitlines()[-1] == "1 changed, 0 unchanged, 0 left as sold"
    assert terms(desk) == {"1": ("default", "default"), "2": ("gold", "service")}


def test_an_unknown_order_stops_the_command(desk: Desk) -> None:
    """Before anything is changed."""
    desk.imported(sold(1))
    configure(desk, DEFAULT_60)
    before = desk.dump()
    fault = desk.run("orders", "reterm", "1", "404", "--apply").exception
    assert isinstance(fault, NotFoundError)
    assert str(fault) == "there is no order 404"
    assert desk.dump() == before


def test_terms_that_a_row_named_are_looked_up_by_their_name(desk: Desk) -> None:
    """If these terms no longer exist, the order keeps its own, which is reported."""
    configure(desk, "[terms.gold]\n")
    head = "order_id,service,link,quantity,status,completed_at,metric,terms\n"
    path = desk.write(head + "1,R60,@shop1,1000,Completed,2026-02-20T00:00:00Z,followers,gold\n")
    assert desk.run("orders", "import", path).exit_code == 0
    configure(desk, '[terms.gold]\ncooldown = "2d"\n[service_names]\nderive_terms = true\n')
    assert desk.run("orders", "reterm", "--apply").stdout.splitlines()[0] == "order 1: cooldown 1d -> 2d"
    configure(desk, "")
    assert desk.run("orders", "reterm", "--apply").stdout.splitlines() == [
        "order 1: left as sold, for there are no terms 'gold' any more",
        "0 changed, 0 unchanged, 1 left as sold",
    ]
    left, _ = objects(desk.run("orders", "reterm", "--dry-run", "--json"))
    assert left == {"order_id": "1", "terms": "gold", "changes": None}
    assert terms(desk) == {"1": ("gold", "row")}


def test_orders_follow_the_current_configuration_of_their_service(desk: Desk) -> None:
    """Its terms, else its name, else the default: as in an import."""
    desk.imported(sold(1))
    stages = {
        '[services.svc]\nname = "R60"\n[service_names]\nderive_terms = true\n': ("R60", "name"),
        '[services.svc]\nterms = "gold"\n[terms.gold]\n': ("gold", "service"),
        "": ("default", "default"),
    }
    for text, expected in stages.items():
        configure(desk, text)
        desk.run("orders", "reterm", "--apply")
        assert terms(desk) == {"1": expected}


def test_an_order_that_loses_its_refill_terms_loses_its_queued_refill(desk: Desk) -> None:
    """The refill is cancelled, not delivered."""
    (refill_id,) = desk.world.queue("17")
    configure(desk, '[terms.default]\nrefill = "never"\n')
    output = desk.run("orders", "reterm", "--apply").stdout.splitlines()
    assert output[0] == "order 17: refill automatic -> never"
    with desk.world.database.read() as tx:
        assert refills.get(tx, refill_id).state is RefillState.CANCELLED


def test_many_orders_are_processed_in_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, with and without named orders."""
    monkeypatch.setattr(reterm, "BATCH", 3)
    desk.imported(*map(sold, range(1, 12)))
    configure(desk, DEFAULT_60)
    named = desk.run("orders", "reterm", "--apply", *range(1, 6)).stdout.splitlines()
    assert named[-1] == "5 changed, 0 unchanged, 0 left as sold"
    rest = desk.run("orders", "reterm", "--apply").stdout.splitlines()
    assert rest[-1] == "6 changed, 5 unchanged, 0 left as sold"
