"""POST /api/v1/orders/{order_id}/refill-requests: the customer noticed a drop."""

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from monitor.cadence.schedule import Priority
from refilld.answers.texts import shipped_texts
from storage import due, orders, routes
from storage.schema import metadata
from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld, a_sold_order


def ask(world: QueueWorld, order_id: str, scope: Scope = Scope.ORDERS_WRITE, **sent: Any) -> TestResponse:
    caller = world.caller(scope)
    path = f"/api/v1/orders/{order_id}/refill-requests"
    return caller.client.post(path, headers=caller.headers, **sent)


@pytest.fixture
def sold(world: QueueWorld) -> QueueWorld:
    """One order, delivered today and imported."""
    with world.database.write() as tx:
        orders.import_batch(tx, [a_sold_order("17", "nasa")], world.now)
    return world


def test_the_current_answer_is_returned_at_once(sold: QueueWorld) -> None:
    """202 with a sentence, the numbers, and the next step."""
    answer = ask(sold, "17")
    assert answer.status_code == 202
    body = answer.get_json()
    assert (body["order_id"], body["recheck"]) == ("17", "impossible")
    assert body["note"].startswith("no source is enabled, so nothing is looked at; set enabled = true")
    assert body["sentence"].endswith(".")
    assert {"word", "count", "line", "missing", "threshold", "quantity"} <= body.keys()


def test_with_an_enabled_source_a_look_is_due(sold: QueueWorld) -> None:
    """Without a note."""
    app = sold.app(sources={"instaloader": {"enabled": True}})
    caller = sold.caller(Scope.ORDERS_WRITE, app=app)
    path = "/api/v1/orders/17/refill-requests"
    body = caller.client.post(path, headers=caller.headers).get_json()
    assert (body["recheck"], body["note"]) == ("due", None)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [(None, "tr"), ("es-MX,es;q=0.9,en;q=0.8", "es"), ("pt-BR", "pt"), ("ja", "tr"), ("*", "tr")],
)
def test_the_answer_is_in_a_language_that_the_client_accepts(
    sold: QueueWorld, accepted: str | None, language: str
) -> None:
    """Otherwise in the configured one."""
    caller = sold.caller(Scope.ORDERS_WRITE, app=sold.app(answers={"language": "tr"}))
    headers = caller.headers | ({"Accept-Language": accepted} if accepted else {})
    answer = caller.client.post("/api/v1/orders/17/refill-requests", headers=headers)
    assert answer.headers["Content-Language"] == language
    texts = shipped_texts().of(language)
    link, metric = "https://www.instagram.com/nasa/", texts.text("metric:followers")
    assert answer.get_json()["sentence"] == texts.text("not_readable").format(link=link, metric=metric)


@pytest.mark.parametrize(("accepted", "language"), [(None, "pt"), ("ru", "ru"), ("ja", "pt")])
def test_without_a_language_of_the_client_the_answer_is_in_that_of_the_order(
    world: QueueWorld, accepted: str | None, language: str
) -> None:
    with world.database.write() as tx:
        orders.import_batch(tx, [replace(a_sold_order("17", "nasa"), language="pt-BR")], world.now)
    caller = world.caller(Scope.ORDERS_WRITE, app=world.app(answers={"language": "tr"}))
    headers = caller.headers | ({"Accept-Language": accepted} if accepted else {})
    answer = caller.client.post("/api/v1/orders/17/refill-requests", headers=headers)
    assert answer.headers["Content-Language"] == language


def test_the_target_becomes_urgent(sold: QueueWorld) -> None:
    """The next round of looks begins with it."""
    ask(sold, "17")
    with sold.database.write() as tx:
        (row,) = routes.unrouted(tx, 10)
        schedule = replace(row.schedule, source="graph", request_key="nasa")
        routes.save_routes(tx, [replace(row, schedule=schedule)], {})
        (head,) = due.due_by_date(tx, "graph", Priority.URGENT, sold.now, 10)
    assert (head.target_id, row.schedule.due_reason) == (row.target_id, "asked for 17")
    with sold.database.read() as tx:
        priority = tx.execute(metadata.tables["targets"].select()).one().priority
    assert priority == Priority.URGENT


def test_a_repeated_request_is_recorded_once(sold: QueueWorld) -> None:
    """There is one open request for any number of calls."""
    for _ in range(5):
        assert ask(sold, "17").status_code == 202
    with sold.database.read() as tx:
        assert len(tx.execute(metadata.tables["requests"].select()).all()) == 1


def test_an_unknown_order_is_404(sold: QueueWorld) -> None:
    """With a problem document."""
    answer = ask(sold, "404")
    assert (answer.status_code, answer.get_json()["detail"]) == (404, "there is no order 404")


@pytest.mark.parametrize("scope", [s for s in Scope if s is not Scope.ORDERS_WRITE])
def test_it_requires_the_scope_to_write_orders(sold: QueueWorld, scope: Scope) -> None:
    """The scope of a consumer is not enough."""
    assert ask(sold, "17", scope).status_code == 403


def test_a_body_with_fields_is_refused(sold: QueueWorld) -> None:
    """An empty object is accepted."""
    assert ask(sold, "17", json={"please": True}).status_code == 422
    assert ask(sold, "17", json={}).status_code == 202


@pytest.mark.parametrize("order_id", ["a/17", "/17", "17/", "a//b", "refill-requests/17"])
def test_an_order_id_may_contain_slashes(world: QueueWorld, order_id: str) -> None:
    """Order ids come from the panel and may contain slashes anywhere."""
    with world.database.write() as tx:
        orders.import_batch(tx, [a_sold_order(order_id, "nasa")], world.now)
    assert ask(world, order_id.replace("/", "%2F")).status_code == 202


@pytest.mark.parametrize("order_id", ["a%00b", "x" * 101, "%1b[2J"])
def test_an_impossible_order_id_is_404(sold: QueueWorld, order_id: str) -> None:
    """It is refused before the database query."""
    assert ask(sold, order_id).status_code == 404
