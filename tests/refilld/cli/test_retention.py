"""`refilld retention` and `refilld retention what-if`, on a small shop."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from storage.survival_curves import begin_run
from tests.builders import DAY, HOUR, START, an_order
from tests.jobs.survival_world import SurvivalWorld
from tests.refilld.cli_world import CliWorld

Run = Callable[..., list[dict[str, Any]]]


def a_third_at_ten_days(age: timedelta) -> int:
    return 300 if age >= 10 * DAY else 0


@pytest.fixture
def shop(cli: CliWorld) -> CliWorld:
    """Two services of one provider: one keeps everything, the other loses a third on the tenth day."""
    world = SurvivalWorld(cli.world.database)
    world.shop(21, lambda _age: 0, "a", service="good", provider="acme", price="3", currency="USD")
    world.shop(21, a_third_at_ten_days, "b", service="bad", provider="acme", price="3", currency="USD")
    world.deliver_refill("a0", START + 20 * DAY, 300)
    cli.world.now = START + 40 * DAY
    return cli


@pytest.fixture
def rows(shop: CliWorld) -> Run:
    """Runs the command with --json, and gives its rows."""

    def run(*words: object) -> list[dict[str, Any]]:
        result = shop.run("retention", *words, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        return [json.loads(line) for line in result.stdout.splitlines()]

    return run


def test_before_anything_was_computed_it_says_what_to_do(cli: CliWorld) -> None:
    result = cli.main("retention")
    assert result.returncode == 1
    assert result.stderr == "refilld: nothing was computed yet; run: refilld retention --compute\n"


def test_curves_and_costs_are_computed_and_shown(shop: CliWorld) -> None:
    result = shop.run("retention", "--compute")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "followers, service (all), provider (all)"
    assert lines[1].startswith("100% │")
    assert max(map(len, lines)) <= 80
    (bad,) = [line.split() for line in lines if line.startswith("followers  bad")]
    assert bad[:4] == ["followers", "bad", "(all)", "-"]
    assert "Turnbull" in result.stdout
    (cost,) = [line.split() for line in lines if line.startswith("2026-03")]
    assert cost[:6] == ["2026-03", "good", "acme", "300", "0.90", "USD"]


def test_json_has_the_run_the_curves_with_points_and_the_costs(rows: Run) -> None:
    run, *found = rows("--compute")
    assert (run["row"], run["method"], run["cell_hours"]) == ("run", "Turnbull", 6)
    (bad,) = [row for row in found if row.get("service") == "bad" and row["row"] == "curve"]
    assert (bad["orders"], bad["units"], bad["provider"]) == (21, 21_000, None)
    assert bad["lost_7d"]["share"] == pytest.approx(0, abs=1e-3)
    assert bad["lost_60d"] is None
    assert bad["points"][0] == {"hours": 0, "share": 1.0, "low": 1.0, "high": 1.0}
    assert bad["points"][-1]["share"] == pytest.approx(0.7, abs=1e-3)
    assert [row["units"] for row in found if row["row"] == "cost"] == [300]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), {(None, None), ("good", None), ("bad", None), (None, "acme")}),
        (("--service", "bad"), {("bad", None), ("bad", "acme")}),
        (("--provider", "acme"), {(None, "acme"), ("good", "acme"), ("bad", "acme")}),
        (("--service", "bad", "--provider", "acme"), {("bad", "acme")}),
        (("--metric", "likes"), set()),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_filters_choose_the_curves(rows: Run, words: tuple[str, ...], names: set[object]) -> None:
    found = rows("--compute", *words)
    assert {(row["service"], row["provider"]) for row in found if row["row"] == "curve"} == names


def test_it_does_not_compute_what_another_process_computes(shop: CliWorld) -> None:
    with shop.world.database.write() as tx:
        begin_run(tx, shop.world.now - HOUR, START, DAY)
    result = shop.run("retention", "--compute")
    assert result.exit_code == 1
    assert str(result.exception).startswith("another computation is under way, or was killed")


# What if


def total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [row for row in rows if row["total"]]
    return found


def what_if(shop: CliWorld, *words: str) -> tuple[list[dict[str, Any]], str]:
    result = shop.run("retention", "what-if", *words, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_a_higher_threshold_would_have_cost_nothing(shop: CliWorld) -> None:
    """Each of 21 orders lost 300 of 1000 units; the refill of another one was not needed."""
    found, notes = what_if(shop, "--threshold", "31%")
    assert (total(found)["refills"], total(found)["units"], total(found)["price"]) == (21, 6_300, "18.90")
    assert (total(found)["other_units"], total(found)["more_price"]) == (0, "-18.90")
    assert notes == "note: 42 orders were replayed.\n"


def test_a_threshold_in_units_is_another_one(shop: CliWorld) -> None:
    found, _ = what_if(shop, "--threshold", "301")
    assert total(found)["other_units"] == 0


def test_a_shorter_window_would_have_cost_less(shop: CliWorld) -> None:
    found, _ = what_if(shop, "--window", "9d")
    assert (total(found)["units"], total(found)["other_units"]) == (6_300, 0)


def test_a_longer_window_says_what_was_not_seen(shop: CliWorld) -> None:
    _, notes = what_if(shop, "--window", "60d")
    assert "Of 42 orders whose guarantee has ended, 0 were seen later." in notes


def test_old_targets_are_left_out(shop: CliWorld) -> None:
    found, notes = what_if(shop, "--window", "9d", "--since", "30d")
    assert (total(found)["units"], notes) == (0, "note: 0 orders were replayed.\n")


def test_nothing_is_written_by_a_replay(shop: CliWorld) -> None:
    before = shop.dump()
    what_if(shop, "--window", "60d")
    assert shop.dump() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "what shall be changed? give --window or --threshold"),
        (("--threshold", "200%"), "write a share of the delivered units like 10%, or units like 50"),
        (("--threshold", "ten"), "write a share of the delivered units like 10%, or units like 50"),
        (("--window", "soon"), "Invalid value for '--window'"),
        (("--window", "0s"), "must be 1s to 36500d"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_wrong_usage_has_a_clear_line(shop: CliWorld, words: tuple[str, ...], says: str) -> None:
    result = shop.main("retention", "what-if", *words)
    assert result.returncode == 2
    assert says in result.stderr


def test_a_refill_that_another_order_of_the_target_would_have_got_arrives_too(cli: CliWorld) -> None:
    """The longer guarantee ends last, so the other order pays for the missing units, and once only."""
    world = SurvivalWorld(cli.world.database)
    first, second = (
        an_order(order_id, "shared", created_at=START, settle=timedelta(0), completed_at=START + place * HOUR)
        for place, order_id in enumerate(("first", "second"))
    )
    world.sell(first, replace(second, start_count=2000, terms=replace(second.terms, window=10 * DAY)))
    world.look("shared", lambda age: 0 if age < 4 * DAY or age > 6 * DAY else 300, line=3000)
    world.deliver_refill("second", START + 5 * DAY, 300)
    cli.world.now = START + 40 * DAY
    found, _ = what_if(cli, "--window", "20d")
    assert (total(found)["units"], total(found)["other_units"]) == (300, 300)
