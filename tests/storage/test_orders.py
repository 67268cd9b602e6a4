"""Orders: what an import adds, moves forward, leaves alone and refuses, and what it sets in motion."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.cadence.schedule import Priority
from monitor.model.decision import Action
from monitor.model.drop import DropState
from monitor.model.link import parse_link
from monitor.model.order import Order, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.target import Metric, Target
from monitor.model.terms import BelowStart, RefillMode, Terms, TermsOrigin
from storage import cadence_stats, drops, order_states, orders, refills
from storage.engine import Database
from storage.errors import NotFoundError
from storage.orders import ImportedRow, ImportResult
from tests.storage.shop import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    a_claim,
    a_decision,
    a_drop,
    a_pending_order,
    a_post,
    a_profile,
    an_order,
    bring_to,
    calm,
    everything,
    make_calm,
    owe,
    put_off,
    rows_of,
    sell,
)

LATER = NOW + HOUR


def kept(database: Database, order_id: str = "1") -> Order:
    """An order as it comes back out of the database."""
    with database.read() as connection:
        return orders.get(connection, order_id).order


def decide(database: Database, order_id: str = "1") -> None:
    """Let a decision rest on the order's baseline."""
    with database.write() as connection:
        waiting = a_drop(order_id, DropState.WAITING, confirmed_at=NOW)
        drop_id = drops.save(connection, waiting, a_claim(order_id), 1200)
        drops.add_decision(connection, drop_id, a_decision(order_id, Action.WAIT))


def refusal(answer: list[ImportedRow]) -> tuple[ImportResult, str | None]:
    """The fate of the only row, and the field that was at fault."""
    (row,) = answer
    return row.result, row.error.field if row.error else None


# Round trip


def test_every_field_of_an_order_survives_the_round_trip(database: Database) -> None:
    """Terms, a price to the last digit and a time to the microsecond come back as they went in."""
    terms = Terms(
        name="gold", window=timedelta(days=90), settle=timedelta(hours=1), min_drop_percent=7,
        min_drop_units=3, confirmations=4, confirm_after=timedelta(minutes=30), cooldown=timedelta(hours=5),
        max_refills=9, max_refill_percent=333, below_start=BelowStart.CAP, partial_orders=False,
        refill=RefillMode.ON_REQUEST,
    )  # fmt: skip
    order = Order(
        order_id="A-17/ü", service="likes", target=a_post(owner="nasa"), quantity=10**9,
        status=OrderStatus.PARTIAL, terms=terms, remains=3, completed_at=NOW + INSTANT, start_count=10**12,
        start_measured=True, link_typed="instagram.com/p/C0deAAAAAAA?igsh=x", provider="wholesaler",
        customer="Zoë 'Q' \"R\"", price=Decimal("123456789012.123456"), currency="EUR",
        terms_from=TermsOrigin.NAME,
    )  # fmt: skip
    plain = Order("plain", "followers", a_profile(), 1, OrderStatus.PENDING, Terms())
    assert [f.name for f in fields(Order) if getattr(order, f.name) == getattr(plain, f.name)] == []
    assert [f.name for f in fields(Terms) if getattr(order.terms, f.name) == getattr(Terms(), f.name)] == []
    sell(database, order)
    assert kept(database, "A-17/ü") == order


def test_an_order_without_any_optional_field_survives_the_round_trip(database: Database) -> None:
    """What nobody said stays unsaid; it does not become 0 or an empty text."""
    order = Order("plain", "likes", a_profile(), 1, OrderStatus.PENDING, Terms())
    sell(database, order)
    assert kept(database, "plain") == order


def test_a_lifetime_window_survives_the_round_trip(database: Database) -> None:
    """A guarantee without an end does not come back as one of some days."""
    order = an_order(terms=Terms(window=None))
    sell(database, order)
    assert kept(database).terms.window is None


@pytest.mark.parametrize("price", ["0", "0.10", "1.500000", "0.1", "999999999999.999999"])
def test_a_price_comes_back_with_all_its_digits(database: Database, price: str) -> None:
    """Money is kept exactly, down to the zeros behind the point."""
    sell(database, an_order(price=Decimal(price)))
    assert str(kept(database).price) == price


