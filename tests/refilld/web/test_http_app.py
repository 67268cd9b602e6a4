"""The pages beside the API, in one server."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from werkzeug.test import Client, TestResponse

from refilld.daemon.http_app import beside
from refilld.metrics.http import HttpMetrics
from tests.refilld.queue_world import QueueWorld
from tests.refilld.web.desk_world import DeskWorld


def get(desk: DeskWorld, path: str) -> TestResponse:
    return ask(desk, "GET", path)


def ask(desk: DeskWorld, method: str, path: str, **headers: str) -> TestResponse:
    api = QueueWorld(desk.database, Path()).app()
    return Client(beside(api, desk.app())).open(path, method=method, headers=headers)


def test_the_api_answers_its_paths_and_the_pages_all_others(desk: DeskWorld) -> None:
    assert get(desk, "/healthz").status_code == 200
    assert get(desk, "/api/v1/nothing").mimetype == "application/problem+json"
    assert get(desk, "/api/v1/refills").status_code == 401
    assert get(desk, "/settings").location == "/sign-in?next=/settings"
    assert get(desk, "/nothing").mimetype == "text/html"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api", 404),
        ("POST", "/nope", 404),
        ("CONNECT", "/", 405),
        ("OPTIONS", "*", 404),
        ("BREW", "/settings", 405),
        ("DELETE", "/api/v1/refills", 405),
    ],
)
def test_what_no_browser_asks_of_a_page_is_refused_as_by_the_api(
    desk: DeskWorld, method: str, path: str, status: int
) -> None:
    answer = ask(desk, method, path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.headers["X-Request-Id"]
    assert status == 404 or "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("host", ["a..b", ".", "a" * 64, "[", "é"])
@pytest.mark.parametrize(("path", "status"), [("/sign-in", 200), ("/nothing", 404), ("/healthz", 200)])
def test_a_host_that_is_no_name_changes_no_answer(desk: DeskWorld, host: str, path: str, status: int) -> None:
    assert ask(desk, "GET", path, Host=host).status_code == status


def test_a_form_of_a_page_is_refused_as_a_page(desk: DeskWorld) -> None:
    """Sent by another site, or to a page without one."""
    for path in ("/sign-in/send", "/settings"):
        answer = ask(desk, "POST", path, **{"Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, answer.mimetype) == (403, "text/html")


def test_requests_are_measured_whoever_answers_them(desk: DeskWorld) -> None:
    registry, app = CollectorRegistry(), desk.app()
    HttpMetrics(registry).observe(app)
    assert app.test_client().get("/settings").status_code == 303
    labels = {"method": "GET", "route": "/settings", "status": "3xx"}
    assert registry.get_sample_value("refilld_http_request_duration_seconds_count", labels) == 1
