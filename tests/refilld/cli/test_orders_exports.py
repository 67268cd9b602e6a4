"""`refilld orders import` with exports of panels and spreadsheets, as a shop has them."""

import json

import pytest
from click.testing import CliRunner

from refilld.cli.context import CommandContext
from refilld.cli.root import refilld
from tests.refilld.cli.order_output import objects
from tests.refilld.cli_world import HEADER, CliWorld, csv, sold

PANEL = "ID,Link,Start count,Quantity,Service,Status,Remains,completed_at\n"
LIFE_CYCLE = (
    PANEL + "101,@ann,0,1000,4232,Pending,1000,\n"
    "101,@ann,3572,1000,4232,Completed,0,2026-02-25 10:00:00\n"
    "102,@bob,,1000,4232,Fail,1000,\n"
    "102,@bob,3572,1000,4232,Completed,0,2026-02-25 10:00:00\n"
    "103,@cat,168,1000,4232,Completed,-2,2026-02-25 10:00:00\n"
    "104,@dan,35,1000,4232,In progress,400,\n"
    "104,@dan,3572,1000,4232,Completed,0,2026-02-25 10:00:00\n"
)
ADMIN_API = (
    '{"id":101,"service_id":4232,"link":"@ann","quantity":1000,"status":"completed",'
    '"charge":{"value":0.41,"currency_code":"USD","formatted":"$0.41"},'
    '"completed_at":"2026-02-25T10:00:00Z","metric":"followers"}\n'
    '{"id":102,"service_id":4232,"link":"@bob","quantity":1000,"start_count":"\u2014","remains":"\u2014",'
    '"status":"completed","charge":"$1,234.50","completed_at":"2026-02-25T10:00:00Z","metric":"followers"}\n'
)


def configure(cli: CliWorld, toml: str) -> None:
    with (cli.home / "refilld.toml").open("a", encoding="utf-8") as file:
        file.write(toml)


def listed(cli: CliWorld) -> dict[object, dict[str, object]]:
    return {order["order_id"]: order for order in objects(cli.run("orders", "list", "--json"))}


def test_the_life_cycle_of_orders_is_followed_to_their_delivery(cli: CliWorld) -> None:
    """A provisional start count, a failed order that was sent again, an over-delivery."""
    configure(cli, '[services."4232"]\nmetric = "followers"\n')
    result = cli.run("orders", "import", cli.write(LIFE_CYCLE))
    assert (result.exit_code, result.stdout) == (0, "4 added, 3 updated, 0 unchanged, 0 refused\n")
    assert {key: (o["status"], o["start_count"], o["remains"]) for key, o in listed(cli).items()} == {
        "101": ("Completed", 3572, 0),
        "102": ("Completed", 3572, 0),
        "103": ("Completed", 168, 0),
        "104": ("Completed", 3572, 0),
    }


def test_times_without_a_zone_are_told_once(cli: CliWorld) -> None:
    """Not for each row, and not when the zone is known."""
    configure(cli, '[services."4232"]\nmetric = "followers"\n')
    path = cli.write(LIFE_CYCLE)
    assert cli.run("orders", "import", path).stderr == (
        "orders.csv: times without a zone are read as UTC (4 rows, first in line 3: '2026-02-25 10:00:00');"
        ' say which zone they are in: timezone = "Europe/Berlin" under [orders] in the configuration,'
        " or for one import --timezone Europe/Berlin\n"
    )
    fresh = cli.write(LIFE_CYCLE.replace("10", "20").replace("@", "@x"))
    result = cli.run("orders", "import", fresh, "--timezone", "Europe/Berlin")
    assert (result.exit_code, result.stderr) == (0, "")
    assert listed(cli)["201"]["completed_at"] == "2026-02-25T19:00:00Z"


