"""The simulated source: pure, the same for the same seed, with the documented distributions."""

from datetime import timedelta
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric, Target
from monitor.sources.contract import Source
from monitor.sources.registry import open_source
from monitor.sources.simulated.decay import Decay, Parcel, PlatformPurge
from monitor.sources.simulated.shop import SimulatedShop
from monitor.sources.simulated.source import BEGIN, FaultRates, SimulatedSource
from monitor.sources.simulated.target import AccessChanges

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NO_FAULTS = FaultRates(glitches=0, days_between_outages=1e9, private=0, deleted=0)
SMALL = SimulatedShop(orders=60, days=10)
hours = st.floats(0, 2_000)


def opened(
    seed: int = 1, fault_rates: FaultRates = NO_FAULTS, shop: SimulatedShop = SMALL
) -> SimulatedSource:
    """Open a source and read the orders that were sold before its beginning."""
    source = SimulatedSource(shop, seed, fault_rates)
    source.sold = {row["order_id"]: row for row in source.orders(BEGIN)}  # type: ignore[attr-defined]
    return source


def a_target(source: SimulatedSource, metric: Metric = Metric.FOLLOWERS) -> tuple[str, Target]:
    """The first order of that metric, and its target."""
    row = next(r for r in source.sold.values() if r["metric"] == metric)  # type: ignore[attr-defined]
    key = row["link"].rstrip("/").rpartition("/")[2]
    kind = LinkKind.PROFILE if metric is Metric.FOLLOWERS else LinkKind.POST
    return row["order_id"], Target(Link(kind, key), metric)


@given(st.floats(1, 1_000), st.floats(0.3, 1), st.floats(0, 1), hours, hours)
def test_units_never_increase_without_a_refill(
    scale: float, shape: float, depth: float, t: float, more: float
) -> None:
    parcel = Parcel(5.0, 1_000, Decay(scale, shape, depth), (PlatformPurge(100.0, 0.5),))
    assert 1_000 * (1 - depth) - 1e-6 <= parcel.left(5 + t + more) <= parcel.left(5 + t) <= 1_000


def test_at_the_age_of_its_scale_a_delivery_has_lost_1_minus_1_over_e_of_its_losable_units() -> None:
    parcel = Parcel(0.0, 1_000, Decay(48.0, 0.5, 0.4))
    assert (parcel.left(-1), parcel.left(0)) == (0, 1_000)
    assert parcel.left(48) == pytest.approx(1_000 * (1 - 0.4 * (1 - exp(-1))))


def test_a_purge_adds_its_strength_evenly_over_thirty_hours() -> None:
    parcel = Parcel(0.0, 1_000, Decay(1e12, 1.0, 1.0), (PlatformPurge(10.0, 0.6),))
    assert [parcel.left(t) for t in (10, 25, 40, 100)] == pytest.approx(
        [1_000, 1_000 * exp(-0.3), 1_000 * exp(-0.6), 1_000 * exp(-0.6)]
    )


def test_a_purge_does_not_affect_later_deliveries() -> None:
    parcel = Parcel(25.0, 1_000, Decay(1e12, 1.0, 1.0), (PlatformPurge(10.0, 0.6),))
    assert parcel.left(100) == pytest.approx(1_000 * exp(-0.3))


def test_the_simulated_source_is_registered() -> None:
    assert isinstance(open_source("simulated"), Source)


def test_it_reads_only_its_own_links() -> None:
    """Enabled by mistake, it reads no real profile."""
    assert (
        open_source("simulated").request_key(Target(Link(LinkKind.PROFILE, "nasa"), Metric.FOLLOWERS)) is None
    )


def test_the_given_number_of_orders_is_under_guarantee_at_the_beginning() -> None:
    """Half as many again are sold in half a window."""
    source = SimulatedSource(SimulatedShop(orders=300, days=15, window=30))
    before, after = list(source.orders(BEGIN)), list(source.orders(BEGIN + 15 * DAY))
    assert len(before) + len(after) == 450
    assert 270 <= len(before) <= 330


def test_every_order_is_returned_once_after_its_delivery() -> None:
    source = SimulatedSource(SMALL)
    order_ids = [row["order_id"] for day in range(11) for row in source.orders(BEGIN + day * DAY)]
    assert len(order_ids) == len(set(order_ids)) == 80


def test_orders_sold_before_the_beginning_are_whole_at_the_beginning() -> None:
    """They were refilled until then."""
    source = opened()
    for row in source.sold.values():  # type: ignore[attr-defined]
        target = Target(
            Link(LinkKind(Metric(row["metric"]).counted_on), row["link"].rstrip("/").rpartition("/")[2]),
            Metric(row["metric"]),
        )
        count = source.truth(target, BEGIN)
        assert count is not None
        assert count >= 0.97 * (int(row["start_count"]) + int(row["quantity"]))


