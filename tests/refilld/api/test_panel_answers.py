"""POST /api/v2: what panels document, byte for byte, and what the words mean here."""

from datetime import timedelta

import pytest

from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.terms import RefillMode, Terms
from storage import event_list, flags, requests
from storage.event_list import EventFilter
from storage.tokens import Scope
from tests import lease_calls
from tests.builders import DAY, HOUR
from tests.pages import rows_of_list
from tests.refilld.panel_world import PARTIAL, UNDER_WAY, Panel, an_order
from tests.refilld.queue_world import NOW
from tests.storage.shop import bring_to

OPEN = {"error": "The refill task is not completed for this order"}
NOT_ELIGIBLE = {"error": "Order not eligible for refill."}


# The examples of the panels' own pages


def test_the_status_of_an_order(panel: Panel) -> None:
    panel.sell(PARTIAL)
    assert panel.text("status", order="1") == (
        '{"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"}'
    )


def test_the_status_of_several_orders(panel: Panel) -> None:
    panel.sell(PARTIAL, UNDER_WAY)
    assert panel.text("status", orders="1,10,100") == (
        '{"1":{"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"},'
        '"10":{"error":"Incorrect order ID"},'
        '"100":{"charge":"1.44219","start_count":"234","status":"In progress","remains":"10",'
        '"currency":"USD"}}'
    )


def test_a_refill(panel: Panel) -> None:
    panel.sell(an_order("2"))
    assert panel.text("refill", order="2") == '{"refill":"1"}'


def test_several_refills(panel: Panel) -> None:
    panel.sell(an_order("1"), an_order("2"))
    assert panel.text("refill", orders="1,2,3") == (
        '[{"order":1,"refill":1},{"order":2,"refill":2},{"order":3,"refill":{"error":"Incorrect order ID"}}]'
    )


@pytest.fixture
def decided(panel: Panel) -> Panel:
    """Two refills were asked for: the first is delivered, and nothing was missing for the second."""
    panel.sell(an_order("1"), an_order("2"))
    panel.call("refill", orders="1,2")
    panel.world.now += HOUR
    panel.owe("1")
    panel.find_nothing("2")
    (claimed,) = panel.world.claim()
    with panel.world.database.write() as tx:
        lease_calls.complete(tx, claimed.refill_id, claimed.lease_token, panel.world.now)
    return panel


def test_the_status_of_a_refill(decided: Panel) -> None:
    assert decided.text("refill_status", refill="1") == '{"status":"Completed"}'


def test_the_status_of_several_refills(decided: Panel) -> None:
    assert decided.text("refill_status", refills="1,2,3") == (
        '[{"refill":1,"status":"Completed"},{"refill":2,"status":"Rejected"},'
        '{"refill":3,"status":{"error":"Refill not found"}}]'
    )


def test_the_services(panel: Panel) -> None:
    """Those of the configuration, and of orders; nothing can be ordered, so nothing has a price."""
    panel.sell(an_order("1", service="Likes R30"))
    services = {
        "1": {"metric": "followers", "name": "Followers"},
        "2": {"metric": "views", "terms": "none"},
        "3": {"ignore": True},
    }
    app = panel.world.app(services=services, terms={"none": {"refill": "never"}})
    answer = Panel(panel.world, app.test_client(), panel.key).text("services")
    rest = '"rate":"0","min":"0","max":"0"'
    assert answer == (
        '[{"service":1,"name":"Followers","type":"Default","category":"Instagram Followers",'
        f'{rest},"refill":true,"cancel":false}},'
        '{"service":2,"name":"2","type":"Default","category":"Instagram Views",'
        f'{rest},"refill":false,"cancel":false}},'
        '{"service":"Likes R30","name":"Likes R30","type":"Default","category":"Instagram",'
        f'{rest},"refill":true,"cancel":false}}]'
    )


# Orders


def test_what_is_not_known_of_an_order_is_zero_or_empty(panel: Panel) -> None:
    panel.sell(an_order("1", start_count=None))
    assert panel.answer("status", order="1") == {
        "charge": "0", "start_count": "0", "status": "Completed", "remains": "0", "currency": "",
    }  # fmt: skip


@pytest.mark.parametrize("order_id", ["007", "A-1", "1" * 30, "İ/1 2"])
def test_an_id_that_is_not_a_number_stays_a_text(panel: Panel, order_id: str) -> None:
    panel.sell(an_order(order_id, service="1234"))
    assert panel.answer("refill", orders=order_id) == [{"order": order_id, "refill": 1}]
    assert panel.answer("status", orders=order_id)[order_id]["status"] == "Completed"


