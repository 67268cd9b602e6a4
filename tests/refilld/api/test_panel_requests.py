"""POST /api/v2: whatever is sent, the answer is one of a panel, and a wrong request changes nothing."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from refilld.api.server import LARGEST_BODY
from storage import tokens
from tests.refilld.panel_world import URL, Panel, an_order
from tests.storage.shop import everything

FORM = "application/x-www-form-urlencoded"
INCORRECT_REQUEST = {"error": "Incorrect request"}
INVALID_KEY = {"error": "Invalid API key"}
INCORRECT_ORDER = {"error": "Incorrect order ID"}


@pytest.fixture
def selling(panel: Panel) -> Panel:
    panel.sell(an_order("1"), an_order("2"))
    return panel


def sent(panel: Panel, **how: Any) -> Any:
    """What is answered to any request; always with 200."""
    answer = panel.client.post(URL, **how)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.get_json()


# The key


def test_a_request_without_a_valid_key_does_nothing(selling: Panel) -> None:
    """Without one, with an unknown, an empty or a huge one, and with one that is revoked."""
    form = {"action": "refill", "order": "1"}
    assert sent(selling, data=form) == INVALID_KEY
    for key in ("", " ", "rfd_unknown", "x" * 100_000, "\0", "\ud7ff"):
        assert sent(selling, data=form | {"key": key}) == INVALID_KEY
    with selling.world.database.write() as tx:
        for row in tokens.listed(tx):
            tokens.revoke(tx, row.token_id, selling.world.now)
    assert sent(selling, data=form | {"key": selling.key}) == INVALID_KEY
    assert selling.asked() == []


def test_the_key_belongs_into_the_form(selling: Panel) -> None:
    """Addresses end up in logs, and the header is that of the other interface."""
    form = {"action": "refill", "order": "1"}
    header = {"Authorization": f"Bearer {selling.key}"}
    assert sent(selling, query_string={"key": selling.key}, data=form) == INVALID_KEY
    assert sent(selling, headers=header, data=form) == INVALID_KEY
    assert selling.client.get(URL, query_string=form | {"key": selling.key}).status_code == 405
    assert selling.asked() == []


def test_a_key_with_spaces_around_it_is_accepted(selling: Panel) -> None:
    """People paste keys."""
    assert sent(selling, data={"key": f" {selling.key}\n", "action": "refill", "order": "1"}) == {
        "refill": "1"
    }


def test_the_key_opens_no_other_interface(selling: Panel) -> None:
    headers = {"Authorization": f"Bearer {selling.key}"}
    for path in ("/api/v1/refills", "/api/v1/webhooks"):
        assert selling.client.get(path, headers=headers).status_code == 403


def test_a_slash_at_the_end_of_the_address_is_accepted(selling: Panel) -> None:
    """Not redirected, which clients would follow without the form."""
    form = {"key": selling.key, "action": "refill", "order": "1"}
    assert selling.client.post(f"{URL}/", data=form).get_json() == {"refill": "1"}


# Forms


FIELDS = {
    "no action": {},
    "an empty action": {"action": "", "order": "1"},
    "an unknown action": {"action": "add", "service": "1", "link": "nasa", "quantity": "1000"},
    "cancel": {"action": "cancel", "orders": "1"},
    "balance": {"action": "balance"},
    "another case": {"action": "Refill", "order": "1"},
    "no order": {"action": "refill"},
    "the field of another action": {"action": "refill", "refill": "1"},
    "order and orders": {"action": "refill", "order": "1", "orders": "2"},
    "a list of PHP": {"action": "refill", "orders[]": "1"},
    "no refill": {"action": "refill_status", "order": "1"},
    "no order of a status": {"action": "status", "refill": "1"},
    "101 orders": {"action": "refill", "orders": ",".join(map(str, range(101)))},
    "101 times the same": {"action": "refill", "orders": ",".join("1" * 101)},
    "101 refills": {"action": "refill_status", "refills": "," * 100},
    "a list that ends in 100,000 commas": {"action": "status", "orders": "1" + "," * 100_000},
}


def test_a_form_that_no_panel_knows_is_incorrect(selling: Panel) -> None:
    before = everything(selling.world.database)
    for what, fields in FIELDS.items():
        assert sent(selling, data={"key": selling.key} | fields) == INCORRECT_REQUEST, what
    assert everything(selling.world.database) == before


def bodies(key: str) -> dict[str, dict[str, Any]]:
    form = f"key={key}&action=refill&order=1".encode()
    return {
        "nothing": {},
        "JSON": {"json": {"key": key, "action": "refill", "order": 1}},
        "a form that is called JSON": {"data": form, "content_type": "application/json"},
        "a form without a type": {"data": form},
        "bytes that are not UTF-8": {"data": form + b"&x=\xff", "content_type": FORM},
        "the order twice": {"data": form + b"&order=2", "content_type": FORM},
        "the key twice": {"data": form + b"&key=x", "content_type": FORM},
        "the action twice": {"data": form + b"&action=status", "content_type": FORM},
        "an unknown field twice": {"data": form + b"&x=1&x=1", "content_type": FORM},
        "a form that is too large": {"data": b"x=" + b"y" * LARGEST_BODY, "content_type": FORM},
        "a broken multipart": {"data": form, "content_type": "multipart/form-data; boundary=x"},
        "a multipart without a boundary": {"data": form, "content_type": "multipart/form-data"},
    }


def test_a_body_that_is_no_plain_form_is_incorrect(selling: Panel) -> None:
    before = everything(selling.world.database)
    for what, body in bodies(selling.key).items():
        assert sent(selling, **body) == INCORRECT_REQUEST, what
    assert everything(selling.world.database) == before


def test_a_multipart_form_is_read(selling: Panel) -> None:
    """PHP's curl sends one when it is given an array."""
    form = {"key": selling.key, "action": "refill", "order": "1"}
    assert sent(selling, data=form, content_type="multipart/form-data") == {"refill": "1"}