@pytest.mark.parametrize("status", OrderStatus)
def test_every_status_can_be_kept(database: Database, status: OrderStatus) -> None:
    """All statuses of panels are known to the database too."""
    order = an_order(status=status, completed_at=NOW if status.delivered else None)
    sell(database, order)
    assert kept(database) == order


def test_an_unknown_order_is_said_to_be_missing(database: Database) -> None:
    """The error names the order that was asked for."""
    with pytest.raises(NotFoundError, match="there is no order 404"), database.read() as connection:
        orders.get(connection, "404")


# Fates


def test_each_row_is_answered_in_its_place(database: Database) -> None:
    """Added, updated, unchanged and refused rows of one batch are told apart, in the rows' order."""
    sell(database, an_order("same"), a_pending_order("moves"), an_order("sold"))
    answer = sell(
        database, an_order("new"), an_order("same"), an_order("moves"), an_order("sold", quantity=2)
    )
    expected = [
        ("new", ImportResult.ADDED), ("same", ImportResult.UNCHANGED),
        ("moves", ImportResult.UPDATED), ("sold", ImportResult.REFUSED),
    ]  # fmt: skip
    assert expected == [(row.order_id, row.result) for row in answer]


def test_an_empty_batch_changes_nothing(database: Database) -> None:
    """Nothing in, nothing out, and no error on the way."""
    before = everything(database)
    assert sell(database) == []
    assert everything(database) == before


def test_an_unchanged_row_writes_nothing(database: Database) -> None:
    """The same file twice leaves every table as it was, times of update included."""
    order = an_order(price=Decimal("1.50"))
    sell(database, order)
    before = everything(database)
    sell(database, replace(order, price=Decimal("1.5")), now=LATER)
    assert everything(database) == before


def test_a_refused_row_changes_nothing_and_spares_the_others(database: Database) -> None:
    """A bad row is answered with its fault; the good one beside it is imported."""
    sell(database, an_order("1"))
    answer = sell(database, an_order("1", quantity=5, customer="x"), an_order("2"))
    assert [row.result for row in answer] == [ImportResult.REFUSED, ImportResult.ADDED]
    assert str(answer[0].error) == "quantity: the order was sold with quantity 1000"
    assert kept(database, "1") == an_order("1")


def test_a_refused_row_leaves_no_target_behind(database: Database) -> None:
    """A link that was refused is not looked at."""
    sell(database, an_order("1"))
    sell(database, an_order("1", target=a_profile("elsewhere")))
    assert [row.key for row in rows_of(database, "targets")] == ["natgeo"]


def test_a_large_batch_goes_in_at_once(database: Database) -> None:
    """As many rows as one HTTP request may carry, each on its own target."""
    batch = [an_order(str(i), target=a_profile(f"user{i}")) for i in range(1000)]
    assert {row.result for row in sell(database, *batch)} == {ImportResult.ADDED}
    assert {row.result for row in sell(database, *batch)} == {ImportResult.UNCHANGED}
    assert len(rows_of(database, "targets")) == 1000


def test_an_import_notes_when_an_order_came_and_when_it_changed(database: Database) -> None:
    """The time of import stays; the time of update follows the newest change."""
    sell(database, a_pending_order(), now=NOW)
    sell(database, an_order(), now=LATER)
    (row,) = rows_of(database, "orders")
    assert (row.imported_at, row.updated_at) == (NOW, LATER)


# The same order twice in one batch


def test_two_rows_of_one_order_in_a_batch_are_one_order(database: Database) -> None:
    """The second row moves forward what the first one added."""
    answer = sell(database, a_pending_order(), an_order())
    assert [row.result for row in answer] == [ImportResult.ADDED, ImportResult.UPDATED]
    assert kept(database) == an_order()


def test_the_same_row_twice_in_a_batch_is_added_once(database: Database) -> None:
    """A doubled line is unchanged at its second coming."""
    assert [row.result for row in sell(database, an_order(), an_order())] == [
        ImportResult.ADDED,
        ImportResult.UNCHANGED,
    ]
    assert len(rows_of(database, "orders")) == 1


