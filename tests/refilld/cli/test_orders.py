"""Orders at the prompt: what an import says, keeps and refuses, and what can be asked about an order."""

import csv as csv_module
import json
import os
import pty
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result

from monitor.errors import BadInputError
from monitor.model.order import Flag
from refilld.cli.orders import COMMANDS
from storage import migrate
from storage.engine import Database
from storage.errors import NotFoundError
from tests.refilld.cli_world import COMMAND, HEADER, Desk, a_desk, bare, csv, sold

WRONG_QUANTITY = sold(3, quantity=0)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    with a_desk(tmp_path) as desk:
        yield desk


def objects(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def ids(result: Result) -> list[object]:
    return [order["order_id"] for order in objects(result)]


def on_a_terminal(desk: Desk, *words: object) -> str:
    """What a person at a terminal sees."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *map(str, words)], cwd=desk.home, env=bare(desk.home, {"TERM": "xterm"}),
        stdin=theirs, stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        seen = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return seen.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux says so when the last writer has gone
        return b""


def test_the_group_is_offered_to_the_command_line() -> None:
    """Under the names that the contract gives."""
    (group,) = COMMANDS
    assert group.name == "orders"
    assert set(group.commands) == {"import", "list", "show", "flag", "unflag", "reterm"}


# Import


def test_an_import_says_what_became_of_the_rows(desk: Desk) -> None:
    """Added at first, then unchanged, then moved forward, and refused where something is wrong."""
    pending = "2,svc,@shop2,1000,Pending,,,,followers,acme,1.50,USD"
    path = desk.write(csv([sold(1), pending]))
    assert desk.run("orders", "import", path).stdout == "2 added, 0 updated, 0 unchanged, 0 refused\n"
    before = desk.dump()
    assert desk.run("orders", "import", path).stdout == "0 added, 0 updated, 2 unchanged, 0 refused\n"
    assert desk.dump() == before
    desk.write(csv([sold(1), sold(2), WRONG_QUANTITY]))
    assert desk.run("orders", "import", path).stdout == "0 added, 1 updated, 1 unchanged, 1 refused\n"
    assert ids(desk.run("orders", "list", "--json")) == ["1", "2"]


def test_a_refused_row_is_told_with_line_field_and_remedy(desk: Desk) -> None:
    """On standard error; the good rows around it are kept, and the exit code is 1."""
    desk.write(csv([sold(1), WRONG_QUANTITY, sold(2)]))
    result = desk.process("orders", "import", "orders.csv")
    assert result.returncode == 1
    assert result.stdout == "2 added, 0 updated, 0 unchanged, 1 refused\n"
    assert result.stderr == "orders.csv:3: quantity: '0' is no order; write how many units were sold\n"


def test_a_row_that_would_rewrite_what_was_sold_is_refused(desk: Desk) -> None:
    """By what the database knows, with its line all the same."""
    desk.imported(sold(1))
    desk.write(csv([sold(2), sold(1, quantity=2000)]))
    result = desk.run("orders", "import", desk.home / "orders.csv")
    assert (result.exit_code, result.stdout) == (1, "1 added, 0 updated, 0 unchanged, 1 refused\n")
    assert result.stderr == "orders.csv:3: quantity: the order was sold with quantity 1000\n"


def test_refused_rows_go_into_a_file_of_their_own(desk: Desk) -> None:
    """With all that is needed to mend them, readable by its owner only: they name customers."""
    path = desk.write(csv([sold(1), WRONG_QUANTITY, "broken"]))
    rejects = desk.home / "rejects.csv"
    desk.run("orders", "import", path, "--rejects", rejects)
    with rejects.open(newline="") as file:
        first, second = csv_module.DictReader(file)
    assert (first["line"], first["order_id"], first["field"]) == ("3", "3", "quantity")
    assert json.loads(first["row"])["link"] == "@shop3"
    assert (second["line"], second["field"]) == ("4", "row")
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600


def test_without_refused_rows_no_such_file_is_made_or_touched(desk: Desk) -> None:
    """An older one may still have to be worked on."""
    path = desk.write(csv([sold(1)]))
    desk.run("orders", "import", path, "--rejects", desk.home / "new.csv")
    assert not (desk.home / "new.csv").exists()
    old = desk.write("old", "old.csv")
    desk.run("orders", "import", path, "--rejects", old)
    assert old.read_text() == "old"


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_refused_rows_never_overwrite_the_orders(desk: Desk, link: object) -> None:
    """Under whatever name."""
    path = desk.write(csv([WRONG_QUANTITY]))
    rejects = path if link is None else desk.home / "other.csv"
    if callable(link):
        link(path, rejects)
    result = desk.run("orders", "import", path, "--rejects", rejects)
    assert (result.exit_code, path.read_text()) == (2, csv([WRONG_QUANTITY]))
    assert "would overwrite FILE" in result.stderr


def test_a_file_for_refused_rows_that_cannot_be_written_is_named(desk: Desk) -> None:
    """And not the orders file, which is fine."""
    path = desk.write(csv([WRONG_QUANTITY]))
    result = desk.process("orders", "import", path, "--rejects", "gone/rejects.csv")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == "Error: gone/rejects.csv: No such file or directory"


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk) -> None:
    """Not one row of one table."""
    desk.imported(sold(1), "2,svc,@shop2,1000,Pending,,,,followers,acme,1.50,USD")
    path = desk.write(csv([sold(1), sold(2), sold(4), WRONG_QUANTITY, sold(4)]))
    before = desk.dump()
    tried = desk.run("orders", "import", path, "--dry-run")
    assert desk.dump() == before
    done = desk.run("orders", "import", path)
    assert done.stdout == "1 added, 1 updated, 2 unchanged, 1 refused\n"
    assert (tried.exit_code, tried.stdout) == (done.exit_code, f"would be: {done.stdout}")
    assert tried.stderr == done.stderr


def test_columns_can_be_named_by_hand(desk: Desk) -> None:
    """Also over a column that has the field's own name."""
    header = HEADER.replace("order_id", "Nr=1").replace("link", "Ziel").replace("service", "link")
    path = desk.write(header + sold(1) + "\n")
    maps = ("--map", "Nr=1=order_id", "--map", "Ziel=link", "--map", "link=service")
    result = desk.run("orders", "import", path, *maps)
    assert result.stdout == "1 added, 0 updated, 0 unchanged, 0 refused\n"
    (order,) = objects(desk.run("orders", "list", "--json"))
    assert (order["service"], order["link"]) == ("svc", "https://www.instagram.com/shop1/")


def test_columns_that_mean_nothing_are_told(desk: Desk) -> None:
    """Not silently dropped: one of them may be a start count under another name."""
    path = desk.write(csv([]).replace("\n", ",Before,Notes\n") + sold(1) + ",9,x\n")
    result = desk.run("orders", "import", path)
    expected = "columns that mean nothing here: Before, Notes; --map COL=FIELD gives one a meaning\n"
    assert (result.exit_code, result.stderr) == (0, expected)


@pytest.mark.parametrize("json_lines", [False, True])
def test_both_forms_of_the_file_mean_the_same(desk: Desk, json_lines: bool) -> None:
    """CSV with any delimiter, or one JSON object a line."""
    if json_lines:
        row = dict(zip(HEADER.strip().split(","), sold(1).split(","), strict=True))
        path = desk.write(json.dumps(row) + "\n", "orders.jsonl")
    else:
        path = desk.write("\N{BOM}" + csv([sold(1)]).replace(",", ";"))
    assert desk.run("orders", "import", path).exit_code == 0
    (order,) = objects(desk.run("orders", "list", "--json"))
    assert (order["order_id"], order["price"], order["start_count"]) == ("1", "1.50", 500)


def test_for_programs_the_result_is_one_object(desk: Desk) -> None:
    """On standard output; whatever is refused is told on standard error."""
    path = desk.write(csv([sold(1), WRONG_QUANTITY]))
    for dry_run in (True, False):
        result = desk.run("orders", "import", path, "--json", *["--dry-run"] * dry_run)
        expected: dict[str, object] = {
            "added": 1,
            "updated": 0,
            "unchanged": 0,
            "refused": 1,
            "dry_run": dry_run,
        }
        expected |= {"terms_from_names": [], "orders_of_further_names": 0, "names_without_terms": []}
        assert [json.loads(line) for line in result.stdout.splitlines()] == [expected]
        assert result.stderr.startswith("orders.csv:3: ")


def test_without_a_terminal_an_import_is_quiet(desk: Desk) -> None:
    """Cron mails what is said."""
    desk.write(csv(sold(i, "2024-01-01T00:00:00Z") for i in range(1200)))
    result = desk.process("orders", "import", "orders.csv")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "1,200 added, 0 updated, 0 unchanged, 0 refused\n"


def test_on_a_terminal_an_import_shows_how_far_it_is(desk: Desk) -> None:
    """A bar that ends at all of the file, and then the result."""
    path = desk.write(csv(sold(i, "2024-01-01T00:00:00Z") for i in range(1200)))
    seen = on_a_terminal(desk, "orders", "import", "orders.csv")
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
        ("orders.csv", HEADER.encode("utf-16"), [], "Error: orders.csv: file: looks like UTF-16; save it as"),
        ("orders.csv", HEADER.encode(), ["--map", "x=link"], "Error: orders.csv: --map: the file has no"),
        ("orders.csv", HEADER.encode(), ["--map", "link=url"], "Error: orders.csv: --map: there is no"),
        ("orders.csv", HEADER.encode(), ["--map", "link"], "Error: Invalid value for --map: 'link' is"),
        ("gone.csv", None, [], "Error: Invalid value for 'FILE': File 'gone.csv' does not exist."),
        (".", None, [], "Error: Invalid value for 'FILE': File '.' is a directory."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_whole_file_is_a_wrong_usage(
    desk: Desk, name: str, content: bytes | None, options: list[str], expected: str
) -> None:
    """One clear line, exit code 2, nothing on standard output and nothing imported."""
    if content is not None:
        desk.write(content, name)
    before = desk.dump()
    result = desk.process("orders", "import", name, *options)
    assert (result.returncode, result.stdout, desk.dump()) == (2, "", before)
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


def test_a_hundred_thousand_rows_fit_into_a_small_machine(desk: Desk) -> None:
    """All of them arrive, in less than 150 MiB, however long the file is."""
    desk.write(csv(sold(i, "2024-01-01T00:00:00Z") for i in range(100_000)))
    result = subprocess.run(
        [sys.executable, "-c", MEASURED, "orders", "import", "orders.csv"], cwd=desk.home,
        env=bare(desk.home, {}), capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert result.stdout == "100,000 added, 0 updated, 0 unchanged, 0 refused\n"
    assert int(result.stderr) < 150 * 1024
    with closing(sqlite3.connect(desk.world.path)) as connection:
        (found,) = connection.execute("SELECT count(*), count(DISTINCT target_id) FROM orders")
    assert found == (100_000, 100_000)


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


def test_a_killed_import_can_simply_be_run_again(desk: Desk, tmp_path: Path) -> None:
    """It has kept whole batches, and the end is the same as without the interruption."""
    rows = [sold(i, "2024-01-01T00:00:00Z") for i in range(2100)]
    path = desk.write(csv(rows))
    killed = subprocess.run(
        [sys.executable, "-c", DYING, "orders", "import", "orders.csv"], cwd=desk.home,
        env=bare(desk.home, {}), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, "")
    again = desk.run("orders", "import", path)
    assert again.stdout == "1,100 added, 0 updated, 1,000 unchanged, 0 refused\n"
    (tmp_path / "twin").mkdir()
    with a_desk(tmp_path / "twin") as twin:
        twin.imported(*rows)
        assert everything(desk) == everything(twin)


def everything(desk: Desk) -> list[object]:
    with closing(sqlite3.connect(desk.world.path)) as connection:
        return connection.execute(_SAME).fetchall()


# List


def test_the_list_shows_the_newest_completion_first(desk: Desk) -> None:
    """In a table for people, whole and with the terms by name for programs."""
    desk.imported(sold(1, "2026-02-01T00:00:00Z"), sold(2, "2026-02-03T00:00:00Z"), sold(3, "1770000000"))
    table = desk.run("orders", "list").stdout.splitlines()
    assert table[0].split()[:4] == ["order_id", "status", "service", "metric"]
    assert [line.split()[0] for line in table[1:]] == ["2", "3", "1"]
    shown = objects(desk.run("orders", "list", "--json"))
    assert [order["order_id"] for order in shown] == ["2", "3", "1"]
    expected = {
        "order_id": "2", "service": "svc", "link_typed": "@shop2", "quantity": 1000, "remains": 0,
        "status": "Completed", "completed_at": "2026-02-03T00:00:00Z", "start_count": 500,
        "start_measured": False, "provider": "acme", "customer": None, "price": "1.50", "currency": "USD",
        "imported_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
        "link": "https://www.instagram.com/shop2/", "metric": "followers", "owner": None, "terms": "default",
        "terms_from": "default", "settled_look_at": None,
    }  # fmt: skip
    assert shown[0] == expected


def test_the_list_can_be_narrowed(desk: Desk) -> None:
    """By status in any case, by any spelling of the link, and in length."""
    pending = "4,svc,@shop1,1000,In progress,,,,followers,acme,,"
    desk.imported(sold(1), sold(2), sold(3), pending)
    assert ids(desk.run("orders", "list", "--status", "in PROGRESS", "--json")) == ["4"]
    link = "instagram.com/SHOP1/?igsh=x"
    assert sorted(map(str, ids(desk.run("orders", "list", "--link", link, "--json")))) == ["1", "4"]
    both = ("--link", link, "--status", "Completed")
    assert ids(desk.run("orders", "list", *both, "--json")) == ["1"]
    assert len(ids(desk.run("orders", "list", "--limit", 2, "--json"))) == 2


def test_an_empty_list_is_said_to_be_empty(desk: Desk) -> None:
    """In words for people, as nothing at all for programs."""
    assert desk.run("orders", "list").stdout == "nothing to show\n"
    assert desk.run("orders", "list", "--json").stdout == ""


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
def test_wrong_usage_is_refused_with_the_option_that_is_wrong(desk: Desk, words: list[object]) -> None:
    """And exit code 2."""
    result = desk.run("orders", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


def test_a_link_that_is_none_is_a_wrong_usage(desk: Desk) -> None:
    """Not an empty list."""
    assert isinstance(desk.run("orders", "list", "--link", "not a link").exception, BadInputError)
    result = desk.process("orders", "list", "--link", "not a link")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("refilld: link: 'not a link' has a blank")


# Show


def test_a_price_and_a_moment_look_the_same_wherever_they_are_shown(desk: Desk) -> None:
    """As they were written, not as the program keeps them."""
    desk.imported("1,svc,@shop1,1000,Completed,2026-02-20T00:00:00Z,,0,followers,,0.000001,eur")
    told = desk.run("orders", "show", "1").stdout
    assert [line.split() for line in told.splitlines() if "price" in line] == [["price", "0.000001"]]
    assert "Decimal" not in told
    assert "datetime" not in told
    assert objects(desk.run("orders", "show", "1", "--json"))[0]["price"] == "0.000001"


@pytest.mark.parametrize("words", [["show", "404"], ["flag", "404", "hold"], ["unflag", "404", "hold"]])
def test_an_order_that_is_not_there_is_one_line_and_exit_code_1(desk: Desk, words: list[str]) -> None:
    """Nothing was done, and the usage was right."""
    assert isinstance(desk.run("orders", *words).exception, NotFoundError)
    if words[0] == "show":
        result = desk.process("orders", *words, "--json")
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == "refilld: there is no order 404\n"


# Flags


@pytest.mark.parametrize("flag", Flag)
def test_a_flag_is_set_once_and_lifted_once(desk: Desk, flag: Flag) -> None:
    """Saying it again is no error, and says so."""
    desk.imported(sold(1))
    said = [desk.run("orders", action, 1, flag).stdout for action in ("flag", "flag", "unflag", "unflag")]
    assert said == [
        f"order 1 is flagged {flag}\n",
        f"order 1 was already flagged {flag}\n",
        f"order 1 is no longer flagged {flag}\n",
        f"order 1 was not flagged {flag}\n",
    ]


def test_flags_are_shown(desk: Desk) -> None:
    """All of them, as words."""
    desk.imported(sold(1))
    for flag in ("hold", "dispute"):
        desk.run("orders", "flag", 1, flag)
    assert objects(desk.run("orders", "show", 1, "--json"))[0]["flags"] == ["dispute", "hold"]
    assert "flags  dispute, hold\n" in desk.run("orders", "show", 1).stdout


# What comes from outside, and where it goes


EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\nfake\u202e"


def test_what_was_imported_cannot_steer_the_terminal(desk: Desk) -> None:
    """Neither by what is refused nor by what is ignored."""
    header = HEADER.strip() + ',"Note\x1b]0;owned\x07"\n'
    rows = [f"{sold(i)},x" for i in range(2)] + [
        f"3,svc,{EVIL[:12]},1,Completed,,,,,,,,x",
        f"4,{EVIL[:4]},,,,",
    ]
    desk.write(header + "\n".join(rows) + "\n")
    seen = on_a_terminal(desk, "orders", "import", "orders.csv")
    assert "columns that mean nothing here: Note?]0;owned?;" in seen
    assert [sign for sign in ("\x1b]", "\x1b[2J", "\x07", "\x9b") if sign in seen] == []


@pytest.mark.parametrize("words", [["list"], ["show", "1"]])
def test_what_the_database_holds_cannot_steer_the_terminal(desk: Desk, words: list[str]) -> None:
    """Whoever wrote it there."""
    desk.imported(sold(1))
    with closing(sqlite3.connect(desk.world.path)) as connection, connection:
        connection.execute("UPDATE orders SET service = ?, provider = ?, customer = ?", [EVIL] * 3)
        connection.execute("UPDATE targets SET due_reason = ?, owner = ?", [EVIL] * 2)
    told = desk.run("orders", *words).stdout
    assert "?]0;owned??[2J?31m??fake?" in told
    assert [line for line in told.splitlines() if not line.isprintable()] == []
    (shown,) = [json.loads(line) for line in desk.run("orders", *words, "--json").stdout.splitlines()]
    assert shown["service"] == EVIL


def test_words_in_brackets_are_words(desk: Desk) -> None:
    """They mean something to the library that draws the tables."""
    desk.imported(sold(1).replace("acme", "[bold]acme[/bold]"))
    for words in (["list"], ["show", "1"]):
        assert "[bold]acme[/bold]" in desk.run("orders", *words).stdout


@pytest.mark.parametrize("options", [["--json"], []])
def test_a_reader_who_has_seen_enough_is_no_fault_to_tell_of(desk: Desk, options: list[str]) -> None:
    """As in `refilld orders list | head -1`."""
    desk.imported(*(sold(i) for i in range(3000)))
    with subprocess.Popen(
        [*COMMAND, "orders", "list", "--limit", "3000", *options], cwd=desk.home, env=bare(desk.home, {}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        assert "order_id" in child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == ""
    assert child.returncode in {0, 1}


def test_a_database_of_another_version_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    """Nothing is imported into tables that this version does not know."""
    path = desk.write(csv([sold(1)]))
    other = tmp_path / "other.db"
    database = Database(f"sqlite:///{other}")
    migrate.upgrade(database)
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    result = desk.process("orders", "import", path, REFILLD_DATABASE__URL=f"sqlite:///{other}")
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
