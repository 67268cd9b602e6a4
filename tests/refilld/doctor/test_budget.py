"""The doctor's forecast: how old a look will be at this budget, and the remedy."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.cadence.capacity import BindingLimit, CadenceKind, Capacity
from monitor.model.link import Link, LinkKind
from monitor.model.target import Metric, Target
from refilld.doctor import budget
from refilld.doctor.finding import Finding, FindingLevel
from refilld.services.source_forecast import ENOUGH, SourceForecast, forecasts
from refilld.settings.settings import Settings
from storage import sources, targets
from tests.refilld.plugged_source import plug_in
from tests.refilld.queue_world import QueueWorld, queue_world

HOUR = timedelta(hours=1)
PLAIN = {"enabled": True, "spacing": "0s", "reserve": 0}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueWorld]:
    """A world with a source `seer` that counts followers only."""
    plug_in(tmp_path, monkeypatch)
    with queue_world(tmp_path) as world:
        yield world


def settings(cadence: str = "learned", **sections: dict[str, Any]) -> Settings:
    named = {name: PLAIN | section for name, section in sections.items()}
    return Settings.model_validate({"sources": named, "sampling": {"cadence": cadence}})


def watch(
    world: QueueWorld, number: int, metric: Metric = Metric.FOLLOWERS, source: str | None = None
) -> None:
    """Store so many due targets of a metric; `source` reads them."""
    kind = metric.counted_on
    wanted = [Target(Link(kind, _key(kind, n)), metric) for n in range(number)]
    with world.database.write() as tx:
        targets.schedule_by(tx, targets.ensure(tx, wanted).values(), world.now, "routine")
        whose = f"SET source = {'NULL' if source is None else repr(source)} WHERE metric = '{metric}'"
        tx.exec_driver_sql(f"UPDATE targets {whose}")


def _key(kind: LinkKind, number: int) -> str:
    return f"shop{number}" if kind is LinkKind.PROFILE else f"C0de{number:07}"


def seen(world: QueueWorld, configured: Settings) -> dict[str, SourceForecast]:
    with world.database.read() as tx:
        return forecasts(tx, configured, world.now)


def found(world: QueueWorld, configured: Settings) -> list[Finding]:
    with world.database.read() as tx:
        return list(budget.findings(tx, configured, world.now))


# The forecast


def test_the_age_of_a_look_follows_from_budget_and_targets(world: QueueWorld) -> None:
    """Sixty targets at thirty requests an hour: two hours."""
    watch(world, 60, source="seer")
    forecast = seen(world, settings(seer={}))["seer"]
    assert (forecast.oldest_look, forecast.binding) == (2 * HOUR, BindingLimit.HOUR)
    assert 0 < forecast.missed < 0.01
    assert timedelta(0) < forecast.delay <= HOUR


def test_the_reserve_of_manual_checks_is_not_for_routine(world: QueueWorld) -> None:
    """A third of thirty requests an hour: twenty are left."""
    watch(world, 60, source="seer")
    assert seen(world, settings(seer={"reserve": 34}))["seer"].oldest_look == 3 * HOUR


def test_the_daily_limit_can_be_the_lowest(world: QueueWorld) -> None:
    """Ten requests an hour in the long run."""
    watch(world, 60, source="seer")
    forecast = seen(world, settings(seer={"requests_per_day": 240}))["seer"]
    assert (forecast.oldest_look, forecast.binding) == (6 * HOUR, BindingLimit.DAY)


def test_unassigned_targets_count_for_the_first_source_that_can_read_them(world: QueueWorld) -> None:
    """Followers for the source that counts them, the rest for the next one."""
    watch(world, 30)
    watch(world, 7, Metric.LIKES)
    both = seen(world, settings(seer={}, instaloader={}))
    assert {name: one.capacity.targets for name, one in both.items()} == {"seer": 30, "instaloader": 7}
    turned = seen(world, settings(instaloader={}, seer={}))
    assert {name: one.capacity.targets for name, one in turned.items()} == {"instaloader": 37, "seer": 0}


def test_the_official_source_comes_first(world: QueueWorld) -> None:
    """Independent of its place in the configuration, as in the daemon."""
    token = world.path.parent / "token"
    token.write_text("hunter2")
    token.chmod(0o600)
    graph = {"ig_user_id": "17841400000000000", "token_file": str(token)}
    watch(world, 30)
    both = seen(world, settings(instaloader={}, graph=graph))
    assert {name: one.capacity.targets for name, one in both.items()} == {"instaloader": 0, "graph": 30}


def test_targets_of_a_disabled_source_count_for_another(world: QueueWorld) -> None:
    """The other source will read them."""
    watch(world, 30, source="instaloader")
    forecast = seen(world, settings(seer={}, instaloader={"enabled": False}))
    assert {name: one.capacity.targets for name, one in forecast.items()} == {"seer": 30}


def test_a_source_that_cannot_start_is_still_counted(world: QueueWorld) -> None:
    """Another finding reports the failure; every other source comes before it."""
    watch(world, 30)
    for name in ("picky", "broken"):
        both = seen(world, settings("learned", **{name: {}, "instaloader": {}}))
        assert {one: forecast.capacity.targets for one, forecast in both.items()} == {
            name: 0,
            "instaloader": 30,
        }
        assert seen(world, settings("learned", **{name: {}}))[name].capacity.targets == 30


def test_an_uninstalled_source_has_no_forecast(world: QueueWorld) -> None:
    """It reads nothing, so its targets count for the others."""
    watch(world, 30, source="telepathy")
    forecast = seen(world, settings(telepathy={}, seer={}))
    assert {name: one.capacity.targets for name, one in forecast.items()} == {"seer": 30}


def test_the_looks_per_request_are_measured(world: QueueWorld) -> None:
    """With enough requests; until then they are estimated from the targets that share a request."""
    watch(world, 60, source="seer")
    with world.database.write() as tx:
        tx.exec_driver_sql("UPDATE targets SET request_key = 'page ' || (target_id % 20)")
        sources.note_requests(tx, "seer", world.now, ENOUGH - 1)
        tx.exec_driver_sql("UPDATE source_requests SET looks = 5")
    assert seen(world, settings(seer={}))["seer"].capacity.looks_per_request == 3
    with world.database.write() as tx:
        sources.note_requests(tx, "seer", world.now, 1)
        tx.exec_driver_sql("UPDATE source_requests SET looks = 5")
    assert seen(world, settings(seer={}))["seer"].capacity.looks_per_request == 5


def test_orders_are_reported_with_the_targets(world: QueueWorld) -> None:
    """Two orders, each on its own target."""
    world.queue("1", "2")
    with world.database.write() as tx:
        tx.exec_driver_sql("UPDATE targets SET next_due_at = 1")
    forecast = seen(world, settings(seer={}))["seer"]
    assert (forecast.capacity.targets, forecast.orders) == (2, 2)


# The finding


def test_a_sufficient_budget_is_reported(world: QueueWorld) -> None:
    """No look is older than `every`, and almost no drop is missed."""
    watch(world, 60, source="seer")
    (finding,) = found(world, settings(seer={}))
    assert (finding.level, finding.hint) == (FindingLevel.OK, "")
    assert "going round once takes 2 hours (cold targets wait longer, hot ones less)" in finding.says


@pytest.mark.parametrize(("cadence", "age"), [("learned", "60 minutes"), ("fixed", "6 hours")])
def test_a_spare_budget_makes_no_look_younger_than_the_cadence_plans(
    world: QueueWorld, cadence: str, age: str
) -> None:
    """A sixth of `every`, or `every`; half of it until a drop is seen."""
    watch(world, 3, source="seer")
    (finding,) = found(world, settings(cadence, seer={"requests_per_hour": 1440}))
    assert (finding.level, finding.says.partition(", and")[0]) == (
        FindingLevel.OK,
        "seer: at 1,440 requests an hour",
    )
    assert f"a look will be up to {age} old; a drop will be seen after " in finding.says
    assert "a minute" not in finding.says


def test_the_fixed_cadence_is_reported_by_its_oldest_look(world: QueueWorld) -> None:
    """Twenty hours for every target."""
    watch(world, 600, source="seer")
    (finding,) = found(world, settings("fixed", seer={}))
    assert "a look will be up to 20 hours old" in finding.says


def test_a_small_budget_is_reported_with_the_needed_one(world: QueueWorld) -> None:
    """Six hundred targets every six hours are a hundred requests an hour."""
    watch(world, 600, source="seer")
    (finding,) = found(world, settings(seer={}))
    assert (finding.level, finding.about) == (FindingLevel.WARNING, "seer")
    assert "600 targets" in finding.says
    assert "going round once takes 20 hours" in finding.says
    assert "a look every 6h would take 100 requests an hour;" in finding.hint
    assert "sources.seer.requests_per_hour allows fewer" in finding.hint


@pytest.mark.parametrize(("pages", "shown"), [(600, False), (200, True)])
def test_targets_that_share_a_request_are_reported(world: QueueWorld, pages: int, shown: bool) -> None:
    """Three in each request."""
    watch(world, 600, source="seer")
    with world.database.write() as tx:
        tx.exec_driver_sql(f"UPDATE targets SET request_key = 'page ' || (target_id % {pages})")
    (finding,) = found(world, settings(seer={}))
    assert ("at 30 requests an hour that read 3 targets each, and 600 targets" in finding.says) is shown


def test_the_lowest_limit_is_the_one_to_raise(world: QueueWorld) -> None:
    """Raising another one has no effect."""
    watch(world, 600, source="seer")
    (finding,) = found(world, settings(seer={"spacing": "10m"}))
    assert "sources.seer.spacing allows fewer: shorten it" in finding.hint


@pytest.mark.parametrize(
    ("limit", "shown"),
    [(50, "allows fewer: raise it (no more than 100 requests an hour), "), (100, "fewer: enable")],
)
def test_no_more_than_the_documented_limit_of_graph_is_suggested(
    world: QueueWorld, limit: int, shown: str
) -> None:
    """A hundred requests an hour; beyond that the remedy is another source."""
    watch(world, 6000, source="graph")
    (finding,) = found(world, settings(graph={"requests_per_hour": limit}))
    assert shown in finding.hint


def test_the_example_in_the_documentation_is_the_output() -> None:
    """Under both cadences."""
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text()
    for policy in CadenceKind:
        forecast = SourceForecast(Capacity(27, 4000, every=6 * HOUR), policy, 4100, BindingLimit.HOUR)
        assert budget.sentence(forecast) in page.replace("\n> ", " ")


def test_targets_that_no_source_can_read_are_reported(world: QueueWorld) -> None:
    """Their metric is counted by no source, or no source supports them: they would never be read."""
    watch(world, 2, Metric.VIEWS)
    watch(world, 1, Metric.LIKES, source="")
    watch(world, 2)
    *_, finding = found(world, settings(seer={}))
    assert (finding.check, finding.level) == ("targets.unread", FindingLevel.WARNING)
    assert finding.says.startswith("3 targets")


def test_without_targets_there_is_no_forecast(world: QueueWorld) -> None:
    """Before the first import."""
    (finding,) = found(world, settings(seer={}))
    assert (finding.level, finding.says) == (FindingLevel.OK, "seer has no target yet")


def test_without_a_source_there_is_no_budget(world: QueueWorld) -> None:
    """The finding `sources.enabled` reports that."""
    watch(world, 3)
    assert found(world, Settings()) == []


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (0, "fewer than 0.1 %"),
        (0.0004, "fewer than 0.1 %"),
        (0.0009, "about 0.1 %"),
        (0.0042, "about 0.4 %"),
        (0.0644, "about 6 %"),
        (1, "about 100 %"),
    ],
)
def test_shares_are_rounded(part: float, shown: str) -> None:
    """They are estimates from model curves."""
    assert budget.share(part) == shown