def test_a_second_row_that_contradicts_the_first_is_refused(database: Database) -> None:
    """Inside one batch the rules are the same as between two."""
    answer = sell(database, an_order(), an_order(quantity=7))
    assert [row.result for row in answer] == [ImportResult.ADDED, ImportResult.REFUSED]
    assert kept(database) == an_order()


def test_three_rows_of_a_known_order_end_at_the_last_one(database: Database) -> None:
    """Each row is judged by what the rows before it made of the order."""
    sell(database, a_pending_order())
    answer = sell(
        database,
        a_pending_order(status=OrderStatus.IN_PROGRESS),
        an_order(),
        a_pending_order(),
    )
    assert [row.result for row in answer] == [
        ImportResult.UPDATED,
        ImportResult.UPDATED,
        ImportResult.REFUSED,
    ]
    assert kept(database) == an_order()


# Forward only

FORWARD = [
    (OrderStatus.PENDING, OrderStatus.PROCESSING),
    (OrderStatus.PENDING, OrderStatus.CANCELED),
    (OrderStatus.IN_PROGRESS, OrderStatus.PENDING),
    (OrderStatus.PROCESSING, OrderStatus.PARTIAL),
    (OrderStatus.PARTIAL, OrderStatus.COMPLETED),
    (OrderStatus.COMPLETED, OrderStatus.PARTIAL),
    (OrderStatus.COMPLETED, OrderStatus.REFUNDED),
    (OrderStatus.PARTIAL, OrderStatus.FAIL),
]
BACKWARD = [
    (known, row)
    for known in OrderStatus
    for row in OrderStatus
    if (known.delivered and row.waiting) or (not known.waiting and not known.delivered and known is not row)
]


def with_status(status: OrderStatus) -> Order:
    return an_order(status=status, completed_at=NOW - DAY if status.delivered else None)


@pytest.mark.parametrize(("known", "row"), FORWARD)
def test_an_order_moves_forward(database: Database, known: OrderStatus, row: OrderStatus) -> None:
    """A later status of the panel is taken over."""
    sell(database, with_status(known))
    assert refusal(sell(database, with_status(row))) == (ImportResult.UPDATED, None)
    assert kept(database) == with_status(row)


@pytest.mark.parametrize(("known", "row"), BACKWARD)
def test_an_order_never_moves_back(database: Database, known: OrderStatus, row: OrderStatus) -> None:
    """A delivered order does not become undelivered, and an ended one stays ended."""
    sell(database, with_status(known))
    assert refusal(sell(database, with_status(row))) == (ImportResult.REFUSED, "status")
    assert kept(database) == with_status(known)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 999}, "quantity"),
        ({"service": "likes"}, "service"),
        ({"target": a_profile("other")}, "link"),
        ({"target": Target(a_profile().link, Metric.LIKES)}, "link"),
    ],
)
def test_what_was_sold_never_changes(database: Database, change: dict[str, object], field: str) -> None:
    """Service, link, metric and quantity are the sale itself."""
    sell(database, an_order())
    assert refusal(sell(database, an_order(**change))) == (ImportResult.REFUSED, field)
    assert kept(database) == an_order()


def test_terms_stay_as_they_were_sold(database: Database) -> None:
    """New terms in the configuration do not reach orders that were sold under the old ones."""
    sell(database, an_order(terms=Terms(name="old", max_refills=1)))
    assert refusal(sell(database, an_order(terms=Terms(name="new")))) == (ImportResult.UNCHANGED, None)
    assert kept(database).terms == Terms(name="old", max_refills=1)


def test_notes_are_taken_over_and_never_wiped(database: Database) -> None:
    """Provider, customer, price and currency follow a row that names them and stay with one that does not."""
    notes = {"provider": "p", "customer": "c", "price": Decimal(2), "currency": "USD"}
    sell(database, an_order())
    assert refusal(sell(database, an_order(**notes))) == (ImportResult.UPDATED, None)
    assert refusal(sell(database, an_order())) == (ImportResult.UNCHANGED, None)
    assert kept(database) == an_order(**notes)


