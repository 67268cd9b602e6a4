"""`refilld orders forget`: preview, question, and a database file that holds the name no more."""

import json

import pytest

from storage.daemon_lock import daemon_lock
from storage.errors import DaemonRunningError, NotFoundError
from tests.refilld.cli_world import CliWorld

NAME = "Erika Mustermann"
HEAD = "order_id,service,link,quantity,status,completed_at,start_count,metric,customer,price,currency\n"
ROWS = "".join(
    f"{i},svc,@erika.page{i},1000,Completed,2026-02-20T00:00:00Z,500,followers,{NAME},1.50,USD\n"
    for i in (1, 2)
)
OTHER = "3,svc,@erika.page2,1000,Completed,2026-02-21T00:00:00Z,1500,followers,Max,1.50,USD\n"
FORGET = ("orders", "forget", "--customer", NAME)


@pytest.fixture
def cli(cli: CliWorld) -> CliWorld:
    """Two orders of the customer; the link of one is used by another customer as well."""
    path = cli.write(HEAD + ROWS + OTHER)
    assert cli.run("orders", "import", path).exit_code == 0
    cli.world.database.checkpoint()
    return cli


def raw(cli: CliWorld) -> bytes:
    """The database file with its write-ahead log."""
    path = cli.world.path
    files = [path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")]
    return b"".join(file.read_bytes() for file in files if file.exists())


def test_the_preview_says_what_is_removed_and_what_ends(cli: CliWorld) -> None:
    """Without a yes nothing is changed."""
    before = cli.dump()
    assert cli.run(*FORGET, "--dry-run").stdout.splitlines() == [
        "removes the customer, typed links and texts from 2 orders, for good",
        "  removes 1 link with what its looks and alerts say; the counts stay",
        "  keeps 1 link that orders of others use; the guarantees on them go on",
        "  ends 1 running guarantee, 1,000 units, 1.50 USD",
    ]
    assert cli.main(*FORGET).returncode == 2
    assert cli.dump() == before


def test_the_file_holds_neither_the_name_nor_the_link_any_more(cli: CliWorld) -> None:
    """Not even in freed pages or in the write-ahead log."""
    assert NAME.encode() in raw(cli)
    assert b"erika.page1" in raw(cli)
    result = cli.run(*FORGET, "--yes")
    assert (result.exit_code, result.stdout) == (0, "2 orders forgotten\n")
    left = raw(cli)
    assert NAME.encode() not in left
    assert b"erika.page1" not in left
    assert b"erika.page2" in left  # Max's


def test_a_later_import_skips_the_forgotten_orders_with_one_line(cli: CliWorld) -> None:
    """The exit code is 0, so that the panel's export can be imported every day."""
    cli.run(*FORGET, "--yes")
    result = cli.run("orders", "import", cli.write(HEAD + ROWS + OTHER))
    assert (result.exit_code, result.stdout) == (
        0,
        "0 added, 0 updated, 1 unchanged, 0 refused, 2 forgotten\n",
    )
    assert result.stderr == "orders.csv: 2 rows of orders whose customer was forgotten: skipped\n"
    assert NAME not in cli.dump()


def test_the_order_is_shown_as_forgotten(cli: CliWorld) -> None:
    """With the time, and without a guarantee."""
    cli.run(*FORGET, "--yes")
    shown = json.loads(cli.run("orders", "show", "1", "--json").stdout)
    assert (shown["forgotten_at"], shown["ends_at"], shown["customer"]) == (
        "2026-03-01T12:00:00Z",
        None,
        None,
    )
    assert "order.forgotten" in [event["kind"] for event in shown["events"]]
    assert "the customer was forgotten" in cli.run("orders", "show", "1").stdout


def test_new_terms_do_not_bring_a_guarantee_back(cli: CliWorld) -> None:
    """`reterm` leaves forgotten orders alone."""
    cli.run(*FORGET, "--yes")
    assert cli.run("orders", "reterm", "--yes").stdout == "0 changed, 1 unchanged, 0 left as sold\n"


def test_a_running_daemon_must_be_stopped_first(cli: CliWorld) -> None:
    """It would write names again while the file is rewritten; nothing is changed."""
    before = cli.dump()
    with daemon_lock(cli.world.database):
        fault = cli.run(*FORGET, "--yes").exception
    assert isinstance(fault, DaemonRunningError)
    assert "stop it first" in str(fault)
    assert cli.dump() == before


def test_an_unknown_customer_is_an_error(cli: CliWorld) -> None:
    """One that was forgotten is unknown, too."""
    cli.run(*FORGET, "--yes")
    assert isinstance(cli.run(*FORGET, "--yes").exception, NotFoundError)
