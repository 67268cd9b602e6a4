"""Delivered units and expired leases are counted once."""

from jobs.leases import Leases
from refilld.metrics.process import ProcessMetrics
from tests.refilld.metrics.samples import above_zero, value
from tests.refilld.queue_world import LEASE, Caller, QueueWorld


def caller(world: QueueWorld, metrics: ProcessMetrics) -> Caller:
    return world.caller(app=world.app(refilled=metrics.fulfilment.refilled))


def test_units_are_counted_when_a_refill_is_completed(world: QueueWorld) -> None:
    """What was delivered, at most what was owed; without a number, what was owed."""
    metrics = ProcessMetrics()
    world.queue("1", "2", "3", quantity=100)
    shop = caller(world, metrics)
    for row, delivered in zip(shop.claim(limit=3), ({}, {"delivered": 40}, {"delivered": 500}), strict=True):
        answer = shop.post(f"/{row['refill_id']}/complete", {"lease_token": row["lease_token"], **delivered})
        assert answer.status_code == 200
    assert above_zero(metrics.registry, "units_refilled_total") == {("followers",): 240}


def test_a_repeated_completion_counts_once(world: QueueWorld) -> None:
    """A retry after a lost answer; and one with a lost lease counts nothing."""
    metrics = ProcessMetrics()
    world.queue("1", quantity=100)
    shop = caller(world, metrics)
    (row,) = shop.claim()
    answers = []
    for token in (row["lease_token"], row["lease_token"], "another"):
        world.now += LEASE / 100
        answers.append(shop.post(f"/{row['refill_id']}/complete", {"lease_token": token}).status_code)
    assert answers == [200, 200, 409]
    assert above_zero(metrics.registry, "units_refilled_total") == {("followers",): 100}


def test_leases_are_counted_when_they_end(world: QueueWorld) -> None:
    """Those that were given back in time do not count."""
    metrics = ProcessMetrics()
    world.queue("1", "2", "3")
    shop = caller(world, metrics)
    given_back, *_ = shop.claim(limit=3, lease_seconds=60)
    shop.post(f"/{given_back['refill_id']}/release", {"lease_token": given_back["lease_token"]})
    job = Leases(world.database, world.clock, 10, metrics.fulfilment.leases_expired)
    job.run_once()
    assert value(metrics.registry, "leases_expired_total") == 0
    world.now += LEASE
    job.run_once()
    job.run_once()
    assert value(metrics.registry, "leases_expired_total") == 2