def test_an_update_leaves_the_typed_link_as_it_was(database: Database) -> None:
    """Support sees what the customer typed when the order was sold."""
    sell(database, an_order(link_typed="@NatGeo"))
    sell(database, an_order(link_typed="instagram.com/natgeo", customer="c"))
    assert kept(database).link_typed == "@NatGeo"


# Start counts and baselines


def test_a_start_count_that_is_still_unknown_may_be_given_later(database: Database) -> None:
    """The panel fills it in with a later export."""
    sell(database, an_order(start_count=None))
    assert refusal(sell(database, an_order(start_count=500))) == (ImportResult.UPDATED, None)
    assert kept(database) == an_order(start_count=500)


@pytest.mark.parametrize("row", [500, None])
def test_a_start_count_that_is_known_is_confirmed_or_left_alone(database: Database, row: int | None) -> None:
    """The same number, or none, changes nothing."""
    sell(database, an_order(start_count=500))
    assert refusal(sell(database, an_order(start_count=row))) == (ImportResult.UNCHANGED, None)


def test_a_start_count_that_is_known_is_never_changed(database: Database) -> None:
    """Another number would be another baseline."""
    sell(database, an_order(start_count=500))
    assert refusal(sell(database, an_order(start_count=0))) == (ImportResult.REFUSED, "start_count")
    assert kept(database).start_count == 500


def test_a_measured_start_count_is_stored_and_marked(database: Database) -> None:
    """It can always be told from one that the panel gave."""
    sell(database, an_order(start_count=None))
    with database.write() as connection:
        orders.measured(connection, "1", 480)
    assert kept(database) == an_order(start_count=480, start_measured=True)


def test_a_measured_start_count_never_replaces_one_that_is_known(database: Database) -> None:
    """A start count that the panel gave in the meantime stays."""
    sell(database, an_order(start_count=500))
    with database.write() as connection:
        orders.measured(connection, "1", 480)
    assert kept(database) == an_order(start_count=500)


def test_a_measured_start_count_of_zero_is_kept_as_zero(database: Database) -> None:
    """Zero is a number, not a gap."""
    sell(database, an_order(start_count=None))
    with database.write() as connection:
        orders.measured(connection, "1", 0)
    assert kept(database).start_count == 0


def test_a_measured_start_count_falls_with_the_delivery_that_it_was_measured_for(database: Database) -> None:
    """More delivered units make the old measurement wrong: it is measured anew."""
    sell(database, an_order(start_count=None, remains=100))
    with database.write() as connection:
        orders.measured(connection, "1", 480)
    sell(database, an_order(start_count=None, remains=0))
    assert kept(database) == an_order(start_count=None, start_measured=False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"remains": 10}, "remains"),
        ({"completed_at": NOW - 9 * DAY}, "completed_at"),
        ({"start_count": 400}, "start_count"),
    ],
)
def test_a_baseline_that_a_decision_rests_on_is_never_rewritten(
    database: Database, change: dict[str, object], field: str
) -> None:
    """Remains, time of completion and start count stay once something was decided by them."""
    sell(database, an_order())
    decide(database)
    assert refusal(sell(database, an_order(**change))) == (ImportResult.REFUSED, field)
    assert kept(database) == an_order()


def test_a_measured_baseline_that_a_decision_rests_on_is_never_rewritten(database: Database) -> None:
    """Even a measured start count stays once something was decided by it."""
    sell(database, an_order(start_count=None))
    with database.write() as connection:
        orders.measured(connection, "1", 480)
    decide(database)
    assert refusal(sell(database, an_order(start_count=None, remains=10))) == (
        ImportResult.REFUSED,
        "remains",
    )
    assert kept(database) == an_order(start_count=480, start_measured=True)


def test_a_baseline_without_a_decision_may_move(database: Database) -> None:
    """A drop that was only suspected does not freeze the order."""
    sell(database, an_order())
    with database.write() as connection:
        drops.save(connection, a_drop(), a_claim(), 1200)
    assert refusal(sell(database, an_order(remains=10))) == (ImportResult.UPDATED, None)
    assert kept(database).delivered == 990


