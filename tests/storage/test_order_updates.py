"""Updates of an order by a later import: forward only, with their effects on drops and refills."""

from decimal import Decimal
from typing import Any

import pytest

from monitor.model.decision import Action
from monitor.model.drop import DropState
from monitor.model.order import Order, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms
from storage import drops, refills
from storage.engine import Database
from storage.orders import ImportResult
from tests.builders import DAY, NOW, a_claim, a_drop, a_pending_order, a_profile, an_order
from tests.storage.order_rows import LATER, result_and_field, stored
from tests.storage.shop import bring_to, owe, rows_of, sell

FORWARD = [
    (OrderStatus.PENDING, OrderStatus.PROCESSING),
    (OrderStatus.PENDING, OrderStatus.CANCELED),
    (OrderStatus.IN_PROGRESS, OrderStatus.PENDING),
    (OrderStatus.PROCESSING, OrderStatus.PARTIAL),
    (OrderStatus.PARTIAL, OrderStatus.COMPLETED),
    (OrderStatus.COMPLETED, OrderStatus.PARTIAL),
    (OrderStatus.COMPLETED, OrderStatus.REFUNDED),
    (OrderStatus.PARTIAL, OrderStatus.FAIL),
    *(
        (ended, OrderStatus.COMPLETED)
        for ended in (OrderStatus.FAIL, OrderStatus.CANCELED, OrderStatus.REFUNDED)
    ),
    (OrderStatus.FAIL, OrderStatus.PENDING),
]


BACKWARD = [(known, row) for known in OrderStatus for row in OrderStatus if known.delivered and row.waiting]


def with_status(status: OrderStatus) -> Order:
    return an_order(status=status, completed_at=NOW - DAY if status.delivered else None)


@pytest.mark.parametrize(("known", "row"), FORWARD)
def test_an_order_status_moves_forward(database: Database, known: OrderStatus, row: OrderStatus) -> None:
    """A later status of the panel is stored."""
    sell(database, with_status(known))
    assert result_and_field(sell(database, with_status(row))) == (ImportResult.UPDATED, None)
    assert stored(database) == with_status(row)


@pytest.mark.parametrize(("known", "row"), BACKWARD)
def test_an_order_status_never_moves_back(database: Database, known: OrderStatus, row: OrderStatus) -> None:
    """A delivered order does not wait for its delivery again."""
    sell(database, with_status(known))
    assert result_and_field(sell(database, with_status(row))) == (ImportResult.REFUSED, "status")
    assert stored(database) == with_status(known)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 999}, "quantity"),
        ({"service": "likes"}, "service"),
        ({"target": a_profile("other")}, "link"),
        ({"target": Target(a_profile().link, Metric.LIKES)}, "link"),
    ],
)
def test_service_link_metric_and_quantity_never_change(
    database: Database, change: dict[str, Any], field: str
) -> None:
    """Service, link, metric and quantity are the sale itself."""
    sell(database, an_order())
    assert result_and_field(sell(database, an_order(**change))) == (ImportResult.REFUSED, field)
    assert stored(database) == an_order()


def test_terms_stay_as_they_were_sold(database: Database) -> None:
    """New terms in the configuration do not reach orders that were sold under the old ones."""
    sell(database, an_order(terms=Terms(name="old", max_refills=1)))
    assert result_and_field(sell(database, an_order(terms=Terms(name="new")))) == (
        ImportResult.UNCHANGED,
        None,
    )
    assert stored(database).terms == Terms(name="old", max_refills=1)


def test_details_are_updated_and_never_erased(database: Database) -> None:
    """Provider, customer, price, currency, language: a row that has them changes them, another does not."""
    details: dict[str, Any] = {"provider": "p", "customer": "c", "price": Decimal(2), "currency": "USD"}
    details["language"] = "es"
    sell(database, an_order())
    assert result_and_field(sell(database, an_order(**details))) == (ImportResult.UPDATED, None)
    assert result_and_field(sell(database, an_order())) == (ImportResult.UNCHANGED, None)
    assert stored(database) == an_order(**details)


