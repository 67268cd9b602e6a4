"""Actions on several refills at the prompt: a preview, a question, and nothing that was not shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refilld.cli.context import CommandContext
from refilld.cli.root import refilld
from storage import operator_actions, orders
from tests.builders import HOUR
from tests.refilld.cli_world import CliWorld, cli_world
from tests.refilld.queue_world import a_sold_order

RELEASE = ("mass-drops", "release", "followers")


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CliWorld]:
    """Three refills of 100 units of followers are held for a mass drop."""
    with cli_world(tmp_path) as cli:
        cli.world.queue("1", "2", "3", held=True)
        yield cli


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refilld.cli.confirm.has_terminal", lambda: True)


def answered(cli: CliWorld, answer: str, *words: object) -> Result:
    context = CommandContext(cli.home / "refilld.toml", cli.world.clock)
    return CliRunner().invoke(refilld, list(map(str, words)), obj=context, input=answer)


def counted(cli: CliWorld, order_id: str, count: int) -> None:
    """The newest count of an order's target."""
    with cli.world.database.write() as tx:
        target = orders.get(tx, order_id).target_id
        at = int(cli.world.now.timestamp() * 1_000_000)
        tx.exec_driver_sql(
            f"UPDATE targets SET last_count = {count}, last_count_at = {at} WHERE target_id = {target}"
        )


def states(cli: CliWorld) -> list[str]:
    return [cli.world.state(refill_id) for refill_id in (1, 2, 3)]


def test_without_a_terminal_and_without_yes_nothing_is_changed(cli: CliWorld) -> None:
    """One line says so, and the exit code is 2."""
    before = cli.dump()
    for words in (RELEASE, ("refills", "cancel", 1, 2), ("refills", "reject", "--reason", "mass_drop")):
        result = cli.main(*words)
        assert result.returncode == 2
        assert result.stdout == ""
        assert result.stderr.splitlines()[-1] == (
            "Error: nothing is changed: no terminal to ask on; --yes answers, --dry-run only shows"
        )
    assert cli.dump() == before


def test_a_dry_run_shows_the_preview_and_changes_nothing(cli: CliWorld) -> None:
    """On standard output, as the result of the command."""
    before = cli.dump()
    result = cli.run(*RELEASE, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "release: queues 3 refills, 300 units, of 3 orders",
        "  service: 1234",
        "  provider: acme",
    ]
    assert cli.dump() == before


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("answer", "state", "code"), [("y\n", "queued", 0), ("n\n", "held", 1), ("\n", "held", 1)]
)
def test_a_terminal_is_asked_and_only_yes_acts(cli: CliWorld, answer: str, state: str, code: int) -> None:
    """No is the default; it is told that nothing is changed."""
    result = answered(cli, answer, *RELEASE)
    assert result.exit_code == code
    assert "release 3 refills? [y/N]" in result.stderr
    assert states(cli) == [state] * 3
    assert ("nothing is changed" in result.stderr) is bool(code)


def test_the_preview_shows_the_units_that_will_be_queued(cli: CliWorld) -> None:
    """At the newest count: one misses fewer units, one has recovered."""
    counted(cli, "1", 1940)
    counted(cli, "2", 2000)
    counted(cli, "3", 1900)
    lines = cli.run(*RELEASE, "--dry-run").stdout.splitlines()
    assert lines[0] == "release: queues 2 refills, 160 units, of 2 orders"
    assert lines[-1] == "release: discards as recovered 1 refill, 100 units, of 1 order"
    result = cli.run(*RELEASE, "--yes")
    assert (result.exit_code, result.stdout) == (0, "2 released (160 units), 1 discarded\n")


def test_the_preview_tells_of_how_many_orders_all_that_was_sold_is_queued(cli: CliWorld) -> None:
    """As after a first count of 0."""
    cli.world.queue_on([("9", "profile.9")], held=True, quantity=1000)
    shown = cli.run("refills", "approve", 3, 4, "--dry-run").stdout.splitlines()[0]
    assert shown == "approve: queues 2 refills, 1,100 units, of 2 orders; 1 refill for all that was sold"


def test_what_is_owed_no_more_is_left_out_of_an_approval(cli: CliWorld) -> None:
    """Its reason is told, it stays held, and the exit code is 1."""
    counted(cli, "2", 2000)
    result = cli.run("refills", "approve", "--metric", "followers", "--yes")
    assert (result.exit_code, result.stdout) == (1, "2 queued (200 units), 1 refused\n")
    assert result.stderr.splitlines()[-1] == (
        "  left out: refill 2: nothing is missing at the newest count; reject or cancel it"
    )
    assert states(cli) == ["queued", "held", "queued"]