def test_a_decision_on_another_order_freezes_nothing(database: Database) -> None:
    """Only the order's own decisions count."""
    sell(database, an_order("1"), an_order("2"))
    decide(database, "2")
    answer = sell(database, an_order("1", remains=10), an_order("2", remains=10))
    assert [row.result for row in answer] == [ImportResult.UPDATED, ImportResult.REFUSED]


def test_notes_of_a_decided_order_may_still_change(database: Database) -> None:
    """The baseline is frozen, the customer's name is not."""
    sell(database, an_order())
    decide(database)
    assert refusal(sell(database, an_order(customer="c"))) == (ImportResult.UPDATED, None)


def test_an_import_waits_for_whoever_judges_the_target(postgresql: Database) -> None:
    """A decision that is just being made does not lose its baseline to an import."""
    sell(postgresql, an_order())
    with ThreadPoolExecutor(1) as importer:
        with postgresql.write() as judge:
            orders.targets.of_order(judge, "1", lock=True)
            answer = importer.submit(sell, postgresql, an_order(remains=10))
            wait_until_somebody_waits(postgresql)
            drop_id = drops.save(judge, a_drop(), a_claim(), 1200)
            drops.add_decision(judge, drop_id, a_decision("1", Action.WAIT))
        assert refusal(answer.result(timeout=30)) == (ImportResult.REFUSED, "remains")
    assert kept(postgresql) == an_order()


def wait_until_somebody_waits(database: Database) -> None:
    """Return once a transaction on the server stands before a lock."""
    for _ in range(100_000):
        with database.read() as connection:
            if connection.exec_driver_sql("SELECT 1 FROM pg_locks WHERE NOT granted").first():
                return
    pytest.fail("nobody waits for a lock")


# The end of a guarantee

ENDS = [
    {"status": OrderStatus.REFUNDED, "completed_at": None},
    {"status": OrderStatus.CANCELED, "completed_at": None},
    {"status": OrderStatus.FAIL, "completed_at": None},
    {"status": OrderStatus.PARTIAL, "terms": Terms(partial_orders=False)},
]


@pytest.mark.parametrize("end", ENDS)
def test_an_update_that_ends_the_guarantee_closes_the_open_drop(
    database: Database, end: dict[str, object]
) -> None:
    """Nothing is confirmed any more on an order without a guarantee."""
    sell(database, an_order(terms=Terms(partial_orders=False)))
    with database.write() as connection:
        drops.save(connection, a_drop(), a_claim(), 1200)
    sell(database, an_order(**end), now=LATER)
    (drop,) = rows_of(database, "drops")
    assert (drop.state, drop.closed_at) == (DropState.CLOSED, LATER)


@pytest.mark.parametrize("action", [Action.REFILL, Action.HOLD])
@pytest.mark.parametrize("end", ENDS)
def test_an_update_that_ends_the_guarantee_cancels_what_waits(
    database: Database, end: dict[str, object], action: Action
) -> None:
    """A queued or held refill of a refunded order is not delivered."""
    sell(database, an_order(terms=Terms(partial_orders=False)))
    with database.write() as connection:
        refill_id = owe(connection, action=action)
    sell(database, an_order(**end), now=LATER)
    with database.read() as connection:
        assert refills.get(connection, refill_id).state is RefillState.CANCELLED
        last = refills.events_of(connection, refill_id)[-1]
    assert (last.state, last.at) == (RefillState.CANCELLED, LATER)


@pytest.mark.parametrize("state", sorted(set(RefillState) - {RefillState.HELD, RefillState.QUEUED}))
def test_an_update_that_ends_the_guarantee_leaves_all_other_refills_alone(
    database: Database, state: RefillState
) -> None:
    """A claimed one is left to its consumer, and history is not rewritten."""
    sell(database, an_order())
    with database.write() as connection:
        bring_to(connection, "1", state)
    before = rows_of(database, "refills"), rows_of(database, "refill_events")
    sell(database, an_order(status=OrderStatus.REFUNDED, completed_at=None))
    assert (rows_of(database, "refills"), rows_of(database, "refill_events")) == before


