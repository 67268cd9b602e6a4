"""Retention curves on both engines: the whole job, and how its results are stored and read."""

from dataclasses import astuple
from datetime import timedelta
from decimal import Decimal

import pytest

from monitor.model.target import Metric
from monitor.survival.curve import CurvePoint, SurvivalCurve
from monitor.survival.curve_name import CurveName
from storage import guarantee_costs, survival_curves, survival_orders, target_history
from storage.engine import Database
from storage.guarantee_costs import CostFilter, GuaranteeCost
from storage.survival_orders import GroupSize
from tests.builders import DAY, HOUR, NOW, START, an_order
from tests.jobs.survival_world import SurvivalWorld
from tests.storage.shop import sell

CURVE = SurvivalCurve(25, 25_000, (CurvePoint(0, 1.0, 1.0, 1.0), CurvePoint(1, 0.9, 0.85, 0.95)))
NAME = CurveName(Metric.FOLLOWERS, "svc", "acme")


def a_run(database: Database, *names: CurveName) -> int:
    """A finished run with these curves."""
    with database.write() as tx:
        run_id = survival_curves.begin_run(tx, NOW, START, timedelta(0))
        assert run_id is not None
        for name in names:
            survival_curves.save(tx, run_id, name, CURVE)
        survival_curves.finish_run(tx, run_id, NOW + HOUR)
    return run_id


def test_the_job_computes_curves_and_costs(database: Database) -> None:
    world = SurvivalWorld(database)
    world.shop(21, lambda age: 300 if age >= 10 * DAY else 0, provider="acme", price="3", currency="USD")
    world.deliver_refill("a0", START + 12 * DAY)
    assert world.compute()
    assert world.share(20, service="followers", provider="acme") == pytest.approx(0.7, abs=0.01)
    (cost,) = world.costs()
    assert (cost.provider, cost.units, str(cost.price)) == ("acme", 100, "0.30")


def test_a_curve_is_read_as_it_was_saved(database: Database) -> None:
    run_id = a_run(database, NAME)
    with database.read() as tx:
        (stored,) = survival_curves.listed(tx, run_id)
        assert (stored.name, survival_curves.load(tx, [stored])) == (NAME, [CURVE])
        assert survival_curves.some_points(tx, [stored], (1, 28)) == [[CURVE.points[1]]]
        assert survival_curves.ends(tx, [stored]) == [1]


def test_curves_are_listed_by_service_and_provider(database: Database) -> None:
    of_service, of_all = CurveName(Metric.FOLLOWERS, "svc"), CurveName(Metric.FOLLOWERS)
    run_id = a_run(database, NAME, of_service, of_all)
    with database.read() as tx:
        assert {one.name for one in survival_curves.listed(tx, run_id, service="svc")} == {NAME, of_service}
        assert {one.name for one in survival_curves.listed(tx, run_id, "", "")} == {of_all}


def test_a_run_is_read_when_it_is_finished(database: Database) -> None:
    first = a_run(database, NAME)
    with database.write() as tx:
        survival_curves.begin_run(tx, NOW, START, timedelta(0))
    with database.read() as tx:
        newest = survival_curves.newest_run(tx)
    assert newest is not None
    assert (newest.run_id, newest.finished_at, newest.completed_since) == (first, NOW + HOUR, START)


def test_older_runs_are_deleted_in_parts(database: Database) -> None:
    a_run(database, *(CurveName(Metric.FOLLOWERS, f"svc{number}") for number in range(5)))
    newest = a_run(database, NAME)
    rounds = 0
    more = True
    while more:
        with database.write() as tx:
            more = survival_curves.delete_older(tx, newest, 2)
        rounds += 1
    world = SurvivalWorld(database)
    assert rounds == 4
    assert world.stored("survival_runs", "survival_curves", "survival_points") == (1, 1, 2)


def test_costs_are_read_the_newest_month_first(database: Database) -> None:
    run_id = a_run(database)
    costs = [
        GuaranteeCost(month, Metric.FOLLOWERS, "svc", provider, "USD", 1, units, None)
        for month, provider, units in [(START, None, 1), (START, "b", 2), (NOW, "a", 1)]
    ]
    with database.write() as tx:
        guarantee_costs.save(tx, run_id, costs)
        guarantee_costs.save(tx, run_id, [])
    with database.read() as tx:
        assert [one.provider for one in guarantee_costs.of_run(tx, run_id)] == ["a", "b", None]
        assert [one.month for one in guarantee_costs.of_run(tx, run_id, CostFilter(provider="b"))] == [START]


def test_costs_are_summed_by_month_and_currency(database: Database) -> None:
    run_id = a_run(database)
    costs = [
        GuaranteeCost(month, Metric.FOLLOWERS, service, None, currency, 1, 10, price)
        for month, service, currency, price in [
            (START, "a", "USD", Decimal("0.10")),
            (NOW, "a", "USD", Decimal("0.10")),
            (NOW, "b", "USD", Decimal("0.20")),
            (NOW, "a", "EUR", Decimal(1)),
            (NOW, "a", "EUR", None),
        ]
    ]
    with database.write() as tx:
        guarantee_costs.save(tx, run_id, costs)
    usd, eur, unpriced = (
        (NOW, "USD", 2, 20, Decimal("0.30")),
        (NOW, "EUR", 1, 10, Decimal(1)),
        (NOW, None, 1, 10, None),
    )
    with database.read() as tx:
        found = guarantee_costs.by_month(tx, run_id, START + DAY, CostFilter(Metric.FOLLOWERS))
        assert [astuple(one) for one in found] == [eur, usd, unpriced]
        of_b = guarantee_costs.by_month(tx, run_id, START, CostFilter(service="b"))
        assert [one.price for one in of_b] == [Decimal("0.20")]
        most = guarantee_costs.of_month(tx, run_id, NOW, CostFilter(), 1)
        assert [(one.service, one.units) for one in most] == [("a", 10)]


def test_groups_are_counted_from_delivered_orders(database: Database) -> None:
    sell(
        database,
        an_order("1", "a"),
        an_order("2", "b", provider="acme"),
        an_order("3", "c", completed_at=START - DAY),
        an_order("4", "d", quantity=10, remains=10),
    )
    with database.read() as tx:
        found = survival_orders.group_sizes(tx, START)
    assert sorted(found, key=lambda group: group.provider) == [
        GroupSize(Metric.FOLLOWERS, "followers", "", 1),
        GroupSize(Metric.FOLLOWERS, "followers", "acme", 1),
    ]


def test_the_history_has_orders_as_they_were_imported(database: Database) -> None:
    """A measured start count is measured again by a replay; one that was given stays."""
    sell(database, an_order("1", "a", start_count=None), an_order("2", "b", start_count=7))
    with database.read() as tx:
        ids = target_history.targets_sold(tx, START, 0, 10)
        past = target_history.past_orders(tx, ids)
    assert {order.order_id: order.start_count for _, order in past.orders} == {"1": None, "2": 7}