# Refills that are asked for


def test_a_refill_is_a_request_of_the_customer(panel: Panel) -> None:
    """Recorded with the panel's token, and not as a refill before a look has shown a drop."""
    panel.sell(an_order("1"))
    panel.call("refill", order="1")
    with panel.world.database.read() as tx:
        newest = rows_of_list(event_list.page, tx, EventFilter())[0]
    assert (newest.kind, newest.actor) == ("refill.requested", "token test")
    assert panel.answer("refill_status", refill="1") == {"status": "Pending"}


def test_the_second_request_waits_for_the_first(panel: Panel) -> None:
    """Also in one call, where it is the same one; and while a refill is on its way."""
    panel.sell(an_order("1"))
    assert panel.answer("refill", orders="1, 1") == [{"order": 1, "refill": 1}] * 2
    assert panel.answer("refill", order="1") == OPEN
    panel.owe("1")
    assert panel.answer("refill", order="1") == OPEN
    assert panel.asked() == ["1"]


def test_an_order_may_be_asked_for_three_times_a_day(panel: Panel) -> None:
    """Together with the buyer's page, when each request was answered."""
    panel.sell(an_order("1"))
    for number in (1, 2, 3):
        assert panel.answer("refill", order="1") == {"refill": str(number)}
        panel.find_nothing("1")
    assert panel.answer("refill", order="1") == NOT_ELIGIBLE
    panel.world.now += DAY + HOUR
    assert panel.answer("refill", order="1") == {"refill": "4"}


def test_a_service_without_refills_says_so(panel: Panel) -> None:
    panel.sell(an_order("1", terms=Terms(refill=RefillMode.NEVER)))
    assert panel.answer("refill", order="1") == {"error": "Refill is disabled for this service"}
    assert panel.asked() == []


@pytest.mark.parametrize("why", ["expired", "flagged", "not delivered"])
def test_an_order_without_a_running_guarantee_is_not_eligible(panel: Panel, why: str) -> None:
    """The customer has asked all the same, which is recorded as answered."""
    waiting = {"status": OrderStatus.PENDING, "completed_at": None} if why == "not delivered" else {}
    panel.sell(an_order("1", **waiting))
    if why == "flagged":
        with panel.world.database.write() as tx:
            flags.set_flag(tx, "1", Flag.DISPUTE, NOW)
    panel.world.now += timedelta(days=60 if why == "expired" else 0)
    assert panel.answer("refill", order="1") == NOT_ELIGIBLE
    assert panel.asked() == ["1"]


def test_a_request_of_an_order_that_lost_its_guarantee_is_rejected(panel: Panel) -> None:
    """No look will answer it."""
    panel.sell(an_order("1"))
    panel.call("refill", order="1")
    with panel.world.database.write() as tx:
        flags.set_flag(tx, "1", Flag.DISPUTE, NOW)
    assert panel.answer("refill_status", refill="1") == {"status": "Rejected"}


WORDS = {
    RefillState.HELD: "Pending",
    RefillState.CLAIMED: "In progress",
    RefillState.COMPLETED: "Completed",
    RefillState.DEAD: "Error",
    RefillState.REJECTED: "Rejected",
    RefillState.CANCELLED: "Rejected",
    RefillState.QUEUED: "Pending",
}


def test_each_state_of_a_refill_has_a_word(panel: Panel) -> None:
    ids = ",".join(str(number) for number in range(1, len(WORDS) + 1))
    panel.sell(*map(an_order, ids.split(",")))
    panel.call("refill", orders=ids)
    panel.world.now += HOUR
    with panel.world.database.write() as tx:
        for order_id, state in zip(ids.split(","), WORDS, strict=True):
            bring_to(tx, order_id, state, panel.world.now)
            requests.answered(tx, order_id, panel.world.now)
    rows = panel.answer("refill_status", refills=ids)
    assert [row["status"] for row in rows] == [*WORDS.values()]
    assert set(WORDS) == set(RefillState)


def test_a_key_needs_the_scope_of_panels(panel: Panel) -> None:
    """All other scopes together are not enough."""
    panel.sell(an_order("1"))
    panel.key = panel.world.token(*set(Scope) - {Scope.PANEL_USE})
    assert panel.answer("refill", order="1") == {"error": "Invalid API key"}
    assert panel.asked() == []