def test_an_update_that_keeps_the_guarantee_leaves_drop_and_refill_alone(database: Database) -> None:
    """A new note on the order is no reason to forget what it is owed."""
    sell(database, an_order("1"), an_order("2"))
    with database.write() as connection:
        owe(connection, "1")
        drops.save(connection, a_drop("2"), a_claim("2"), 1200)
    before = rows_of(database, "drops"), rows_of(database, "refills")
    sell(database, an_order("1", customer="c"), an_order("2", customer="c"))
    assert (rows_of(database, "drops"), rows_of(database, "refills")) == before


# Targets of orders


@pytest.mark.parametrize("typed", ["@NatGeo", "https://instagram.com/natgeo?igsh=abc", "natgeo/"])
def test_a_target_is_the_canonical_link_however_it_was_typed(database: Database, typed: str) -> None:
    """Orders for one profile share one target, and one count carries them all."""
    sell(database, an_order("1"))
    sell(database, an_order("2", target=Target(parse_link(typed).link, Metric.FOLLOWERS)))
    assert len(rows_of(database, "targets")) == 1
    with database.read() as connection:
        (target_id,) = {row.target_id for row in rows_of(database, "orders")}
        assert [w.order.order_id for w in order_states.of_target(connection, target_id)] == ["1", "2"]


def test_two_metrics_of_one_post_are_two_targets(database: Database) -> None:
    """Likes and views are counted apart."""
    sell(database, an_order("1", target=a_post()), an_order("2", target=a_post(metric=Metric.VIEWS)))
    assert [row.metric for row in rows_of(database, "targets")] == [Metric.LIKES, Metric.VIEWS]


def test_the_case_of_a_shortcode_is_part_of_its_identity(database: Database) -> None:
    """Shortcodes that differ in case alone are two posts."""
    sell(database, an_order("1", target=a_post("abcdefg")), an_order("2", target=a_post("ABCDEFG")))
    assert sorted(row.key for row in rows_of(database, "targets")) == ["ABCDEFG", "abcdefg"]


def test_an_owner_named_by_a_later_order_reaches_the_target(database: Database) -> None:
    """The official interface finds a post through its owner only, whichever order names it."""
    sell(database, an_order("1", target=a_post()))
    sell(database, an_order("2", target=a_post(owner="nasa")))
    assert [row.owner for row in rows_of(database, "targets")] == ["nasa"]


def test_an_owner_named_by_the_same_order_again_reaches_the_target(database: Database) -> None:
    """A second export that has the owner is no less welcome for having nothing else that is new."""
    sell(database, an_order(target=a_post()))
    sell(database, an_order(target=a_post(owner="nasa")))
    assert kept(database).target.owner == "nasa"


@pytest.mark.parametrize("other", [None, "esa"])
def test_an_owner_that_is_known_stays(database: Database, other: str | None) -> None:
    """Neither silence nor another name takes the first owner away."""
    batch = [an_order("1", target=a_post(owner="nasa")), an_order("2", target=a_post(owner=other))]
    sell(database, *batch)
    sell(database, batch[1])
    assert [row.owner for row in rows_of(database, "targets")] == ["nasa"]


def test_an_imported_order_is_looked_at_at_once(database: Database) -> None:
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
def test_an_order_without_a_running_guarantee_is_not_looked_at(database: Database, order: Order) -> None:
    """No request is spent on what nobody is owed for."""
    sell(database, order)
    assert [row.next_due_at for row in rows_of(database, "targets")] == [None]


def test_an_order_that_becomes_guaranteed_is_looked_at_at_once(database: Database) -> None:
    """Delivery starts the watch."""
    sell(database, a_pending_order())
    sell(database, an_order(), now=LATER)
    assert [row.next_due_at for row in rows_of(database, "targets")] == [LATER]


def test_an_unchanged_order_does_not_wake_its_target(database: Database) -> None:
    """Importing the same file every hour costs no looks."""
    sell(database, an_order())
    with database.read() as connection:
        target = orders.targets.of_order(connection, "1")
    put_off(database, target.target_id, NOW + DAY)
    sell(database, an_order(), now=LATER)
    assert [row.next_due_at for row in rows_of(database, "targets")] == [NOW + DAY]


