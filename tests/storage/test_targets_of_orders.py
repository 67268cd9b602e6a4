"""The targets of imported orders: identity, owner, and the next look."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from monitor.cadence.schedule import Priority
from monitor.model.link import parse_link
from monitor.model.order import Order, OrderStatus
from monitor.model.target import Metric, Target
from storage import cadence_stats, order_states, targets
from storage.engine import Database
from storage.orders import ImportResult
from tests.builders import DAY, NOW, a_pending_order, a_post, a_profile, an_order
from tests.storage.order_rows import LATER, stored
from tests.storage.shop import allow_fast_path, on_fast_path, put_off, rows_of, sell


@pytest.mark.parametrize("typed", ["@NatGeo", "https://instagram.com/natgeo?igsh=abc", "natgeo/"])
def test_different_spellings_of_a_link_are_one_target(database: Database, typed: str) -> None:
    """Orders for one profile share one target and its counts."""
    sell(database, an_order("1"))
    sell(database, an_order("2", target=Target(parse_link(typed).link, Metric.FOLLOWERS)))
    assert len(rows_of(database, "targets")) == 1
    with database.read() as connection:
        (target_id,) = {row.target_id for row in rows_of(database, "orders")}
        assert [w.order.order_id for w in order_states.of_target(connection, target_id)] == ["1", "2"]


def test_two_metrics_of_one_post_are_two_targets(database: Database) -> None:
    """Likes and views are counted separately."""
    sell(database, an_order("1", target=a_post()), an_order("2", target=a_post(metric=Metric.VIEWS)))
    assert [row.metric for row in rows_of(database, "targets")] == [Metric.LIKES, Metric.VIEWS]


def test_the_case_of_a_shortcode_is_part_of_its_identity(database: Database) -> None:
    """Shortcodes that differ in case alone are two posts."""
    sell(database, an_order("1", target=a_post("abcdefg")), an_order("2", target=a_post("ABCDEFG")))
    assert sorted(row.key for row in rows_of(database, "targets")) == ["ABCDEFG", "abcdefg"]


def test_the_owner_from_a_later_order_is_stored_on_the_target(database: Database) -> None:
    """Graph finds a post only through its owner; any order may name it."""
    sell(database, an_order("1", target=a_post()))
    sell(database, an_order("2", target=a_post(owner="nasa")))
    assert [row.owner for row in rows_of(database, "targets")] == ["nasa"]


def test_the_owner_from_a_repeated_import_is_stored_on_the_target(database: Database) -> None:
    """Also if nothing else in the row is new."""
    sell(database, an_order(target=a_post()))
    sell(database, an_order(target=a_post(owner="nasa")))
    assert stored(database).target.owner == "nasa"


@pytest.mark.parametrize("other", [None, "esa"])
def test_a_known_owner_is_not_replaced(database: Database, other: str | None) -> None:
    """Neither by a missing nor by another owner."""
    batch = [an_order("1", target=a_post(owner="nasa")), an_order("2", target=a_post(owner=other))]
    sell(database, *batch)
    sell(database, batch[1])
    assert [row.owner for row in rows_of(database, "targets")] == ["nasa"]


def test_the_target_of_an_imported_order_is_due_at_once(database: Database) -> None:
    """Its target is due from the moment of import."""
    sell(database, an_order())
    (target,) = rows_of(database, "targets")
    assert (target.next_due_at, target.due_reason) == (NOW, "order imported")


@pytest.mark.parametrize(
    "order",
    [
        a_pending_order(),
        an_order(status=OrderStatus.REFUNDED, completed_at=None),
        an_order(remains=1000),
        an_order(completed_at=NOW - 30 * DAY),
    ],
    ids=["pending", "refunded", "nothing delivered", "window over"],
)
def test_the_target_of_an_order_without_a_running_guarantee_is_not_due(
    database: Database, order: Order
) -> None:
    """No request is spent on a target without a guarantee."""
    sell(database, order)
    assert [row.next_due_at for row in rows_of(database, "targets")] == [None]


def test_the_target_of_a_newly_covered_order_is_due_at_once(database: Database) -> None:
    """The guarantee begins with the delivery."""
    sell(database, a_pending_order())
    sell(database, an_order(), now=LATER)
    assert [row.next_due_at for row in rows_of(database, "targets")] == [LATER]


def test_an_unchanged_order_does_not_reschedule_its_target(database: Database) -> None:
    """Importing the same file every hour costs no looks."""
    sell(database, an_order())
    with database.read() as connection:
        target = targets.of_order(connection, "1")
    put_off(database, target.target_id, NOW + DAY)
    sell(database, an_order(), now=LATER)
    assert [row.next_due_at for row in rows_of(database, "targets")] == [NOW + DAY]


@pytest.mark.parametrize(
    ("start", "priority"),
    [(None, Priority.ROUTINE), (0, Priority.MAX_INTERVAL), (500, Priority.MAX_INTERVAL)],
)
def test_only_a_missing_start_count_makes_the_first_look_urgent(
    database: Database, start: int | None, priority: Priority
) -> None:
    """It must be measured before units are lost; with a known one the first look waits for spare budget."""
    sell(database, an_order(start_count=start))
    (row,) = rows_of(database, "targets")
    assert (row.next_due_at, row.priority) == (NOW, priority)


def test_one_missing_start_count_makes_a_shared_target_urgent(database: Database) -> None:
    """Whatever order they are imported in."""
    known, missing = an_order("1"), an_order("2", start_count=None)
    sell(database, known, missing, an_order("3"))
    sell(database, an_order("4", target=a_profile("nasa"), start_count=None))
    sell(database, an_order("5", target=a_profile("nasa")), now=LATER)
    assert [(row.next_due_at, row.priority) for row in rows_of(database, "targets")] == [
        (NOW, Priority.ROUTINE)
    ] * 2


@pytest.mark.parametrize(
    "order",
    [an_order("2"), a_pending_order("2"), an_order(remains=10), an_order(customer="someone else")],
    ids=["new", "new but pending", "moved", "changed"],
)
def test_a_changed_order_disables_the_fast_path_of_its_target(database: Database, order: Order) -> None:
    """Other targets keep theirs."""
    sell(database, an_order(), an_order("other", target=a_profile("zoo")))
    allow_fast_path(database)
    sell(database, order, an_order("other", target=a_profile("zoo")), now=LATER)
    assert on_fast_path(database) == [False, True]


def test_new_orders_add_to_the_unit_prices(database: Database) -> None:
    """Once per order; orders without price or currency do not count."""
    paid: dict[str, Any] = {"price": Decimal("2.50"), "currency": "USD"}
    batch = [
        an_order("1", **paid), an_order("2", **paid | {"price": Decimal("1.50")}),
        an_order("3", target=a_post(), **paid | {"currency": "EUR"}), an_order("4"),
        an_order("5", price=Decimal(0), currency="USD"), an_order("6", price=Decimal(9)),
    ]  # fmt: skip
    for _ in range(2):
        sell(database, *batch)
    with database.read() as connection:
        rates = cadence_stats.average_prices(connection)
    assert rates == {("USD", Metric.FOLLOWERS): 4.0 / 2000.0, ("EUR", Metric.LIKES): 2.5 / 1000.0}


def test_an_import_locks_targets_in_the_order_of_an_evaluation(postgresql: Database) -> None:
    """Another order could deadlock."""
    sell(postgresql, an_order("1", target=a_profile("a")), an_order("2", target=a_profile("b")))
    first, second = (row.target_id for row in rows_of(postgresql, "targets"))
    known_and_new = [an_order("2", target=a_profile("b"), remains=5), an_order("3", target=a_profile("a"))]
    with ThreadPoolExecutor(1) as pool, postgresql.write() as judge:
        targets.get(judge, first, lock=True)
        importing = pool.submit(sell, postgresql, *known_and_new)
        while not judge.exec_driver_sql(WAITING).scalar_one():
            assert not importing.done()
        judge.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        assert targets.get(judge, second, lock=True).target_id == second
        judge.commit()
        assert [done.result for done in importing.result(timeout=30)] == [
            ImportResult.UPDATED,
            ImportResult.ADDED,
        ]


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
