"""The pages beside the API, in one server."""

from pathlib import Path

from prometheus_client import CollectorRegistry
from werkzeug.test import Client, TestResponse

from refilld.daemon.http_app import beside
from refilld.metrics.http import HttpMetrics
from tests.refilld.queue_world import QueueWorld
from tests.refilld.web.desk_world import DeskWorld


def get(desk: DeskWorld, path: str) -> TestResponse:
    api = QueueWorld(desk.database, Path()).app()
    return Client(beside(api, desk.app())).get(path)


def test_the_api_answers_its_paths_and_the_pages_all_others(desk: DeskWorld) -> None:
    assert get(desk, "/healthz").status_code == 200
    assert get(desk, "/api/v1/nothing").mimetype == "application/problem+json"
    assert get(desk, "/api/v1/refills").status_code == 401
    assert get(desk, "/settings").location == "/sign-in?next=/settings"
    assert get(desk, "/nothing").mimetype == "text/html"


def test_requests_are_measured_whoever_answers_them(desk: DeskWorld) -> None:
    registry, app = CollectorRegistry(), desk.app()
    HttpMetrics(registry).observe(app)
    assert app.test_client().get("/settings").status_code == 303
    labels = {"method": "GET", "route": "/settings", "status": "3xx"}
    assert registry.get_sample_value("refilld_http_request_duration_seconds_count", labels) == 1
