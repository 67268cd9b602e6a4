"""The OpenAPI document has every route, and the page shows it; all tests check answers against it."""

import re
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from refilld.daemon.http_app import API_PATHS
from refilld.daemon.metrics_endpoint import add_metrics
from refilld.metrics.process import ProcessMetrics
from refilld.services.database_check import DatabaseCheck
from refilld.settings.settings import Settings
from storage.tokens import Scope
from tests.refilld.api.documented import UNASKED, document_of, path_of
from tests.refilld.queue_world import QueueWorld

ANSWERED = {"PanelRefillRow", "PanelServiceRow", "PanelStatusRow"}
METHODS = {"get", "post", "put", "delete"}


@pytest.fixture
def app(world: QueueWorld) -> Flask:
    """The application as the daemon serves it."""
    made = world.app()
    add_metrics(
        made, ProcessMetrics(), world.database, DatabaseCheck(world.database), Settings(), world.clock
    )
    return made


def calls(document: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {
        (path, method): call
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    }


def test_the_document_is_valid(app: Flask) -> None:
    document = document_of(app)
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


def test_every_route_is_in_the_document_and_no_other(app: Flask) -> None:
    served = {
        (path_of(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - UNASKED
    }
    assert set(calls(document_of(app))) == served
    assert len(served) > 30


def test_each_call_that_needs_a_token_names_its_scopes(app: Flask) -> None:
    """And the document itself needs none; the key of panels is in their form."""
    open_to_all = set()
    for (path, _), call in calls(document_of(app)).items():
        scopes = [Scope(one["bearer"][0]) for one in call.get("security", [])]
        statuses = call["responses"].keys()
        assert ({"401", "403"} <= statuses) is bool(scopes)
        if not scopes:
            open_to_all.add(path)
    assert open_to_all == {"/healthz", "/readyz", "/openapi.json", "/docs", "/api/v2"}


def test_every_call_documents_what_any_of_its_kind_may_answer(app: Flask) -> None:
    for call in calls(document_of(app)).values():
        statuses = call["responses"].keys()
        assert {"400", "431", "500"} <= statuses
        taken = call.get("requestBody", {"content": {}})["content"].keys()
        assert ("application/json" not in taken) or {"413", "415", "422"} <= statuses
        assert all("X-Request-Id" in one["headers"] for one in call["responses"].values())
        problems = [one for status, one in call["responses"].items() if status >= "400"]
        assert all(list(one["content"]) == ["application/problem+json"] for one in problems)


def test_every_field_that_is_sent_is_described(app: Flask) -> None:
    """Of bodies, of their rows, and of queries."""
    document = document_of(app)
    schemas = document["components"]["schemas"]
    sent = {name for name in schemas if re.search("(Body|Form|List)$|[a-z]Row$", name)} - ANSWERED
    assert {"ClaimBody", "OrderBody", "OrderList", "ExtendRow", "OperatorRow", "PanelForm"} <= sent
    fields = {
        f"{name}.{field}": one for name in sent for field, one in schemas[name].get("properties", {}).items()
    }
    for (path, _), call in calls(document).items():
        fields |= {f"{path} {one['name']}": one for one in call["parameters"] if one["in"] == "query"}
    assert [name for name, one in fields.items() if "description" not in one] == []


def test_types_of_rows_and_of_the_metrics_are_described(app: Flask) -> None:
    """Each in its own words, the metrics with an example; the page tells their media types apart."""
    schemas = document_of(app)["components"]["schemas"]
    rows = (
        "RefillAnswer",
        "ClaimedAnswer",
        "DropAnswer",
        "DecisionAnswer",
        "DeliveryAnswer",
        "AttemptAnswer",
    )
    assert len({schemas[name]["description"] for name in rows}) == len(rows)
    assert "attempt" in schemas["AttemptAnswer"]["description"]
    (example,) = schemas["MetricsAnswer"]["examples"]
    assert "refilld_" in example
    assert "stringstring" not in re.sub(r"<[^>]*>", "", app.test_client().get("/docs").text)


def test_links_lead_to_calls_that_exist(app: Flask) -> None:
    """From a list to what can be done with its rows, and from a claim to its end."""
    found = calls(document_of(app))
    known = {call["operationId"] for call in found.values()}
    assert len(known) == len(found)
    links = [
        (call["operationId"], link["operationId"])
        for call in found.values()
        for answer in call["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert {target for _, target in links} <= known
    assert {("refills_claim", "refills_complete"), ("orders_listed", "orders_show")} <= set(links)


def test_the_page_shows_every_call_and_loads_nothing(app: Flask) -> None:
    """It works without the Internet, and runs no script."""
    answer = app.test_client().get("/docs")
    assert answer.mimetype == "text/html"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = answer.text
    assert all(f'id="{call["operationId"]}"' in page for call in calls(document_of(app)).values())
    assert re.findall(r"<(?:script|link|img|iframe|object)\b|\bsrc=|url\(|@import", page) == []
    assert set(re.findall(r'href="([^#"][^"]*)"', page)) == {"/openapi.json"}
    names = set(re.findall(r'href="#([^"]+)"', page))
    assert names <= set(re.findall(r'id="([^"]+)"', page))


def test_the_pages_leave_the_document_to_the_api() -> None:
    assert {"/openapi.json", "/docs"} <= set(API_PATHS)
