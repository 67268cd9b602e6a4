"""`refilld simulate`: worlds, budgets, output, and no side effects."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refilld.cli.context import CommandContext
from refilld.cli.root import refilld
from tests.kept_logs import kept_logs
from tests.refilld.simulate.simulate_world import BEGIN, DAY

PAGE = Path(__file__).parents[3] / "docs" / "simulate.md"
SMALL = ("--days", "1", "--orders", "20", "--requests-per-hour", "60")


def run(home: Path, *words: object) -> Result:
    def no_clock() -> None:
        raise AssertionError("the real time was read")

    context = CommandContext(home / "refilld.toml", no_clock)  # type: ignore[arg-type]
    return CliRunner().invoke(refilld, ["simulate", *map(str, words)], obj=context)


def figures(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: dict[str, object] = json.loads(line)
    return found


@dataclass(frozen=True)
class Simulated:
    """The output of a simulation, and what its folder contained afterwards."""

    result: Result
    crossings: bytes
    """The file of `--output`."""
    files: set[str]


def configured(folder: Path) -> Path:
    database = f'[database]\nurl = "sqlite:///{folder}/real.db"\n'
    (folder / "refilld.toml").write_text(f'{database}[sampling]\ncadence = "fixed"\nevery = "6h"\n')
    return folder


def simulated(folder: Path, *words: object) -> Simulated:
    result = run(configured(folder), *SMALL, *words, "--output", folder / "crossings.jsonl")
    assert result.exit_code == 0, result.output
    files = {path.name for path in folder.iterdir()}
    return Simulated(result, (folder / "crossings.jsonl").read_bytes(), files)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """A simulation for several tests: each takes seconds."""
    with kept_logs():  # the fixture that does so for each test begins after this one
        return simulated(tmp_path_factory.mktemp("table"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return configured(tmp_path)


@pytest.fixture
def leaking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example of the documentation, installed as a package."""
    code, toml = re.findall(r"(?s)```(?:python|toml)\n(.*?)```", PAGE.read_text())
    site = tmp_path / "site"
    info = site / "leaking-1.dist-info"
    info.mkdir(parents=True)
    (site / "leaking.py").write_text(code)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaking\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[refilld.sources]\n" + toml.splitlines()[1].replace('"', ""))
    monkeypatch.syspath_prepend(str(site))
    yield
    sys.modules.pop("leaking", None)


def test_the_output_depends_on_the_seed_only(table: Simulated, tmp_path: Path) -> None:
    """The same seed gives the same bytes, including the crossings in the file; another seed gives others."""
    again = simulated(tmp_path)
    assert (again.result.stdout, again.crossings) == (table.result.stdout, table.crossings)
    assert run(tmp_path, *SMALL, "--seed", "2").stdout != table.result.stdout


def test_the_configured_database_is_not_used(table: Simulated) -> None:
    assert table.files == {"refilld.toml", "crossings.jsonl"}


def test_a_service_with_its_own_sources_is_simulated(home: Path) -> None:
    """The simulated world replaces the configured sources."""
    plain = '[sources.graph]\nenabled = true\n[services.17]\nmetric = "followers"\n'
    with (home / "refilld.toml").open("a") as file:
        file.write(plain)
    without = figures(run(home, *SMALL, "--json"))
    with (home / "refilld.toml").open("a") as file:
        file.write('sources = ["graph"]\n')
    restricted = figures(run(home, *SMALL, "--json"))
    assert restricted == without
    assert isinstance(restricted["looks"], int)
    assert restricted["looks"] > 0


def test_the_table_shows_the_figures_and_their_assumptions(table: Simulated) -> None:
    shown = table.result.stdout
    assert re.search(r"^looks per detected drop +[0-9.]+ *$", shown, re.MULTILINE)
    assert "synthetic" in shown
    assert "60 requests an hour" in shown


def test_json_and_the_file_have_every_figure_and_each_real_drop(tmp_path: Path) -> None:
    done = simulated(tmp_path, "--json")
    found = figures(done.result)
    assert found["policy"] == "fixed"
    assert found["looks"] == found["looks_per_request"] * found["requests"] or found["looks"] > 0  # type: ignore[operator]
    assert {"delay_hours_p95", "missed_share", "cost", "assumptions"} <= set(found)
    head, *drops = map(json.loads, done.crossings.splitlines())
    assert head == found
    assert len(drops) == head["real_drops"] > 0
    assert set(drops[0]) == {"policy", "order_id", "units", "began_at", "ended_at", "fate"}


def test_two_cadences_are_compared_in_one_world(home: Path) -> None:
    """The same orders, one column each, the configured cadence first."""
    result = run(home, *SMALL, "--compare", "learned", "--json")
    assert result.exit_code == 0, result.output
    fixed, learned = map(json.loads, result.stdout.splitlines())
    assert (fixed["policy"], learned["policy"]) == ("fixed", "learned")
    assert fixed["orders"] == learned["orders"]
    assert fixed["looks"] != learned["looks"]


def test_the_example_of_the_documentation_runs(home: Path, leaking: None) -> None:
    """Ten units a day: five percent of a thousand are lost after five days, and again after ten."""
    found = figures(run(home, "--source", "leaking", "--days", 12, "--json"))
    assert (found["real_drops"], found["refills"], found["units_refilled"]) == (2, 2, 100)
    assert found["missed_share"] == 0
    assert found["delay_hours_mean"] <= 6  # type: ignore[operator]


def test_a_world_without_orders_needs_an_orders_file(
    home: Path, leaking: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("leaking.Leaking.orders")
    result = run(home, "--source", "leaking")
    assert "it has no orders(now)" in str(result.exception)
    orders = home / "orders.csv"
    completed = (BEGIN + DAY).replace(tzinfo=None).isoformat()
    orders.write_text(
        "order_id,service,link,quantity,status,completed_at,start_count,metric\n"
        f"1,svc,@nasa,1000,Completed,{completed},500,followers\n"
    )
    result = run(home, "--source", "leaking", "--days", 2, "--orders-file", orders, "--json")
    assert "orders.csv: times without a zone are read as UTC (1 row, first in line 2:" in result.stderr
    found = figures(result)
    assert (found["orders"], found["targets"]) == (1, 1)
    assert found["looks"] > 0  # type: ignore[operator]


def test_refused_orders_are_reported_with_exit_code_1(home: Path, leaking: None) -> None:
    orders = home / "orders.csv"
    orders.write_text("order_id,service,link,quantity,status\n1,svc,@nasa,many,Pending\n")
    result = run(home, "--source", "leaking", "--days", 1, "--orders-file", orders)
    assert (result.exit_code, "orders.csv:2: quantity:" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--orders-file", PAGE), "sells its own"),
        (("--source", "instaloader", "--orders", 5), "built-in world only"),
        (("--compare", "fixed"), "already"),
        (("--compare", "lucky"), "'lucky' is not"),
    ],
)
def test_contradictory_options_are_a_wrong_usage(home: Path, words: tuple[object, ...], message: str) -> None:
    result = run(home, *words)
    assert (result.exit_code, message in result.output) == (2, True)


def test_a_source_that_is_not_installed_is_named(home: Path) -> None:
    assert "telepathy" in str(run(home, "--source", "telepathy").exception)
