"""`refilld backtest`: its outputs and exit codes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner, Result

from refilld.cli.backtest import COLUMNS
from refilld.cli.context import CommandContext
from refilld.cli.root import refilld
from tests.main_in_process import run_main
from tests.refilld.backtest.backtest_world import HOUR, NOW, SETTLED, look_event, looks, order_row
from tests.refilld.cli_world import COMMAND, bare, process

DROP = looks((SETTLED, 1700), (SETTLED + 2 * HOUR, 1700))


@pytest.fixture
def home() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        put(folder / "orders.jsonl", [order_row(price="1.50", currency="USD")])
        put(folder / "events.jsonl", DROP)
        (folder / "refilld.toml").write_text("")
        (folder / "lax.toml").write_text("[terms.default]\nmin_drop_percent = 50\n")
        yield folder


def put(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def run(home: Path, *words: object) -> Result:
    context = CommandContext(home / "refilld.toml", lambda: NOW)
    files = (home / "orders.jsonl", home / "events.jsonl")
    return CliRunner().invoke(refilld, list(map(str, ("backtest", *files, *words))), obj=context)


def test_decisions_go_to_standard_output_and_the_summary_to_standard_error(home: Path) -> None:
    result = run(home)
    (decision,) = map(json.loads, result.stdout.splitlines())
    assert (decision["decision"], decision["quantity"], result.exit_code) == ("refill", 300, 0)
    assert json.loads(result.stderr.splitlines()[-1])["units_owed"] == 300


def test_no_database_is_needed_or_created(home: Path) -> None:
    result = run_main("backtest", "orders.jsonl", "events.jsonl", cwd=home)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in home.iterdir()) == [
        "events.jsonl", "lax.toml", "orders.jsonl", "refilld.toml",
    ]  # fmt: skip


def test_a_bad_event_is_reported_with_exit_code_1(home: Path) -> None:
    put(home / "events.jsonl", [look_event(SETTLED, -1), *DROP])
    result = run(home)
    first, *_, last = result.stderr.splitlines()
    assert first.startswith("events.jsonl:1: count: ")
    assert (json.loads(last)["events_refused"], len(result.stdout.splitlines()), result.exit_code) == (
        1,
        1,
        1,
    )


def test_a_bad_order_is_reported_with_exit_code_1(home: Path) -> None:
    put(home / "orders.jsonl", [order_row(), order_row("2", "esa", quantity=0)])
    result = run(home)
    assert (result.exit_code, result.stderr.splitlines()[0][:27]) == (1, "orders.jsonl:2: quantity: '")


def test_the_output_can_be_a_file(home: Path) -> None:
    result = run(home, "--output", home / "out.jsonl")
    assert (result.stdout, len((home / "out.jsonl").read_text().splitlines())) == ("", 1)


@pytest.mark.parametrize("name", ["orders.jsonl", "events.jsonl", "refilld.toml", "lax.toml"])
def test_no_input_file_is_overwritten(home: Path, name: str) -> None:
    before = (home / name).read_bytes()
    result = run(home, "--compare", home / "lax.toml", "--output", home / name)
    assert ((home / name).read_bytes(), result.exit_code) == (before, 2)


def test_an_aborted_run_leaves_the_output_unchanged(home: Path) -> None:
    (home / "out.jsonl").write_text("before")
    (home / "orders.jsonl").write_text("[1, 2]")
    result = run_main("backtest", "orders.jsonl", "events.jsonl", "--output", "out.jsonl", cwd=home)
    assert (result.returncode, (home / "out.jsonl").read_text()) == (2, "before")
    assert "is one JSON array" in result.stderr
    assert len(list(home.iterdir())) == 5


def test_an_unwritable_output_is_a_one_line_error(home: Path) -> None:
    result = run_main("backtest", "orders.jsonl", "events.jsonl", "--output", "nowhere/out.jsonl", cwd=home)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert "cannot be written" in result.stderr


def test_a_device_is_written_to_and_not_replaced(home: Path) -> None:
    assert run(home, "--output", "/dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()


def test_the_terms_may_be_named_after_the_command(home: Path) -> None:
    assert run(home, "--config", home / "lax.toml").stdout == ""


def test_a_comparison_prints_a_table_and_no_decisions(home: Path) -> None:
    result = run(home, "--compare", home / "lax.toml", "--json", "--output", home / "out.jsonl")
    service, total = map(json.loads, result.stdout.splitlines())
    assert (service["service"], service["price"], service["other_price"], total["more_units"]) == (
        "svc", "0.45", "0.00", -300,
    )  # fmt: skip
    assert len((home / "out.jsonl").read_text().splitlines()) == 1
    narrow, wide = (run(home, "--compare", home / "lax.toml", *how).stdout for how in ((), ("--wide",)))
    assert max(map(len, narrow.splitlines())) <= 80
    assert "more_price" in narrow
    assert wide.splitlines()[0].split() == [column.name for column in COLUMNS]


def test_unknown_terms_to_compare_are_a_wrong_usage(home: Path) -> None:
    (home / "lax.toml").write_text("[terms.default]\nwindw = 1\n")
    result = run_main("backtest", "orders.jsonl", "events.jsonl", "--compare", "lax.toml", cwd=home)
    assert (result.returncode, result.stdout) == (2, "")
    assert "lax.toml:2" in result.stderr


def test_the_same_input_gives_the_same_bytes(home: Path) -> None:
    """Independent of the hash seed of the interpreter."""
    names = [f"shop{number}" for number in range(40)]
    put(home / "orders.jsonl", [order_row(name, name, price="1.50") for name in names] * 2)
    put(home / "events.jsonl", [look | {"link": name} for look in DROP for name in names])
    words = ("backtest", "orders.jsonl", "events.jsonl", "--compare", "lax.toml", "--output", "out.jsonl")
    seen = set()
    for seed in ("0", "1", "4711"):
        result = process(*words, cwd=home, PYTHONHASHSEED=seed)
        seen.add((result.stdout, result.stderr, (home / "out.jsonl").read_bytes()))
    assert len(seen) == 1


def test_a_history_may_come_through_a_pipe(home: Path) -> None:
    """Each input is read once."""
    words = [*COMMAND, "backtest", "orders.jsonl", "/dev/stdin"]
    events = (home / "events.jsonl").read_bytes()
    piped = subprocess.run(
        words, cwd=home, env=bare(home, {}), input=events, capture_output=True, check=False, timeout=60
    )
    assert (piped.stdout.decode(), piped.returncode) == (run(home).stdout, 0)


@pytest.mark.parametrize("output", ["/dev/full", "x" * 300, "loop"])
def test_an_unwritable_path_is_a_one_line_error(home: Path, output: str) -> None:
    """A full disk, a name that is too long, a loop of links."""
    (home / "loop").symlink_to("loop")
    result = run_main("backtest", "orders.jsonl", "events.jsonl", "--output", output, cwd=home)
    assert result.returncode == 2
    assert "cannot be written: " in result.stderr
    assert "Traceback" not in result.stderr