@pytest.mark.parametrize(
    ("start", "priority"),
    [(None, Priority.ROUTINE), (0, Priority.MAX_INTERVAL), (500, Priority.MAX_INTERVAL)],
)
def test_only_a_missing_start_count_hurries(
    database: Database, start: int | None, priority: Priority
) -> None:
    """It must be measured before anything is lost; a known one leaves the first look to the budget's room."""
    sell(database, an_order(start_count=start))
    (row,) = rows_of(database, "targets")
    assert (row.next_due_at, row.priority) == (NOW, priority)


def test_one_missing_start_count_hurries_the_target_of_many_orders(database: Database) -> None:
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
def test_an_import_has_the_next_count_judged(database: Database, order: Order) -> None:
    """Of targets about whose orders something is new."""
    sell(database, an_order(), an_order("other", target=a_profile("zoo")))
    make_calm(database)
    sell(database, order, an_order("other", target=a_profile("zoo")), now=LATER)
    assert calm(database) == [False, True]


def test_what_was_paid_for_new_orders_sets_the_going_rate(database: Database) -> None:
    """Once per order; orders without a price or a currency say nothing."""
    paid = {"price": Decimal("2.50"), "currency": "USD"}
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


def test_an_import_takes_its_targets_in_the_order_of_a_judge(postgresql: Database) -> None:
    """Who waits for a target must not hold a later one, or the two would wait for each other."""
    sell(postgresql, an_order("1", target=a_profile("a")), an_order("2", target=a_profile("b")))
    first, second = (row.target_id for row in rows_of(postgresql, "targets"))
    known_and_new = [an_order("2", target=a_profile("b"), remains=5), an_order("3", target=a_profile("a"))]
    with ThreadPoolExecutor(1) as pool, postgresql.write() as judge:
        orders.targets.get(judge, first, lock=True)
        importing = pool.submit(sell, postgresql, *known_and_new)
        while not judge.exec_driver_sql(WAITING).scalar_one():
            assert not importing.done()
        judge.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        assert orders.targets.get(judge, second, lock=True).target_id == second
        judge.commit()
        assert [done.result for done in importing.result(timeout=30)] == [
            ImportResult.UPDATED,
            ImportResult.ADDED,
        ]


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


# Listing


def test_orders_are_listed_by_status_and_by_link_newest_completion_first(database: Database) -> None:
    """The list is narrowed by what was asked for, and cut at its limit."""
    sell(
        database,
        an_order("old", completed_at=NOW - 9 * DAY),
        an_order("new", completed_at=NOW - DAY),
        an_order("other", target=a_profile("zoo")),
        a_pending_order("waits"),
    )

    def listed(status: OrderStatus | None, link: str | None, limit: int) -> list[str]:
        with database.read() as connection:
            found = orders.listed(connection, status=status, link=link, limit=limit)
            return [row.order_id for row in found]

    link = a_profile().link.url
    assert listed(OrderStatus.COMPLETED, None, 100) == ["new", "old", "other"]
    assert listed(OrderStatus.COMPLETED, link, 100) == ["new", "old"]
    assert listed(OrderStatus.PENDING, None, 100) == ["waits"]
    assert listed(OrderStatus.COMPLETED, None, 1) == ["new"]
    assert sorted(listed(None, None, 100)) == ["new", "old", "other", "waits"]


# The database's own word

BAD_ROWS = [
    ({"quantity": 0}, "ck_orders_quantity_positive"),
    ({"remains": -1}, "ck_orders_remains_within_quantity"),
    ({"remains": 1001}, "ck_orders_remains_within_quantity"),
    ({"start_count": -1}, "ck_orders_start_count_not_negative"),
    ({"completed_at": None}, "ck_orders_delivered_has_a_time"),
    ({"status": OrderStatus.PENDING}, "ck_orders_delivered_has_a_time"),
]


@pytest.mark.parametrize(("change", "constraint"), BAD_ROWS)
def test_the_database_itself_refuses_an_impossible_order(
    database: Database, change: dict[str, object], constraint: str
) -> None:
    """Whatever the code forgets to check, the table's constraint names it."""
    with pytest.raises(IntegrityError, match=constraint):
        sell(database, an_order(**change))
    assert rows_of(database, "orders") == []
