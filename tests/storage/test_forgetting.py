"""Forgetting a customer: names are gone, numbers stay, and no import brings a name back; on both engines."""

import pytest
from sqlalchemy import Connection, update

from monitor.alerts.matchers import parse_matchers
from monitor.events.digests import digest_due
from monitor.events.kind import EventKind
from monitor.model.bulk_action import BulkAction
from monitor.model.order import Flag
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from storage import (
    bulk_actions,
    events,
    flags,
    forgetting,
    leases,
    order_states,
    orders,
    refills,
    requests,
    reviews,
    silences,
    snapshots,
    targets,
)
from storage.bulk_actions import NewBulkAction, NewBulkItem
from storage.engine import Database
from storage.errors import WrongStateError
from storage.forgetting import CustomerTarget
from storage.orders import ImportResult
from storage.schema import targets as targets_table
from storage.silences import NewSilence
from tests import lease_calls
from tests.builders import HOUR, NOW, a_failed_look, a_profile, an_event, an_order
from tests.storage.shop import ATTEMPTS, alerts_of, everything, owe, rows_of, sell, statements_of

NAME, PROFILE = "Erika Mustermann", "erika.m"


def forget(database: Database, customer: str = NAME) -> list[CustomerTarget]:
    with database.read() as tx:
        found = forgetting.targets_of_customer(tx, customer)
    for one in found:
        with database.write() as tx:
            forgetting.forget(tx, customer, one, NOW)
    return found


def close_in_bulk(tx: Connection, chosen_by: str, note: str) -> None:
    """Preview that all reviews of the order are closed with a note."""
    new = NewBulkAction(
        BulkAction.CLOSE,
        {"note": note},
        chosen_by,
        more=False,
        expires_at=NOW + HOUR,
        list_path=f"/reviews?{chosen_by}",
    )
    items = [NewBulkItem(str(row.review_id), {}) for row in reviews.of_order(tx, "1")]
    assert items
    bulk_actions.add(tx, new, items, NOW)


@pytest.fixture
def named(database: Database) -> Database:
    """An order of the customer with a failed refill, alerts, a request, a note and a failed look."""
    sell(database, an_order("1", PROFILE, customer=NAME, link_typed="@Erika.M"))
    with database.write() as tx:
        target_id = targets.of_order(tx, "1").target_id
        refill_id = owe(tx, "1")
        (row,) = leases.claim(tx, NOW, limit=1, lease=HOUR)
        failure = leases.Failure(f"no user {PROFILE}", retryable=False)
        lease_calls.fail(tx, refill_id, row.lease_token, NOW, failure, ATTEMPTS)
        tx.exec_driver_sql(f"UPDATE reviews SET note = 'wrote to {NAME}'")
        link = a_profile(PROFILE).link.url
        events.add(tx, an_event(EventKind.TARGET_PRIVATE, f"{link} is private", link=link), NOW)
        events.add(tx, an_event(EventKind.TARGET_GONE, f"seen beside {link}"), NOW)
        events.add(tx, digest_due(f"order 1  {NAME[:15]}…", NOW - HOUR, NOW), NOW)
        for matchers, comment in ((f'link="{link}"', "known"), ('kind="drop.held"', f"{link} is known")):
            found = parse_matchers(matchers)
            silence = NewSilence(found, "root", comment, starts_at=NOW, ends_at=NOW + HOUR)
            silences.add(tx, silence, NOW)
        close_in_bulk(tx, f"customer={PROFILE}&link={link}", f"wrote to {PROFILE}")
        requests.ask(tx, "1", NOW)
        snapshots.add(tx, target_id, a_failed_look(Outcome.SCHEMA, target=a_profile(PROFILE), detail=PROFILE))
        names = {"owner": PROFILE, "account": PROFILE, "username_now": PROFILE, "request_key": PROFILE}
        tx.execute(update(targets_table).values(names))
    return database


def test_no_row_names_the_customer_any_more(named: Database) -> None:
    """Neither by name nor by link, in no table."""
    assert PROFILE in str(everything(named))
    forget(named)
    left = str(everything(named)).lower()
    assert NAME[:15].lower() not in left
    assert PROFILE not in left


