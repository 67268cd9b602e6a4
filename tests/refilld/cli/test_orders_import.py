"""`refilld orders import`: what it adds, refuses and reports."""

import csv as csv_module
import json
import os
import shlex
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.refilld.cli.order_output import WRONG_QUANTITY, ids, objects, on_a_terminal
from tests.refilld.cli_world import COMMAND, HEADER, CliWorld, bare, cli_world, csv, sold


def test_an_import_reports_the_result_of_its_rows(cli: CliWorld) -> None:
    """Added at first, then unchanged, then updated; wrong rows are refused."""
    pending = "2,svc,@shop2,1000,Pending,,,,followers,acme,1.50,USD"
    path = cli.write(csv([sold(1), pending]))
    assert cli.run("orders", "import", path).stdout == "2 added, 0 updated, 0 unchanged, 0 refused\n"
    before = cli.dump()
    assert cli.run("orders", "import", path).stdout == "0 added, 0 updated, 2 unchanged, 0 refused\n"
    assert cli.dump() == before
    cli.write(csv([sold(1), sold(2), WRONG_QUANTITY]))
    assert cli.run("orders", "import", path).stdout == "0 added, 1 updated, 1 unchanged, 1 refused\n"
    assert ids(cli.run("orders", "list", "--json")) == ["2", "1"]


def test_a_refused_row_is_reported_with_line_field_and_remedy(cli: CliWorld) -> None:
    """On standard error; the good rows around it are kept, and the exit code is 1."""
    cli.write(csv([sold(1), WRONG_QUANTITY, sold(2)]))
    result = cli.main("orders", "import", "orders.csv")
    assert result.returncode == 1
    assert result.stdout == "2 added, 0 updated, 0 unchanged, 1 refused\n"
    assert result.stderr == "orders.csv:3: quantity: '0' is no order; write how many units were sold\n"


def test_a_row_that_changes_a_sold_order_is_refused(cli: CliWorld) -> None:
    """The error has the line of the row."""
    cli.imported(sold(1))
    cli.write(csv([sold(2), sold(1, quantity=2000)]))
    result = cli.run("orders", "import", cli.home / "orders.csv")
    assert (result.exit_code, result.stdout) == (1, "1 added, 0 updated, 0 unchanged, 1 refused\n")
    assert result.stderr == "orders.csv:3: quantity: the order was sold with quantity 1000\n"


def test_refused_rows_are_written_to_a_file(cli: CliWorld) -> None:
    """With all that is needed to correct them; only the owner can read it, as it names customers."""
    path = cli.write(csv([sold(1), WRONG_QUANTITY, "broken"]))
    rejects = cli.home / "rejects.csv"
    cli.run("orders", "import", path, "--rejects", rejects)
    with rejects.open(newline="") as file:
        first, second = csv_module.DictReader(file)
    assert list(first) == [*HEADER.strip().split(","), "line", "reason"]
    assert (first["line"], first["order_id"], first["link"]) == ("3", "3", "@shop3")
    assert first["reason"] == "quantity: '0' is no order; write how many units were sold"
    assert (second["line"], second["order_id"]) == ("4", "broken")
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600


def test_without_refused_rows_the_file_is_neither_created_nor_changed(cli: CliWorld) -> None:
    """An older file may still be needed."""
    path = cli.write(csv([sold(1)]))
    cli.run("orders", "import", path, "--rejects", cli.home / "new.csv")
    assert not (cli.home / "new.csv").exists()
    old = cli.write("old", "old.csv")
    cli.run("orders", "import", path, "--rejects", old)
    assert old.read_text() == "old"


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_refused_rows_never_overwrite_the_orders(cli: CliWorld, link: object) -> None:
    """Under any name of the file."""
    path = cli.write(csv([WRONG_QUANTITY]))
    rejects = path if link is None else cli.home / "other.csv"
    if callable(link):
        link(path, rejects)
    result = cli.run("orders", "import", path, "--rejects", rejects)
    assert (result.exit_code, path.read_text()) == (2, csv([WRONG_QUANTITY]))
    assert "would overwrite FILE" in result.stderr


def test_refused_rows_never_overwrite_the_orders_of_standard_input(cli: CliWorld) -> None:
    path = cli.write(csv([WRONG_QUANTITY]))
    done = import_standard_input(cli, f"'{path}' --rejects '{path}'")
    assert (done.returncode, path.read_text()) == (2, csv([WRONG_QUANTITY]))
    assert "would overwrite FILE" in done.stderr


def test_a_closed_standard_input_is_a_one_line_error(cli: CliWorld) -> None:
    done = import_standard_input(cli, "&-")
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert "standard input is closed" in done.stderr


