"""`refilld orders`: lists, one order, and flags."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from monitor.errors import BadInputError
from monitor.model.order import Flag
from refilld.cli.orders import COMMANDS
from storage import migrate
from storage.engine import Database
from storage.errors import NotFoundError
from tests.refilld.cli.order_output import ids, objects, on_a_terminal
from tests.refilld.cli_world import COMMAND, HEADER, CliWorld, bare, csv, sold


def test_the_group_is_registered() -> None:
    """With the documented names."""
    (group,) = COMMANDS
    assert group.name == "orders"
    assert set(group.commands) == {
        "import",
        "list",
        "show",
        "flag",
        "unflag",
        "correct",
        "reterm",
        "forget",
        "link",
    }


# List


def test_the_list_shows_the_newest_completion_first(cli: CliWorld) -> None:
    """As a table, and as JSON with every field and the name of the terms."""
    cli.imported(sold(1, "2026-02-01T00:00:00Z"), sold(2, "2026-02-03T00:00:00Z"), sold(3, "1770000000"))
    table = cli.run("orders", "list").stdout.splitlines()
    assert table[0].split()[:4] == ["order_id", "status", "link", "metric"]
    assert [line.split()[0] for line in table[1:]] == ["2", "3", "1"]
    shown = objects(cli.run("orders", "list", "--json"))
    assert [order["order_id"] for order in shown] == ["2", "3", "1"]
    expected = {
        "order_id": "2", "service": "svc", "link_typed": "@shop2", "quantity": 1000, "remains": 0,
        "status": "Completed", "completed_at": "2026-02-03T00:00:00Z", "created_at": None, "start_count": 500,
        "start_measured": False, "provider": "acme", "customer": None, "price": "1.50", "currency": "USD",
        "language": None,
        "imported_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
        "link": "https://www.instagram.com/shop2/", "metric": "followers", "owner": None, "terms": "default",
        "terms_from": "default", "settled_look_at": None, "base_lowered": 0, "counted_at": None,
        "forgotten_at": None,
    }  # fmt: skip
    assert shown[0] == expected


def test_the_list_can_be_filtered(cli: CliWorld) -> None:
    """By status in any case, by any spelling of the link, and by number."""
    pending = "4,svc,@shop1,1000,In progress,,,,followers,acme,,"
    cli.imported(sold(1), sold(2), sold(3), pending)
    assert ids(cli.run("orders", "list", "--status", "in PROGRESS", "--json")) == ["4"]
    link = "instagram.com/SHOP1/?igsh=x"
    assert sorted(map(str, ids(cli.run("orders", "list", "--link", link, "--json")))) == ["1", "4"]
    both = ("--link", link, "--status", "Completed")
    assert ids(cli.run("orders", "list", *both, "--json")) == ["1"]
    assert len(ids(cli.run("orders", "list", "--limit", 2, "--json"))) == 2


@pytest.mark.parametrize("field", ["service", "provider", "customer"])
def test_the_list_can_be_filtered_by_what_was_sold(cli: CliWorld, field: str) -> None:
    """By the service, the provider or the customer, as they were imported."""
    head = "order_id,service,link,quantity,status,metric,provider,customer\n"
    rows = "1,svc-1,@a,10,Pending,followers,provider-1,customer-1\n2,svc-2,@b,10,Pending,followers,,\n"
    cli.run("orders", "import", cli.write(head + rows))
    value = {"service": "svc-1"}.get(field, f"{field}-1")
    assert ids(cli.run("orders", "list", f"--{field}", value, "--json")) == ["1"]
    assert ids(cli.run("orders", "list", f"--{field}", "unknown", "--json")) == []


def test_an_empty_list_is_reported(cli: CliWorld) -> None:
    """With a sentence; with --json there is no line."""
    assert cli.run("orders", "list").stdout == "nothing to show\n"
    assert cli.run("orders", "list", "--json").stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--status", "lost"],
        ["list", "--limit", 0],
        ["show"],
        ["show", ""],
        ["show", "\udcff"],
        ["flag", "1", "naughty"],
        ["unflag", "1"],
        ["import"],
    ],
)
def test_the_error_for_wrong_usage_names_the_option(cli: CliWorld, words: list[object]) -> None:
    """With exit code 2."""
    result = cli.run("orders", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


def test_an_invalid_link_is_a_wrong_usage(cli: CliWorld) -> None:
    """Not an empty list."""
    assert isinstance(cli.run("orders", "list", "--link", "not a link").exception, BadInputError)
    result = cli.main("orders", "list", "--link", "not a link")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("refilld: link: 'not a link' has a blank")


# Show


def test_prices_and_times_have_one_format(cli: CliWorld) -> None:
    """As in the import, not as in the database."""
    cli.imported("1,svc,@shop1,1000,Completed,2026-02-20T00:00:00Z,,0,followers,,0.000001,eur")
    output = cli.run("orders", "show", "1").stdout
    assert [line.split() for line in output.splitlines() if "price" in line] == [["price", "0.000001"]]
    assert "Decimal" not in output
    assert "datetime" not in output
    assert objects(cli.run("orders", "show", "1", "--json"))[0]["price"] == "0.000001"


@pytest.mark.parametrize("words", [["show", "404"], ["flag", "404", "hold"], ["unflag", "404", "hold"]])
def test_an_unknown_order_is_a_one_line_error_with_exit_code_1(cli: CliWorld, words: list[str]) -> None:
    """Nothing is changed; it is not a wrong usage."""
    assert isinstance(cli.run("orders", *words).exception, NotFoundError)
    if words[0] == "show":
        result = cli.main("orders", *words, "--json")
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == "refilld: there is no order 404\n"


# Flags


@pytest.mark.parametrize("flag", Flag)
def test_a_flag_is_set_once_and_lifted_once(cli: CliWorld, flag: Flag) -> None:
    """A repetition is no error, and is reported."""
    cli.imported(sold(1))
    output = [cli.run("orders", action, 1, flag).stdout for action in ("flag", "flag", "unflag", "unflag")]
    assert output == [
        f"order 1 is flagged {flag}\n",
        f"order 1 was already flagged {flag}\n",
        f"order 1 is no longer flagged {flag}\n",
        f"order 1 was not flagged {flag}\n",
    ]


def test_flags_are_shown(cli: CliWorld) -> None:
    """All of them, as words."""
    cli.imported(sold(1))
    for flag in ("hold", "dispute"):
        cli.run("orders", "flag", 1, flag)
    assert objects(cli.run("orders", "show", 1, "--json"))[0]["flags"] == ["dispute", "hold"]
    assert "flags  dispute, hold\n" in cli.run("orders", "show", 1).stdout


# External text and the output


EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\nfake\u202e"


def test_imported_text_cannot_control_the_terminal(cli: CliWorld) -> None:
    """Neither in a refused row nor in an ignored column."""
    header = HEADER.strip() + ',"Note\x1b]0;owned\x07"\n'
    rows = [f"{sold(i)},x" for i in range(2)] + [
        f"3,svc,{EVIL[:12]},1,Completed,,,,,,,,x",
        f"4,{EVIL[:4]},,,,",
    ]
    cli.write(header + "\n".join(rows) + "\n")
    seen = on_a_terminal(cli, "orders", "import", "orders.csv")
    assert "columns that mean nothing here: Note?]0;owned?;" in seen
    assert [sign for sign in ("\x1b]", "\x1b[2J", "\x07", "\x9b") if sign in seen] == []


@pytest.mark.parametrize("words", [["list", "--wide"], ["show", "1"]])
def test_stored_text_cannot_control_the_terminal(cli: CliWorld, words: list[str]) -> None:
    """For text from any writer."""
    cli.imported(sold(1))
    with closing(sqlite3.connect(cli.world.path)) as connection, connection:
        connection.execute("UPDATE orders SET service = ?, provider = ?, customer = ?", [EVIL] * 3)
        connection.execute("UPDATE targets SET due_reason = ?, owner = ?", [EVIL] * 2)
    output = cli.run("orders", *words).stdout
    assert "?]0;owned??[2J?31m??fake?" in output
    assert [line for line in output.splitlines() if not line.isprintable()] == []
    (shown,) = [json.loads(line) for line in cli.run("orders", *words, "--json").stdout.splitlines()]
    assert shown["service"] == EVIL


def test_text_in_brackets_is_not_markup(cli: CliWorld) -> None:
    """The table library would interpret it."""
    cli.imported(sold(1).replace("acme", "[bold]acme[/bold]"))
    for words in (["list", "--wide"], ["show", "1"]):
        assert "[bold]acme[/bold]" in cli.run("orders", *words).stdout


@pytest.mark.parametrize("options", [["--json"], []])
def test_a_closed_pipe_is_no_error(cli: CliWorld, options: list[str]) -> None:
    """As in `refilld orders list | head -1`."""
    cli.imported(*(sold(i, "2026-03-01T00:00:00Z") for i in range(1200)))
    with subprocess.Popen(
        [*COMMAND, "orders", "list", "--limit", "1200", *options], cwd=cli.home, env=bare(cli.home, {}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        assert "order_id" in child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == ""
    assert child.returncode in {0, 1}


def test_a_database_of_another_version_is_not_changed(cli: CliWorld, tmp_path: Path) -> None:
    """Nothing is imported into tables of another version."""
    path = cli.write(csv([sold(1)]))
    other = tmp_path / "other.db"
    database = Database(f"sqlite:///{other}")
    migrate.upgrade(database)
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    result = cli.main("orders", "import", path, REFILLD_DATABASE__URL=f"sqlite:///{other}")
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