@pytest.mark.usefixtures("terminal")
def test_what_changes_between_preview_and_action_is_refused(
    cli: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is cancelled, one is owed more than was shown; both are told, the third is done."""
    counted(cli, "2", 1940)

    def meanwhile(*_: object, **__: object) -> bool:
        counted(cli, "2", 1900)
        with cli.world.database.write() as tx:
            operator_actions.act(tx, 1, "cancel", cli.world.now)
        cli.world.queue("4", held=True)
        return True

    monkeypatch.setattr("refilld.cli.confirm.click.confirm", meanwhile)
    result = cli.run(*RELEASE)
    assert (result.exit_code, result.stdout) == (1, "1 released (100 units), 0 discarded, 2 refused\n")
    assert result.stderr.splitlines()[-2:] == [
        "refilld: release 1: refill 1 has changed: it is cancelled (mass_drop) now",
        "refilld: release 2: refill 2 has changed: it is owed 100 units now, 60 were shown",
    ]
    assert [*states(cli), cli.world.state(4)] == ["cancelled", "held", "queued", "held"]


def test_a_preview_has_at_most_twelve_lines(cli: CliWorld) -> None:
    """With many services and providers, the largest are named and the others counted."""
    with cli.world.database.write() as tx:
        for number, order_id in enumerate(("1", "2", "3")):
            tx.exec_driver_sql(
                f"UPDATE orders SET service = 's{number}', provider = NULL, price = '{number + 1}.00',"
                f" currency = 'USD' WHERE order_id = '{order_id}'"
            )
    cli.world.queue("4", "5", held=True)
    with cli.world.database.write() as tx:
        tx.exec_driver_sql("UPDATE orders SET service = 's' || order_id WHERE order_id IN ('4', '5')")
    lines = cli.run(*RELEASE, "--dry-run").stdout.splitlines()
    assert len(lines) <= 12
    assert lines == [
        "release: queues 5 refills, 500 units, 0.60 USD, 200 units without a price, of 5 orders",
        "  service s0: 1 refill, 100 units, 0.10 USD",
        "  service s1: 1 refill, 100 units, 0.20 USD",
        "  service s2: 1 refill, 100 units, 0.30 USD",
        "  2 other services: 200 units",
        "  provider (none): 3 refills, 300 units, 0.60 USD",
        "  provider acme: 2 refills, 200 units",
    ]


@pytest.mark.parametrize(
    ("options", "done"),
    [
        (["--order", "2"], [2]),
        (["--service", "1234"], [1, 2, 3]),
        (["--provider", "nobody"], []),
        (["--reason", "below_start_count"], []),
        (["--since", "1h"], []),
        (["--before", "1h"], [1, 2, 3]),
    ],
)
def test_a_filter_chooses_the_refills(cli: CliWorld, options: list[str], done: list[int]) -> None:
    """By order, service, provider, reason and age."""
    cli.world.now += 2 * HOUR
    assert cli.run("refills", "reject", *options, "--yes").exit_code == 0
    assert [i for i in (1, 2, 3) if cli.world.state(i) == "rejected"] == done


@pytest.mark.parametrize("words", [[], [1, "--order", "2"]])
def test_ids_or_a_filter_are_needed(cli: CliWorld, words: list[object]) -> None:
    """Not both, and not neither."""
    result = cli.run("refills", "cancel", *words)
    assert result.exit_code == 2
    assert "either IDs, or a filter" in result.stderr


def test_of_two_dead_refills_of_one_order_one_is_requeued(cli: CliWorld) -> None:
    """At most one refill of an order is open."""
    with cli.world.database.write() as tx:
        orders.import_batch(tx, [a_sold_order("9", "profile.9")], cli.world.now)
        tx.exec_driver_sql("UPDATE refills SET state = 'dead', order_id = '9', number = refill_id")
        tx.exec_driver_sql("UPDATE drops SET order_id = '9', state = 'refilled'")
    result = cli.run("refills", "requeue", "--order", "9", "--yes")
    assert (result.exit_code, result.stdout) == (1, "1 queued (100 units), 2 refused\n")
    assert states(cli) == ["queued", "dead", "dead"]
