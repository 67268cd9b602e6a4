"""POST /api/v1/orders: one order or many, each row with its result, once however often it is repeated."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from refilld.api.order_body import OrderBody
from refilld.order_fields import FIELDS
from storage import idempotency, order_list
from storage.order_list import OrderFilter
from storage.pages import PageRequest
from storage.tokens import Scope
from tests.refilld.queue_world import Caller, QueueWorld

ORDER: dict[str, Any] = {
    "order_id": "17",
    "service": "1234",
    "link": "@nasa",
    "quantity": 1000,
    "status": "Completed",
    "completed_at": "2026-02-20T12:00:00Z",
    "start_count": 500,
    "metric": "followers",
}


def send(caller: Caller, body: object, key: str | None = None) -> TestResponse:
    headers = caller.headers | ({} if key is None else {"Idempotency-Key": key})
    return caller.client.post("/api/v1/orders", json=body, headers=headers)


def result(answer: TestResponse) -> str:
    """Of a request with one order."""
    assert answer.status_code == 200, answer.text
    (row,) = answer.get_json()["results"]
    return str(row["result"])


def stored(world: QueueWorld) -> dict[str, int]:
    """The quantities of all orders."""
    with world.database.read() as tx:
        rows = order_list.page(tx, OrderFilter(), PageRequest(1000)).rows
    return {row.order_id: row.stored.order.quantity for row in rows}


def test_one_order_is_added_then_unchanged_then_updated(world: QueueWorld) -> None:
    """As by the import of a file."""
    caller = world.caller(Scope.ORDERS_WRITE)
    partial = ORDER | {"remains": 10, "status": "Partial"}
    results = [result(send(caller, order)) for order in (ORDER, ORDER, partial)]
    assert results == ["added", "unchanged", "updated"]
    assert stored(world) == {"17": 1000}


def test_a_refused_order_names_the_field(world: QueueWorld) -> None:
    """One order is answered as several are."""
    (row,) = send(world.caller(), ORDER | {"quantity": "12k"}).get_json()["results"]
    assert (row["result"], row["field"]) == ("refused", "quantity")
    assert row["detail"].startswith("'12k' is not a whole number")
    assert stored(world) == {}


def test_a_refused_row_does_not_stop_the_others(world: QueueWorld) -> None:
    """Each row has its own result, in the order in which they were sent."""
    rows = [
        ORDER | {"order_id": "1"},
        ORDER | {"order_id": "2", "status": "Lost"},
        "nonsense",
        ORDER | {"order_id": "4", "colour": "red"},
        ORDER | {"order_id": 5, "quantity": [1]},
        ORDER | {"order_id": "6", "price": "a lot"},
        ORDER | {"order_id": ".."},
    ]
    answer = send(world.caller(), {"orders": rows})
    assert answer.status_code == 200
    body = answer.get_json()
    assert [(row["row"], row["order_id"], row["result"], row.get("field")) for row in body["results"]] == [
        (1, "1", "added", None),
        (2, "2", "refused", "status"),
        (3, None, "refused", "row"),
        (4, "4", "refused", "colour"),
        (5, "5", "refused", "quantity"),
        (6, "6", "added", None),
        (7, None, "refused", "order_id"),
    ]
    assert (body["added"], body["refused"]) == (2, 5)
    assert body["notes"][0].startswith("price left out (1 row, first in line 6)")
    assert set(stored(world)) == {"1", "6"}


@pytest.mark.parametrize("field", ["unknown\udfff", *sorted(set(FIELDS) - {"owner"})])  # of a post only
@pytest.mark.parametrize("text", ["half \ud800", "nul \0"])
def test_a_text_that_no_database_can_store_is_refused(world: QueueWorld, field: str, text: str) -> None:
    """In any field of a row, by its name; what an order can do without is left out."""
    answer = send(world.caller(), {"orders": [ORDER | {field: text}]})
    (row,) = answer.get_json()["results"]
    left_out = row["result"] == "added" and field in " ".join(answer.get_json()["notes"])
    assert left_out or row["field"] == field.replace("\udfff", "?")


def test_an_id_with_two_links_is_refused(world: QueueWorld) -> None:
    """One of the orders would overwrite the other."""
    rows = [ORDER, ORDER | {"link": "@esa"}]
    body = send(world.caller(), {"orders": rows}).get_json()
    assert [row["result"] for row in body["results"]] == ["refused", "refused"]


def test_a_service_that_the_configuration_ignores_is_ignored(world: QueueWorld) -> None:
    app = world.app(services={"1234": {"ignore": True}})
    body = send(world.caller(app=app), {"orders": [ORDER]}).get_json()
    assert body["results"] == [{"row": 1, "order_id": "17", "result": "ignored"}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"orders": []}, "orders"),
        ({"orders": [ORDER] * 1001}, "orders"),
        ({"orders": ORDER}, "orders"),
        ({"orders": [ORDER], "dry_run": True}, "dry_run"),
        ({"orders": [ORDER], "half\ud800": 1}, "half?"),
        ([ORDER], "body"),
        ({"order_id": "17"}, "service"),
        (ORDER | {"colour": "red"}, "colour"),
        (ORDER | {"quantity": [1]}, "quantity"),
    ],
)
def test_a_body_of_another_form_is_refused(world: QueueWorld, body: object, field: str) -> None:
    answer = send(world.caller(), body)
    assert answer.status_code == 422
    assert field == answer.get_json()["errors"][0]["field"]
    assert stored(world) == {}


@pytest.mark.parametrize("wrong", [{"colour": "red"}, {"quantity": [1]}, {"link": None}, {"status": True}])
def test_one_order_is_refused_in_the_same_words_as_a_row(world: QueueWorld, wrong: dict[str, object]) -> None:
    """Whichever form a client chooses."""
    caller = world.caller()
    (alone,) = send(caller, ORDER | wrong).get_json()["errors"]
    (row,) = send(caller, {"orders": [ORDER | wrong]}).get_json()["results"]
    assert alone == {"field": row["field"], "detail": row["detail"]}


def test_the_fields_are_those_of_an_orders_file() -> None:
    assert set(OrderBody.model_fields) == set(FIELDS)


def test_a_thousand_orders_are_one_request(world: QueueWorld) -> None:
    rows = [ORDER | {"order_id": str(number), "link": f"@p{number}"} for number in range(1000)]
    assert send(world.caller(), {"orders": rows}).get_json()["added"] == 1000


def test_a_repeated_request_gets_the_first_answer(world: QueueWorld) -> None:
    """Also when the orders have changed since."""
    caller = world.caller()
    first = send(caller, ORDER, "k-1")
    send(caller, ORDER | {"remains": 5, "status": "Partial"})
    again = send(caller, ORDER, "k-1")
    assert (again.status_code, again.data) == (200, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def test_a_key_of_another_request_is_refused(world: QueueWorld) -> None:
    """The program that uses it twice has a fault, which must not be hidden."""
    caller = world.caller()
    send(caller, ORDER, "k-1")
    answer = send(caller, ORDER | {"order_id": "18"}, "k-1")
    assert answer.status_code == 409
    assert answer.get_json()["type"] == "urn:refilld:idempotency-key-reused"
    assert set(stored(world)) == {"17"}


def test_keys_belong_to_their_tokens(world: QueueWorld) -> None:
    assert result(send(world.caller(), ORDER, "k-1")) == "added"
    assert result(send(world.caller(), ORDER, "k-1")) == "unchanged"


def test_a_key_is_kept_for_24_hours(world: QueueWorld) -> None:
    caller = world.caller()
    send(caller, ORDER, "k-1")
    world.now += idempotency.KEPT - timedelta(seconds=1)
    assert result(send(caller, ORDER, "k-1")) == "added"
    world.now += timedelta(seconds=1)
    assert result(send(caller, ORDER, "k-1")) == "unchanged"


def test_a_refused_request_leaves_its_key_free(world: QueueWorld) -> None:
    """The mended request may be sent with the same key."""
    caller = world.caller()
    assert send(caller, ORDER | {"quantity": None}, "k-1").status_code == 422
    assert result(send(caller, ORDER, "k-1")) == "added"


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\xe4"])
def test_an_unusable_key_is_refused(world: QueueWorld, key: str) -> None:
    answer = send(world.caller(), ORDER, key)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.ORDERS_WRITE])
def test_orders_need_the_scope_to_write_them(world: QueueWorld, scope: Scope) -> None:
    assert send(world.caller(scope), ORDER).status_code == 403
