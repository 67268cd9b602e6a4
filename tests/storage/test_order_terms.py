"""Terms of stored orders: counted, read in pages, and changed by `reterm` only."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.events.kind import EventKind
from monitor.model.drop import DropState
from monitor.model.order import Order, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.terms import RefillMode, Terms, TermsOrigin
from storage import drops, event_list, order_terms, refills
from storage.engine import Database
from storage.event_list import EventFilter
from storage.order_terms import Retermed
from tests.builders import DAY, HOUR, NOW, a_claim, a_drop, a_profile, an_order
from tests.pages import rows_of_list
from tests.storage.shop import allow_fast_path, bring_to, on_fast_path, rows_of, sell

LATER = NOW + HOUR
OLD = Terms(window=5 * DAY)
LONG = Terms(window=60 * DAY)
NEVER = Terms(name="no refill", refill=RefillMode.NEVER)


def under(terms: Terms, origin: TermsOrigin = TermsOrigin.DEFAULT) -> Callable[[Order], Order]:
    return lambda order: replace(order, terms=terms, terms_from=origin)


def reterm(database: Database, today: Callable[[Order], Order | None], *order_ids: str) -> list[Retermed]:
    with database.write() as connection:
        return order_terms.reterm(connection, order_ids or ["1"], today, LATER)


def kept(database: Database, order_id: str = "1") -> Order:
    with database.read() as connection:
        (order,) = order_terms.some(connection, [order_id])
    return order


def due(database: Database) -> object:
    (row,) = rows_of(database, "targets")
    return row.next_due_at and (row.next_due_at, row.due_reason)


def unschedule_all(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE targets SET next_due_at = NULL")


def test_reterm_changes_terms_and_their_origin_only(database: Database) -> None:
    """Of the given orders only."""
    sell(database, an_order("1"), an_order("2"))
    (done,) = reterm(database, under(LONG, TermsOrigin.NAME))
    expected = an_order("1", terms=LONG, terms_from=TermsOrigin.NAME)
    assert (done, done.changed) == (Retermed(an_order("1"), expected), True)
    assert (kept(database), kept(database, "2")) == (expected, an_order("2"))


def test_changed_terms_are_in_the_audit_trail(database: Database) -> None:
    """By their names, where these are others."""
    sell(database, an_order("1"))
    reterm(database, under(LONG, TermsOrigin.NAME))
    reterm(database, under(NEVER, TermsOrigin.NAME))
    reterm(database, under(NEVER, TermsOrigin.NAME))
    with database.read() as connection:
        found = rows_of_list(event_list.page, connection, EventFilter(jobs=False, order_id="1"), 9)
    assert {row.kind for row in found} == {EventKind.ORDER_UPDATED}
    assert [row.payload["changes"] for row in found] == [
        ["terms: default → no refill"],
        ["terms: changed", "terms_from: row → name"],
    ]


@pytest.mark.parametrize("today", [lambda order: order, lambda _: None])
def test_orders_with_equal_or_unknown_new_terms_do_not_change(
    database: Database, today: Callable[[Order], Order | None]
) -> None:
    """Not even the time of its last change."""
    sell(database, an_order())
    unschedule_all(database)
    before = rows_of(database, "orders")
    (done,) = reterm(database, today)
    assert (done.changed, rows_of(database, "orders"), due(database)) == (False, before, None)


def test_a_restarted_guarantee_makes_the_target_due(database: Database) -> None:
    """Its target may have had no look planned for weeks."""
    sell(database, an_order(terms=OLD))
    assert due(database) is None
    reterm(database, under(LONG))
    assert due(database) == (LATER, "terms changed")


@pytest.mark.parametrize("terms", [LONG, NEVER])
def test_changed_terms_disable_the_fast_path_of_the_target(database: Database, terms: Terms) -> None:
    """Other targets keep theirs."""
    sell(database, an_order(), an_order("2", target=a_profile("zoo")))
    allow_fast_path(database)
    with database.write() as connection:
        order_terms.reterm(connection, ["1"], under(terms), LATER)
    assert on_fast_path(database) == [False, True]
    allow_fast_path(database)
    with database.write() as connection:
        order_terms.reterm(connection, ["1"], under(terms), LATER)
    assert on_fast_path(database) == [True, True]


def test_a_guarantee_that_continues_keeps_its_next_look(database: Database) -> None:
    """So that a change of many terms does not make all targets due."""
    sell(database, an_order())
    unschedule_all(database)
    reterm(database, under(LONG))
    assert due(database) is None


@pytest.mark.parametrize(
    ("status", "terms"), [(OrderStatus.COMPLETED, NEVER), (OrderStatus.PARTIAL, Terms(partial_orders=False))]
)
@pytest.mark.parametrize("state", [RefillState.QUEUED, RefillState.HELD])
def test_an_ended_guarantee_cancels_held_and_queued_refills(
    database: Database, status: OrderStatus, terms: Terms, state: RefillState
) -> None:
    """As a status without guarantee does."""
    sell(database, an_order(status=status))
    with database.write() as connection:
        refill_id = bring_to(connection, "1", state)
    reterm(database, under(terms))
    with database.read() as connection:
        assert refills.get(connection, refill_id).state is RefillState.CANCELLED
        last = refills.events_of(connection, refill_id)[-1]
    assert (last.at, last.detail) == (LATER, "the order's terms were changed")
    assert not kept(database).guaranteed


def test_an_ended_guarantee_closes_the_open_drop(database: Database) -> None:
    """The order then counts as sold without refill."""
    sell(database, an_order())
    with database.write() as connection:
        drops.save(connection, a_drop(), a_claim(), 1200)
    reterm(database, under(NEVER))
    (drop,) = rows_of(database, "drops")
    assert (drop.state, drop.closed_at) == (DropState.CLOSED, LATER)


@pytest.mark.parametrize(
    ("terms", "state"), [(LONG, RefillState.QUEUED), (LONG, RefillState.HELD), (NEVER, RefillState.CLAIMED)]
)
def test_changed_terms_cancel_neither_refills_of_a_running_guarantee_nor_claimed_ones(
    database: Database, terms: Terms, state: RefillState
) -> None:
    """New limits apply from the next decision on."""
    sell(database, an_order())
    with database.write() as connection:
        refill_id = bring_to(connection, "1", state)
    reterm(database, under(terms))
    with database.read() as connection:
        assert refills.get(connection, refill_id).state is state


def test_orders_are_counted_by_terms_and_origin(database: Database) -> None:
    """Two sets of one name are two sets."""
    sell(database, an_order("1"), an_order("2"), an_order("3", terms=OLD))
    sell(database, an_order("4", terms_from=TermsOrigin.NAME))
    with database.read() as connection:
        counted = set(order_terms.counted(connection))
    assert counted == {
        (Terms(), TermsOrigin.ROW, 2), (OLD, TermsOrigin.ROW, 1), (Terms(), TermsOrigin.NAME, 1)
    }  # fmt: skip


def test_pages_hold_every_order_once(database: Database) -> None:
    """For any ids."""
    ids = [f"{number}" for number in range(11)] + ["A-1", "a-1", "ü", "Z 9"]
    sell(database, *(an_order(order_id, target=a_profile(f"p{n}")) for n, order_id in enumerate(ids)))
    seen: list[str] = []
    with database.read() as connection:
        while page := order_terms.page(connection, seen[-1] if seen else "", 4):
            assert len(page) <= 4
            seen += [order.order_id for order in page]
    assert sorted(seen) == sorted(ids)