def test_an_edit_of_a_waiting_order_moves_it_to_the_other_target(database: Database) -> None:
    """With service, quantity and terms; the target that it leaves is evaluated again."""
    sell(database, a_pending_order(start_count=0))
    sell(database, an_order("2"))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE targets SET noop_until = 1, noop_min_count = 1")
    gold = Terms(name="gold", max_refills=9)
    edited = an_order("1", "nasa", service="other", quantity=500, start_count=3572, terms=gold)
    assert result_and_field(sell(database, edited)) == (ImportResult.UPDATED, None)
    assert stored(database) == edited
    assert {target.link: target.noop_until for target in rows_of(database, "targets")} == {
        "https://www.instagram.com/natgeo/": None,
        "https://www.instagram.com/nasa/": None,
    }


def test_an_order_that_is_sent_again_is_looked_at(database: Database) -> None:
    """Fail, later Completed: its target is due."""
    sell(database, an_order(status=OrderStatus.FAIL, completed_at=None, start_count=None))
    sell(database, an_order(start_count=3572), now=LATER)
    (target,) = rows_of(database, "targets")
    assert (stored(database).baseline, target.next_due_at) == (4572, LATER)


def test_an_update_leaves_the_typed_link_as_it_was(database: Database) -> None:
    """Support sees what the customer typed when the order was sold."""
    sell(database, an_order(link_typed="@NatGeo"))
    sell(database, an_order(link_typed="instagram.com/natgeo", customer="c"))
    assert stored(database).link_typed == "@NatGeo"


ENDS = [
    {"status": OrderStatus.REFUNDED, "completed_at": None},
    {"status": OrderStatus.CANCELED, "completed_at": None},
    {"status": OrderStatus.FAIL, "completed_at": None},
    {"status": OrderStatus.PARTIAL, "terms": Terms(partial_orders=False)},
]


@pytest.mark.parametrize("end", ENDS)
def test_an_update_that_ends_the_guarantee_closes_the_open_drop(
    database: Database, end: dict[str, Any]
) -> None:
    """An order without a guarantee has no open drop."""
    sell(database, an_order(terms=Terms(partial_orders=False)))
    with database.write() as connection:
        drops.save(connection, a_drop(), a_claim(), 1200)
    sell(database, an_order(**end), now=LATER)
    (drop,) = rows_of(database, "drops")
    assert (drop.state, drop.closed_at) == (DropState.CLOSED, LATER)


@pytest.mark.parametrize("action", [Action.REFILL, Action.HOLD])
@pytest.mark.parametrize("end", ENDS)
def test_an_update_that_ends_the_guarantee_cancels_held_and_queued_refills(
    database: Database, end: dict[str, Any], action: Action
) -> None:
    """A refill of a refunded order is not delivered."""
    sell(database, an_order(terms=Terms(partial_orders=False)))
    with database.write() as connection:
        refill_id = owe(connection, action=action)
    sell(database, an_order(**end), now=LATER)
    with database.read() as connection:
        assert refills.get(connection, refill_id).state is RefillState.CANCELLED
        last = refills.events_of(connection, refill_id)[-1]
    assert (last.state, last.at) == (RefillState.CANCELLED, LATER)


@pytest.mark.parametrize("state", sorted(set(RefillState) - {RefillState.HELD, RefillState.QUEUED}))
def test_an_update_that_ends_the_guarantee_keeps_all_other_refills(
    database: Database, state: RefillState
) -> None:
    """A claimed one stays with its consumer; ended ones stay as they are."""
    sell(database, an_order())
    with database.write() as connection:
        bring_to(connection, "1", state)
    before = rows_of(database, "refills"), rows_of(database, "refill_events")
    sell(database, an_order(status=OrderStatus.REFUNDED, completed_at=None))
    assert (rows_of(database, "refills"), rows_of(database, "refill_events")) == before


def test_an_update_that_keeps_the_guarantee_keeps_drop_and_refill(database: Database) -> None:
    """A changed detail does not affect the claims of the order."""
    sell(database, an_order("1"), an_order("2"))
    with database.write() as connection:
        owe(connection, "1")
        drops.save(connection, a_drop("2"), a_claim("2"), 1200)
    before = rows_of(database, "drops"), rows_of(database, "refills")
    sell(database, an_order("1", customer="c"), an_order("2", customer="c"))
    assert (rows_of(database, "drops"), rows_of(database, "refills")) == before
