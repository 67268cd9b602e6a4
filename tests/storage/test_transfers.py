"""Starting anew after a restore: no id comes again, and no lost unit is refilled twice (docs/backup.md)."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from jobs.look_recording import record_looks
from monitor.cadence.fixed import FixedCadence
from monitor.evaluation.evaluate import LookPolicy
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.bulk_action import BulkAction, BulkState
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from storage import (
    bulk_actions,
    drops,
    leases,
    new_start,
    operator_actions,
    refills,
    row_numbers,
    targets,
    transfers,
)
from storage.bulk_actions import NewBulkAction, NewBulkItem
from storage.engine import Database
from storage.schema import refills as refill_table
from storage.schema import targets as target_table
from storage.transfer_action import TransferAction
from tests.builders import DAY, HOUR, MINUTE, NOW, a_look, an_order
from tests.storage.shop import bring_to, owe, sell

POLICY = LookPolicy(FixedCadence(6 * HOUR), MassDropRule())
BACKUP = "/backups/monday.db"


def restored(database: Database, now: datetime = NOW, known: int = 0) -> new_start.NewStart:
    with database.write() as connection:
        return new_start.start_anew(connection, TransferAction.RESTORED, BACKUP, now, [known])


def look(database: Database, count: int, now: datetime) -> None:
    with database.write() as connection:
        target_id = targets.of_order(connection, "1").target_id
        record_looks(connection, {target_id: a_look(count, now)}, POLICY)


def newest(database: Database) -> refills.RefillRow:
    with database.read() as connection:
        return max(refills.listed(connection), key=lambda row: row.refill_id)


def test_a_new_start_holds_what_is_in_the_queue_under_new_ids(database: Database) -> None:
    """Those that are final stay. A lease of the backup owns nothing any more."""
    final = [RefillState.COMPLETED, RefillState.DEAD, RefillState.REJECTED, RefillState.CANCELLED]
    states = [RefillState.CLAIMED, *final, RefillState.QUEUED]
    sell(database, *(an_order(f"{state}", profile=f"{state}") for state in states))
    with database.write() as connection:
        ids = {state: bring_to(connection, str(state), state) for state in states}
    start = restored(database)
    with database.read() as connection:
        after = {state: refills.get(connection, refill_id) for state, refill_id in ids.items()}
        held = refills.listed(connection, state=RefillState.HELD)
    assert {state: row.state for state, row in after.items() if state in final} == {s: s for s in final}
    assert {after[state].state for state in states if state.open} == {RefillState.CANCELLED}
    assert {(row.reason, row.release_at, row.lease_token) for row in held} == {
        (Reason.RESTORED, NOW + DAY, None)
    }
    assert sorted(row.order_id for row in held) == ["claimed", "queued"]
    assert min(row.refill_id for row in held) >= start.first_id
    assert (start.held, start.hold_until) == (2, NOW + DAY)


@pytest.mark.parametrize(
    "reason", [Reason.SHADOW, Reason.BACKLOG, Reason.BELOW_START_COUNT, Reason.DAILY_CAP]
)
def test_what_waits_for_an_operator_goes_on_waiting(database: Database, reason: Reason) -> None:
    """No time releases it, so a restore does not either."""
    sell(database, an_order("1"))
    with database.write() as connection:
        refill_id = bring_to(connection, "1", RefillState.HELD)
        connection.execute(update(refill_table).values(reason=reason))
    assert restored(database).held == 0
    with database.read() as connection:
        assert refills.get(connection, refill_id).state is RefillState.CANCELLED
    row = newest(database)
    assert (row.state, row.reason, row.release_at) == (RefillState.HELD, reason, None)


def test_the_hold_lasts_as_long_as_the_longest_delivery_settles(database: Database) -> None:
    """A unit that was delivered since the backup may be in flight that long."""
    sell(database, an_order("1", settle=HOUR), an_order("2", profile="b", settle=3 * DAY))
    assert restored(database).hold_until == NOW + 3 * DAY


def test_a_longer_hold_of_the_backup_stays(database: Database) -> None:
    sell(database, an_order())
    with database.write() as connection:
        refill_id = owe(connection)
        change = update(refill_table).where(refill_table.c.refill_id == refill_id)
        connection.execute(change.values(state=RefillState.HELD, release_at=NOW + 2 * DAY))
    restored(database)
    assert newest(database).release_at == NOW + 2 * DAY


def test_a_refill_delivered_since_the_backup_is_discarded_by_the_count(database: Database) -> None:
    """The count contains it: nothing is missing any more."""
    sell(database, an_order())
    look(database, 1700, NOW - 3 * HOUR)
    look(database, 1700, NOW - HOUR)
    assert (newest(database).state, newest(database).quantity) == (RefillState.QUEUED, 300)
    restored(database)
    look(database, 1900, NOW + 2 * HOUR)  # its units arrive
    assert newest(database).state is RefillState.HELD
    look(database, 2000, NOW + DAY)
    assert newest(database).state is RefillState.REJECTED


def test_a_refill_not_delivered_since_the_backup_is_queued_with_what_is_missing(database: Database) -> None:
    sell(database, an_order())
    look(database, 1700, NOW - 3 * HOUR)
    look(database, 1700, NOW - HOUR)
    restored(database)
    look(database, 1760, NOW + DAY)
    assert (newest(database).state, newest(database).quantity) == (RefillState.QUEUED, 240)


def test_a_drop_that_is_confirmed_soon_after_is_held_until_deliveries_are_counted(database: Database) -> None:
    """The refill of this drop may have been delivered by the lost database, and not be in the count yet."""
    sell(database, an_order())
    restored(database)
    look(database, 1700, NOW + HOUR)
    look(database, 1700, NOW + 4 * HOUR)
    row = newest(database)
    assert (row.state, row.reason, row.release_at) == (RefillState.HELD, Reason.RESTORED, NOW + DAY)
    look(database, 2000, NOW + DAY + MINUTE)
    assert newest(database).state is RefillState.REJECTED


def test_a_bulk_action_of_the_backup_goes_no_further(database: Database) -> None:
    """It may have requeued the same refills before the restore."""
    new = NewBulkAction(BulkAction.REQUEUE, {}, "state=dead", more=False, expires_at=NOW + DAY)
    with database.write() as connection:
        number = bulk_actions.add(connection, new, [NewBulkItem("1", {})], NOW)
        bulk_actions.confirm(connection, number, NOW)
    restored(database)
    with database.write() as connection:
        assert bulk_actions.take_item(connection, number) is None
        assert bulk_actions.get(connection, number).state is BulkState.STOPPED


def test_the_fast_path_is_closed_until_the_next_evaluation(database: Database) -> None:
    """Its bounds were worked out before the refills were held."""
    sell(database, an_order())
    look(database, 2000, NOW - HOUR)
    restored(database)
    with database.read() as connection:
        bounds = connection.execute(target_table.select()).one().noop_until
    assert bounds is None


def test_ids_begin_after_everything_known_and_after_the_clock(database: Database) -> None:
    """So that they come after those that a lost database gave out, which nobody knows."""
    sell(database, an_order(), an_order("2", profile="b"))
    with database.write() as connection:
        owe(connection)
    by_clock = (NOW - datetime(2026, 1, 1, tzinfo=UTC)).days * 86_400 * 10_000 + 43_200 * 10_000
    with database.read() as connection:
        before = max(by_clock, *row_numbers.last_ids(connection).values())
    first = restored(database).first_id
    assert first == before + 1
    assert restored(database).first_id > first
    known = before + 10**9
    start = restored(database, known=known)
    with database.write() as connection:
        assert (start.first_id, owe(connection, "2")) == (known + 1, known + 2)  # the held one is first
        assert min(row_numbers.last_ids(connection).values()) >= known


def test_transfers_are_recorded(database: Database) -> None:
    start = restored(database)
    with database.read() as connection:
        (row,) = transfers.listed(connection)
    assert (row.at, row.action, row.place) == (NOW, TransferAction.RESTORED, BACKUP)
    assert (row.first_id, row.hold_until) == (start.first_id, start.hold_until)


def test_a_moved_database_can_be_reopened(database: Database) -> None:
    with database.write() as connection:
        assert transfers.moved(connection) is None
        transfers.record(connection, TransferAction.MOVED, "postgresql://db", NOW)
        found = transfers.moved(connection)
        assert found is not None
        assert found.place == "postgresql://db"
        new_start.start_anew(connection, TransferAction.REOPENED, "postgresql://db", NOW)
        assert transfers.moved(connection) is None


def test_a_backup_of_a_moved_database_can_be_restored(database: Database) -> None:
    """The restore says that the work goes on here."""
    with database.write() as connection:
        transfers.record(connection, TransferAction.MOVED, "postgresql://db", NOW)
    restored(database)
    with database.read() as connection:
        assert transfers.moved(connection) is None


def test_an_operator_may_decide_earlier(database: Database) -> None:
    """Approving releases what is missing at the newest count."""
    sell(database, an_order())
    look(database, 1700, NOW - 3 * HOUR)
    look(database, 1700, NOW - HOUR)
    restored(database)
    with database.write() as connection:
        row = operator_actions.act(connection, newest(database).refill_id, "approve", NOW)
        assert row.state is RefillState.QUEUED
        (claimed,) = leases.claim(connection, NOW, limit=1, lease=HOUR)
        assert [d.reason for d in drops.decisions_of(connection, "1")][-1] is Reason.RESTORED
    assert claimed.refill_id == row.refill_id