def test_drops_decisions_refills_and_counts_stay(named: Database) -> None:
    """So that nothing is refilled twice, and reports keep their sums."""
    before = everything(named)
    forget(named)
    after = everything(named)
    for table in ("drops", "decisions"):
        assert after[table] == before[table]
    for table, columns in {
        "refills": ("refill_id", "order_id", "quantity", "state", "reason"),
        "snapshots": ("target_id", "at", "outcome", "count"),
        "orders": ("order_id", "target_id", "quantity", "status", "completed_at", "start_count", "price"),
        "reviews": ("review_id", "units", "share", "closed_at"),
    }.items():
        kept = [[tuple(getattr(row, c) for c in columns) for row in rows[table]] for rows in (before, after)]
        assert kept[0] == kept[1]


def test_the_guarantee_of_an_order_without_a_link_ends(database: Database) -> None:
    """A queued refill is cancelled, a claimed one is left to its consumer, and no look is due any more."""
    sell(database, an_order("1", "a", customer=NAME), an_order("2", "b", customer=NAME))
    with database.write() as tx:
        claimed = owe(tx, "2")
        leases.claim(tx, NOW, limit=1, lease=HOUR)
        queued = owe(tx, "1")
    forget(database)
    with database.write() as tx:
        assert refills.get(tx, queued).state is RefillState.CANCELLED
        assert refills.get(tx, claimed).state is RefillState.CLAIMED
        assert not order_states.carries_guarantee(tx, "1")
        flags.set_flag(tx, "1", Flag.HOLD, NOW)
        flags.lift_flag(tx, "1", Flag.HOLD, NOW)  # makes the target of any other order due
        assert orders.get(tx, "1").forgotten_at == NOW
    assert [row.next_due_at for row in rows_of(database, "targets")] == [None, None]


def test_a_link_that_orders_of_others_use_stays(database: Database) -> None:
    """With the guarantees on it, until the last of them is forgotten; that ends both."""
    sell(database, an_order("1", "a", customer=NAME), an_order("2", "a", customer="other"))
    assert [one.shared for one in forget(database)] == [True]
    with database.read() as tx:
        assert order_states.carries_guarantee(tx, "1")
        assert orders.get(tx, "1").order.target == a_profile("a")
        assert orders.get(tx, "1").order.customer is None
    assert [one.shared for one in forget(database, "other")] == [False]
    with database.read() as tx:
        assert not order_states.carries_guarantee(tx, "1")
        assert orders.get(tx, "2").order.target != a_profile("a")


def test_an_order_without_a_customer_is_somebody_elses(database: Database) -> None:
    """Its link stays."""
    sell(database, an_order("1", "a", customer=NAME), an_order("2", "a"))
    assert [one.shared for one in forget(database)] == [True]


def test_an_order_imported_after_the_preview_stops_the_forgetting_of_its_target(database: Database) -> None:
    """Nothing of it is changed."""
    sell(database, an_order("1", "a", customer=NAME))
    with database.read() as tx:
        (shown,) = forgetting.targets_of_customer(tx, NAME)
    sell(database, an_order("2", "a", customer="other"))
    before = everything(database)
    with pytest.raises(WrongStateError, match="have changed since they were shown"), database.write() as tx:
        forgetting.forget(tx, NAME, shown, NOW)
    assert everything(database) == before


def test_an_import_skips_forgotten_orders_and_takes_the_others(database: Database) -> None:
    """The name does not come back; a new order of the same profile has a target of its own."""
    sell(database, an_order("1", "a", customer=NAME))
    forget(database)
    results = sell(database, an_order("1", "a", customer=NAME), an_order("2", "a", customer=NAME))
    assert [row.result for row in results] == [ImportResult.FORGOTTEN, ImportResult.ADDED]
    with database.read() as tx:
        assert orders.get(tx, "1").order.customer is None
        assert orders.get(tx, "2").order.target == a_profile("a")
    assert len(rows_of(database, "targets")) == 2


def test_pending_alerts_about_the_customer_are_not_sent(named: Database) -> None:
    """They are kept, without their texts."""
    forget(named)
    assert {(row.alert, row.payload, row.link) for row in alerts_of(named)} == {
        ("kept", '{"text": "(forgotten)"}', None)
    }


def test_refills_are_locked_in_the_order_of_their_ids(postgresql: Database) -> None:
    """As consumers do, so that none waits for the other for ever."""
    sell(postgresql, an_order("1", PROFILE, customer=NAME), an_order("2", PROFILE, customer="another"))
    with postgresql.write() as tx:
        (one,) = forgetting.targets_of_customer(tx, NAME)
        sent = [sql for sql, _ in statements_of(tx, lambda: forgetting.forget(tx, NAME, one, NOW))]
    assert next(sql for sql in sent if "refills" in sql).endswith("ORDER BY refills.refill_id FOR UPDATE")
