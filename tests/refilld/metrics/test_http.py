"""Requests are measured by route template; no path, id or method of a client becomes a label."""

from refilld.metrics.process import ProcessMetrics
from tests.refilld.metrics.samples import above_zero, samples
from tests.refilld.queue_world import Caller, QueueWorld

COUNT = "http_request_duration_seconds_count"


def measured(world: QueueWorld) -> tuple[ProcessMetrics, Caller]:
    metrics, app = ProcessMetrics(), world.app()
    metrics.http.observe(app)
    return metrics, world.caller(app=app)


def test_requests_are_measured_by_route_method_and_status(world: QueueWorld) -> None:
    """Refused ones as well; the labels are in the order method, route, status."""
    metrics, shop = measured(world)
    shop.get()
    shop.get("?limit=0")
    shop.client.get("/api/v1/refills")
    for refill_id in (1, 2, 3):
        shop.post(f"/{refill_id}/approve")
    shop.client.get("/healthz")
    assert above_zero(metrics.registry, COUNT) == {
        ("GET", "/api/v1/refills", "2xx"): 1, ("GET", "/api/v1/refills", "4xx"): 2,
        ("POST", "/api/v1/refills/<refill_id>/approve", "4xx"): 3, ("GET", "/healthz", "2xx"): 1,
    }  # fmt: skip


def test_a_defect_is_measured_as_5xx(world: QueueWorld) -> None:
    metrics, shop = measured(world)
    with world.database.write() as tx:
        tx.exec_driver_sql("ALTER TABLE refills RENAME TO mislaid")
    shop.get()
    assert above_zero(metrics.registry, COUNT) == {("GET", "/api/v1/refills", "5xx"): 1}


def test_clients_cannot_add_series(world: QueueWorld) -> None:
    """Other paths, ids and methods make no further series."""
    metrics, shop = measured(world)
    for i in range(30):
        shop.client.get(f"/path/{i}?query={i}", headers={"X-Forwarded-For": f"10.0.0.{i}"})
        shop.post(f"/{i}/approve")
        shop.post(f"/order-{i}/cancel")
        shop.client.open("/healthz", method=f"VERB{i}")
    assert above_zero(metrics.registry, COUNT) == {
        ("GET", "none", "4xx"): 30,
        ("POST", "/api/v1/refills/<refill_id>/approve", "4xx"): 30,
        ("POST", "/api/v1/refills/<refill_id>/cancel", "4xx"): 30,
        ("other", "none", "4xx"): 30,
    }
    assert len(samples(metrics.registry, ["http"])) < 100