IDS = ["", "0", "-1", "3", "1.0", "1e0", "0x1", "null", "1;2", "1' OR '1'='1", "\0", "1\x00", "x" * 10_000,
       "9" * 5_000, "٣", "%ff", "[1]", "\u202e1", "1\n2"]  # fmt: skip


def test_an_impossible_order_is_unknown(selling: Panel) -> None:
    for wrong in IDS:
        assert selling.answer("status", order=wrong) == INCORRECT_ORDER, wrong
        assert selling.answer("refill", order=wrong) == INCORRECT_ORDER, wrong
    assert selling.asked() == []


def test_an_impossible_order_is_a_row_and_the_others_count(selling: Panel) -> None:
    rows = selling.answer("refill", orders=",".join([*IDS, "2"]))
    assert rows.pop() == {"order": 2, "refill": 1}
    assert [row["refill"] for row in rows] == [INCORRECT_ORDER] * len(IDS)
    assert selling.asked() == ["2"]


def test_an_impossible_refill_is_not_found(selling: Panel) -> None:
    selling.call("refill", order="1")
    for wrong in IDS:
        assert selling.answer("refill_status", refill=wrong) == {"error": "Refill not found"}, wrong
    rows = selling.answer("refill_status", refills=",".join(["1", *IDS]))
    assert [row["status"] for row in rows] == ["Pending", *[{"error": "Refill not found"}] * len(IDS)]


def test_bytes_in_a_field_that_are_not_utf_8_name_no_order(selling: Panel) -> None:
    form = f"key={selling.key}&action=refill&order=%ff%fe".encode()
    assert sent(selling, data=form, content_type=FORM) == INCORRECT_ORDER


def test_a_hundred_orders_are_one_call(panel: Panel) -> None:
    ids = [str(number) for number in range(1, 101)]
    panel.sell(*map(an_order, ids))
    rows = panel.answer("refill", orders=",".join(ids))
    assert [row["order"] for row in rows] == list(range(1, 101))
    numbers = ",".join(str(row["refill"]) for row in rows)
    assert {row["status"] for row in panel.answer("refill_status", refills=numbers)} == {"Pending"}
    assert len(panel.answer("status", orders=",".join(ids))) == 100


# Faults


UNAVAILABLE = "Temporarily unavailable, please try again later"


@pytest.mark.parametrize(
    ("fault", "error", "event"),
    [
        ("DROP TABLE buyer_links", UNAVAILABLE, "http.database_unavailable"),
        ("UPDATE orders SET terms = 'x'", "Internal error", "http.failed"),
    ],
)
def test_a_fault_is_an_answer_and_a_line_of_the_log_without_the_key(
    selling: Panel, fault: str, error: str, event: str
) -> None:
    """Nothing of the call is stored."""
    with selling.world.database.write() as tx:
        tx.exec_driver_sql(fault)
    with capture_logs() as logged:
        assert selling.answer("refill", orders="1,2") == {"error": error}
    assert [line["event"] for line in logged] == [event]
    assert selling.key not in repr(logged)
    assert selling.asked() == []