def test_a_full_disk_for_the_rejects_is_a_one_line_error(cli: CliWorld) -> None:
    path = cli.write(csv([WRONG_QUANTITY]))
    done = import_standard_input(cli, f"'{path}' --rejects /dev/full")
    assert "/dev/full: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def import_standard_input(cli: CliWorld, given: str) -> "subprocess.CompletedProcess[str]":
    """Import from what a shell gives as standard input."""
    command = f"{shlex.join(COMMAND)} orders import - <{given}"
    return subprocess.run(
        ["sh", "-c", command],
        cwd=cli.home,
        env=bare(cli.home, {}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_error_for_an_unwritable_rejects_file_names_it(cli: CliWorld) -> None:
    """Not the orders file, which is valid."""
    path = cli.write(csv([WRONG_QUANTITY]))
    result = cli.main("orders", "import", path, "--rejects", "gone/rejects.csv")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == "Error: gone/rejects.csv: No such file or directory"


def test_a_dry_run_reports_the_same_and_changes_nothing(cli: CliWorld) -> None:
    """Not one row of one table."""
    cli.imported(sold(1), "2,svc,@shop2,1000,Pending,,,,followers,acme,1.50,USD")
    path = cli.write(csv([sold(1), sold(2), sold(4), WRONG_QUANTITY, sold(4)]))
    before = cli.dump()
    tried = cli.run("orders", "import", path, "--dry-run")
    assert cli.dump() == before
    done = cli.run("orders", "import", path)
    assert done.stdout == "1 added, 1 updated, 2 unchanged, 1 refused\n"
    assert (tried.exit_code, tried.stdout) == (done.exit_code, f"would be: {done.stdout}")
    assert tried.stderr == done.stderr


def test_columns_can_be_mapped(cli: CliWorld) -> None:
    """Also over a column that has the field's own name."""
    header = HEADER.replace("order_id", "Nr=1").replace("link", "Ziel").replace("service", "link")
    path = cli.write(header + sold(1) + "\n")
    maps = ("--map", "Nr=1=order_id", "--map", "Ziel=link", "--map", "link=service")
    result = cli.run("orders", "import", path, *maps)
    assert result.stdout == "1 added, 0 updated, 0 unchanged, 0 refused\n"
    (order,) = objects(cli.run("orders", "list", "--json"))
    assert (order["service"], order["link"]) == ("svc", "https://www.instagram.com/shop1/")


def test_ignored_columns_are_reported(cli: CliWorld) -> None:
    """One of them may be a start count under another name."""
    path = cli.write(csv([]).replace("\n", ",Before,Notes\n") + sold(1) + ",9,x\n")
    result = cli.run("orders", "import", path)
    expected = "columns that mean nothing here: Before, Notes; --map COL=FIELD gives one a meaning\n"
    assert (result.exit_code, result.stderr) == (0, expected)


@pytest.mark.parametrize("json_lines", [False, True])
def test_csv_and_json_lines_have_the_same_result(cli: CliWorld, json_lines: bool) -> None:
    """CSV with any delimiter, or one JSON object a line."""
    if json_lines:
        row = dict(zip(HEADER.strip().split(","), sold(1).split(","), strict=True))
        path = cli.write(json.dumps(row) + "\n", "orders.jsonl")
    else:
        path = cli.write("\N{BOM}" + csv([sold(1)]).replace(",", ";"))
    assert cli.run("orders", "import", path).exit_code == 0
    (order,) = objects(cli.run("orders", "list", "--json"))
    assert (order["order_id"], order["price"], order["start_count"]) == ("1", "1.50", 500)


def test_with_json_the_result_is_one_object(cli: CliWorld) -> None:
    """On standard output; refusals are on standard error."""
    path = cli.write(csv([sold(1), WRONG_QUANTITY]))
    for dry_run in (True, False):
        result = cli.run("orders", "import", path, "--json", *["--dry-run"] * dry_run)
        expected: dict[str, object] = {
            "added": 1,
            "updated": 0,
            "unchanged": 0,
            "refused": 1,
            "ignored": 0,
            "forgotten": 0,
            "dry_run": dry_run,
            "notes": [],
            "remedies": [],
        }
        expected |= {"terms_from_names": [], "orders_of_further_names": 0, "names_without_terms": []}
        assert [json.loads(line) for line in result.stdout.splitlines()] == [expected]
        assert result.stderr.startswith("orders.csv:3: ")


def test_without_a_terminal_an_import_is_quiet(cli: CliWorld) -> None:
    """Cron sends every output by mail."""
    cli.write(csv(sold(i, "2024-01-01T00:00:00Z") for i in range(1200)))
    result = cli.process("orders", "import", "orders.csv")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "1,200 added, 0 updated, 0 unchanged, 0 refused\n"


def test_on_a_terminal_an_import_shows_its_progress(cli: CliWorld) -> None:
    """A progress bar up to the end of the file, then the result."""
    path = cli.write(csv(sold(i, "2024-01-01T00:00:00Z") for i in range(1200)))
    seen = on_a_terminal(cli, "orders", "import", "orders.csv")
    size = f"{path.stat().st_size / 1000:.1f}"
    assert "importing" in seen
    assert f"{size}/{size} kB" in seen
    assert "1,200 added, 0 updated, 0 unchanged, 0 refused" in seen


@pytest.mark.parametrize(
    ("name", "content", "options", "expected"),
    [
        ("orders.csv", b"", [], "Error: orders.csv: header: the file is empty"),
        ("orders.csv", b"order_id,link\n", [], "Error: orders.csv: header: the file has no column for "),
        ("orders.csv", b"PK\x03\x04", [], "Error: orders.csv: file: is a spreadsheet or an archive"),
        ("orders.json", b"[{}]", [], "Error: orders.json: file: is one JSON array; write one object a line"),
        ("orders.csv", HEADER.encode("utf-32"), [], "Error: orders.csv: file: looks like UTF-32; save it as"),
        ("orders.csv", HEADER.encode(), ["--map", "x=link"], "Error: orders.csv: --map: the file has no"),
        ("orders.csv", HEADER.encode(), ["--map", "link=url"], "Error: orders.csv: --map: there is no"),
        ("orders.csv", HEADER.encode(), ["--map", "link"], "Error: Invalid value for --map: 'link' is"),
        ("gone.csv", None, [], "Error: Invalid value for 'FILE': File 'gone.csv' does not exist."),
        (".", None, [], "Error: Invalid value for 'FILE': File '.' is a directory."),
    ],
)  # fmt: skip
def test_an_unusable_file_is_a_wrong_usage(
    cli: CliWorld, name: str, content: bytes | None, options: list[str], expected: str
) -> None:
    """One line, exit code 2, nothing on standard output and nothing imported."""
    if content is not None:
        cli.write(content, name)
    before = cli.dump()
    result = cli.main("orders", "import", name, *options)
    assert (result.returncode, result.stdout, cli.dump()) == (2, "", before)
    assert result.stderr.splitlines()[-1].startswith(expected)
    assert content is None or "value" in expected or len(result.stderr.splitlines()) == 1


MEASURED = """
import atexit, sys
from pathlib import Path

def tell():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(status["VmHWM"].split()[0], file=sys.stderr)

atexit.register(tell)
from refilld.cli.root import main
main()
"""


def test_many_rows_need_little_memory(cli: CliWorld) -> None:
    """Less than 110 MiB: the program alone needs 75, and all rows at once would need more."""
    cli.write(csv(sold(i, "2024-01-01T00:00:00Z") for i in range(25_000)))
    result = subprocess.run(
        [sys.executable, "-c", MEASURED, "orders", "import", "orders.csv"], cwd=cli.home,
        env=bare(cli.home, {}), capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert result.stdout == "25,000 added, 0 updated, 0 unchanged, 0 refused\n"
    assert int(result.stderr) < 110 * 1024
    with closing(sqlite3.connect(cli.world.path)) as connection:
        (found,) = connection.execute("SELECT count(*), count(DISTINCT target_id) FROM orders")
    assert found == (25_000, 25_000)


DYING = """
import os, signal, sys
import refilld.services.order_import as importer

real, left = importer.import_batch, [2]

def dying(*args):
    result = real(*args)
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return result

importer.import_batch = dying
from refilld.cli.root import main
main()
"""


_SAME = """
    SELECT order_id, service, link_typed, link, metric, quantity, remains, status, completed_at, start_count,
           terms, provider, customer, price, currency, next_due_at IS NULL, priority, due_reason
    FROM orders JOIN targets USING (target_id) ORDER BY order_id
"""


def test_a_killed_import_can_be_repeated(cli: CliWorld, tmp_path: Path) -> None:
    """Complete batches are stored; the result is the same as without the kill."""
    rows = [sold(i, "2024-01-01T00:00:00Z") for i in range(2100)]
    path = cli.write(csv(rows))
    killed = subprocess.run(
        [sys.executable, "-c", DYING, "orders", "import", "orders.csv"], cwd=cli.home,
        env=bare(cli.home, {}), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, "")
    again = cli.run("orders", "import", path)
    assert again.stdout == "1,100 added, 0 updated, 1,000 unchanged, 0 refused\n"
    (tmp_path / "twin").mkdir()
    with cli_world(tmp_path / "twin") as twin:
        twin.imported(*rows)
        assert everything(cli) == everything(twin)


def everything(cli: CliWorld) -> list[object]:
    with closing(sqlite3.connect(cli.world.path)) as connection:
        return connection.execute(_SAME).fetchall()