@pytest.mark.parametrize("metric", Metric)
def test_a_refill_raises_the_count(metric: Metric) -> None:
    source = opened()
    order_id, target = a_target(source, metric)
    at = BEGIN + 3 * DAY
    before = source.truth(target, at)
    source.refilled(order_id, target, 500, at)
    assert before is not None
    assert source.truth(target, at) == before + 500
    assert source.truth(target, at - HOUR) is not None


def test_without_simulated_faults_a_look_shows_the_true_count() -> None:
    source = opened()
    _, target = a_target(source)
    for day in range(10):
        (snapshot,) = source.read([target], BEGIN + day * DAY).snapshots
        assert (snapshot.count, snapshot.count_kind) == (source.truth(target, snapshot.at), "follower_count")


def test_a_look_does_not_depend_on_earlier_looks() -> None:
    """So that two policies are compared on the same counts."""
    one, other = opened(fault_rates=FaultRates(glitches=0.5)), opened(fault_rates=FaultRates(glitches=0.5))
    _, target = a_target(one)
    for hour in range(100):
        other.read([target], BEGIN + hour * HOUR / 2)
    times = [BEGIN + hour * HOUR for hour in range(100)]
    seen = [[s.read([target], at).snapshots[0].count for at in times] for s in (one, other)]
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 10


def test_a_wrong_number_is_a_day_old_or_too_low() -> None:
    source = opened(fault_rates=FaultRates(glitches=1, days_between_outages=1e9, private=0, deleted=0))
    _, target = a_target(source)
    for hour in range(48, 96):
        at = BEGIN + hour * HOUR
        (snapshot,) = source.read([target], at).snapshots
        truth = source.truth(target, at)
        assert truth is not None
        assert snapshot.count is not None
        assert snapshot.count == source.truth(target, at - DAY) or snapshot.count <= 0.95 * truth


def test_an_outage_refuses_every_look() -> None:
    source = opened(fault_rates=FaultRates(days_between_outages=0.01, longest_outage=48))
    _, target = a_target(source)
    outcomes = {source.read([target], BEGIN + day * DAY).snapshots[0].outcome for day in range(2, 10)}
    assert outcomes <= {Outcome.TRANSIENT, Outcome.RATE_LIMITED}


def test_a_profile_behind_a_login_wall_shows_no_count() -> None:
    access = AccessChanges(private=(10.0, 20.0), deleted=50.0)
    found = [access.at(t) for t in (9, 10, 19.9, 20, 50, 1_000)]
    gone = Outcome.NOT_FOUND
    assert found == [Outcome.COUNT, Outcome.PRIVATE, Outcome.PRIVATE, Outcome.COUNT, gone, gone]


def test_while_a_target_cannot_be_read_it_has_no_true_count() -> None:
    source = opened(fault_rates=FaultRates(days_between_outages=1e9, private=0, deleted=1))
    _, target = a_target(source)
    (snapshot,) = source.read([target], BEGIN + 10 * DAY).snapshots
    assert (snapshot.outcome, source.truth(target, BEGIN + 10 * DAY)) == (Outcome.NOT_FOUND, None)


def test_a_page_costs_one_request() -> None:
    """A post's likes and views are on one page, a profile's followers on another."""
    source = opened(shop=SimulatedShop(orders=400, days=1))
    _, likes = a_target(source, Metric.LIKES)
    views = next(t for t in source._targets if t.metric is Metric.VIEWS and t.link != likes.link)
    both = next(
        t
        for t in source._targets
        if t.metric is Metric.VIEWS and Target(t.link, Metric.LIKES) in source._targets
    )
    assert source.request_key(both) == source.request_key(Target(both.link, Metric.LIKES))
    assert source.request_key(views) != source.request_key(likes)
    assert source.read([both, Target(both.link, Metric.LIKES)], BEGIN).requests == 1


def test_another_seed_is_another_world() -> None:
    assert opened(1).sold == opened(1).sold != opened(2).sold  # type: ignore[attr-defined]


def test_the_shops_own_services_are_sold() -> None:
    shop = SimulatedShop(orders=60, days=1, services=(("17", Metric.FOLLOWERS), ("18", Metric.LIKES)))
    names = {(row["service"], row["metric"]) for row in SimulatedSource(shop).orders(BEGIN)}
    assert names == {("17", "followers"), ("18", "likes"), ("views", "views")}