def test_the_objects_of_an_admin_interface_are_read(cli: CliWorld) -> None:
    """A price as an object, a dollar sign, a dash for nothing."""
    result = cli.run("orders", "import", cli.write(ADMIN_API, "orders.jsonl"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert {key: (o["price"], o["currency"], o["start_count"]) for key, o in listed(cli).items()} == {
        "101": ("0.41", "USD", None),
        "102": ("1234.50", None, None),
    }


def test_values_that_are_not_needed_are_left_out_with_one_line_per_field(cli: CliWorld) -> None:
    """The rows are kept; `--map` leaves a whole column out."""
    rows = [sold(n).replace("1.50", "free").replace(",500,", ",12.345,") for n in range(1, 4)]
    path = cli.write(csv(rows))
    result = cli.run("orders", "import", path)
    assert (result.exit_code, result.stdout) == (0, "3 added, 0 updated, 0 unchanged, 0 refused\n")
    price, start = sorted(result.stderr.splitlines())
    assert price.startswith(
        "orders.csv: price left out (3 rows, first in line 2): 'free' is not a price; write"
    )
    assert start.startswith(
        "orders.csv: start_count left out (3 rows, first in line 2): '12.345' may be 12345"
    )
    assert {(o["price"], o["start_count"]) for o in listed(cli).values()} == {(None, None)}
    left_out = cli.run("orders", "import", path, "--map", "price=", "--map", "start_count=")
    assert (left_out.exit_code, left_out.stderr) == (0, "")


@pytest.mark.parametrize(
    ("created", "kept", "notes"),
    [
        ("2026-02-19 08:00:00Z", "2026-02-19T08:00:00Z", 0),
        ("2026-02-20T00:00:00Z", "2026-02-20T00:00:00Z", 0),
        ("2026-02-20T00:00:01Z", None, 1),
        ("soon", None, 1),
        ("", None, 0),
    ],
)
def test_the_time_of_the_order_is_kept_unless_it_is_after_the_completion(
    cli: CliWorld, created: str, kept: str | None, notes: int
) -> None:
    """Under the headings of panels."""
    path = cli.write(f"{HEADER.strip()},Date created\n{sold(1)},{created}\n")
    result = cli.run("orders", "import", path)
    assert (result.exit_code, len(result.stderr.splitlines())) == (0, notes)
    assert listed(cli)["1"]["created_at"] == kept


def test_services_that_nobody_configured_are_one_line_each_and_pasting_its_toml_helps(cli: CliWorld) -> None:
    """Also with emoji, quotes and backslashes in their names."""
    name = 'Followers ♻️ R30 | 👑 ""Premium"" \\\\'
    rows = [f'{n},"{name}",@u{n},100,Completed,2026-02-20T00:00:00Z,1,0,,,,' for n in range(400)]
    path = cli.write(csv(rows))
    result = cli.run("orders", "import", path)
    line, _, *toml = result.stderr.splitlines()
    assert (result.exit_code, line.count("400 rows refused, first in line 2")) == (1, 1)
    configure(cli, "\n".join(toml) + "\n")
    again = cli.run("orders", "import", path)
    assert (again.exit_code, again.stdout.splitlines()[0]) == (
        0,
        "400 added, 0 updated, 0 unchanged, 0 refused",
    )


def test_rows_of_an_ignored_service_are_counted_and_are_no_refusal(cli: CliWorld) -> None:
    """Whatever else they hold."""
    configure(cli, '[services."tiktok"]\nignore = true\n')
    rows = [sold(1), "2,TikTok,https://tiktok.com/@x,many,Zombie,,,,,,,"]
    path = cli.write(csv(rows))
    result = cli.run("orders", "import", path)
    assert (result.exit_code, result.stdout) == (0, "1 added, 0 updated, 0 unchanged, 0 refused, 1 ignored\n")
    assert json.loads(cli.run("orders", "import", path, "--json").stdout)["ignored"] == 1


def test_columns_zone_format_and_statuses_can_live_in_the_configuration(cli: CliWorld) -> None:
    """The options of the command take precedence."""
    configure(
        cli,
        '[orders]\nmap = { Nr = "order_id", Betrag = "" }\ntimezone = "Europe/Berlin"\n'
        'date_format = "%d/%m/%Y %H:%M"\nstatuses = { Success = "Completed" }\n',
    )
    text = "Nr,Service,Link,Quantity,Status,Completed at,Metric,Betrag\n"
    row = "1,s,@ann,100,success,05/02/2026 10:00,followers,free\n"
    result = cli.run("orders", "import", cli.write(text + row))
    assert (result.exit_code, result.stderr) == (0, "")
    assert listed(cli)["1"]["completed_at"] == "2026-02-05T09:00:00Z"
    other = cli.write(text + row.replace("1,s,@ann", "2,s,@bob").replace("05/02", "02/05"))
    options = ("--timezone", "UTC", "--date-format", "%m/%d/%Y %H:%M")
    assert cli.run("orders", "import", other, *options).exit_code == 0
    assert listed(cli)["2"]["completed_at"] == "2026-02-05T10:00:00Z"


def test_rejected_rows_can_be_mended_and_imported(cli: CliWorld) -> None:
    """In the format of the file, with two columns that the import skips."""
    text = (
        HEADER.replace(",", ";") + (sold(1) + "\n" + sold(2)).replace(",", ";").replace("1000", "many") + "\n"
    )
    rejects = cli.home / "rejects.csv"
    assert cli.run("orders", "import", cli.write(text), "--rejects", rejects).exit_code == 1
    rejects.write_text(rejects.read_text().replace("many;", "1000;"))
    result = cli.run("orders", "import", rejects, "--rejects", cli.home / "second.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "2 added, 0 updated, 0 unchanged, 0 refused\n"


def test_rejected_objects_can_be_mended_and_imported(cli: CliWorld) -> None:
    """A line that is no object is kept as text."""
    text = ADMIN_API.replace('"quantity":1000', '"quantity":"many"') + "{broken\n"
    rejects = cli.home / "rejects.jsonl"
    cli.run("orders", "import", cli.write(text, "orders.jsonl"), "--rejects", rejects)
    *objects_, broken = map(json.loads, rejects.read_text().splitlines())
    assert broken["row"] == "{broken"
    assert [(row["line"], row["charge"]) for row in objects_] == [
        (1, {"value": 0.41, "currency_code": "USD", "formatted": "$0.41"}),
        (2, "$1,234.50"),
    ]
    mended = "".join(json.dumps(row | {"quantity": 1000}) + "\n" for row in objects_)
    result = cli.run("orders", "import", cli.write(mended, "mended.jsonl"))
    assert (result.exit_code, result.stderr) == (0, "")


def test_ids_that_a_spreadsheet_has_rounded_do_not_overwrite_each_other(cli: CliWorld) -> None:
    """Each of them is refused, with the remedy."""
    rows = [sold("1.79486E+12").replace("@shop1.79486E+12", f"@u{n}") for n in range(3)]
    result = cli.run("orders", "import", cli.write(csv(rows)))
    assert (result.exit_code, result.stdout) == (1, "0 added, 0 updated, 0 unchanged, 3 refused\n")
    assert len(result.stderr.splitlines()) == 3


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--timezone", "Mars/Olympus", "there is no time zone 'Mars/Olympus'; write one like Europe/Berlin"),
        ("--date-format", "%H:%M", "'%H:%M' is no format of a date; write it like '%d.%m.%Y %H:%M'"),
    ],
)
def test_a_wrong_zone_or_format_is_a_wrong_usage(
    cli: CliWorld, option: str, value: str, message: str
) -> None:
    """Before a row is read."""
    result = cli.run("orders", "import", cli.write(csv([sold(1)])), option, value)
    assert result.exit_code == 2
    assert message in result.stderr


def test_standard_input_is_imported(cli: CliWorld) -> None:
    """The messages name it."""
    context = CommandContext(cli.home / "refilld.toml", cli.world.clock)
    text = csv([sold(1), sold(2, quantity=0)])
    result = CliRunner().invoke(refilld, ["orders", "import", "-"], obj=context, input=text)
    assert (result.exit_code, result.stdout) == (1, "1 added, 0 updated, 0 unchanged, 1 refused\n")
    assert result.stderr.startswith("standard input:3: quantity: '0' is no order;")
