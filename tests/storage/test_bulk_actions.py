"""Bulk actions: frozen, confirmed once by who previewed them, each row carried out once."""

from collections.abc import Iterator
from queue import Queue
from threading import Thread

import pytest
from sqlalchemy.exc import OperationalError

from jobs.bulk_refills import ExpectedRefill, act_on_refill
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.bulk_action import BulkAction, BulkState, ItemResult
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from storage import bulk_actions, targets
from storage.actor import Actor, acting
from storage.bulk_actions import BulkProgress, NewBulkAction, NewBulkItem
from storage.engine import Database
from storage.errors import NotFoundError, WrongStateError
from storage.pages import PageRequest
from tests.builders import MINUTE, NOW, an_order
from tests.storage.shop import at_once, bring_to, rows_of, sell

ANA = Actor("user ana", "request-1")


@pytest.fixture(autouse=True)
def ana() -> Iterator[None]:
    with acting(ANA):
        yield


def previewed(database: Database, rows: int = 3) -> int:
    new = NewBulkAction(
        BulkAction.CHECK, {"flag": "hold"}, "status=Partial", more=True, expires_at=NOW + MINUTE
    )
    items = [NewBulkItem(f"{i}", {"units": i}) for i in range(rows)]
    with database.write() as tx:
        return bulk_actions.add(tx, new, items, NOW)


def confirmed(database: Database, rows: int = 3) -> int:
    number = previewed(database, rows)
    with database.write() as tx:
        bulk_actions.confirm(tx, number, NOW)
    return number


def carry_out_next(database: Database, number: int) -> str | None:
    with database.write() as tx:
        item = bulk_actions.take_item(tx, number)
        if item is not None:
            bulk_actions.settle_item(tx, item.item_id, ItemResult.DONE, "checked")
        return None if item is None else item.subject


def test_an_action_is_read_as_it_was_previewed(database: Database) -> None:
    """With who previewed it; nothing of it is carried out before it is confirmed."""
    number = previewed(database)
    with database.write() as tx:
        row = bulk_actions.get(tx, number)
        (listed,) = bulk_actions.page(tx, PageRequest()).rows
        items = bulk_actions.items(tx, number, PageRequest(2, oldest_first=True))
        assert bulk_actions.take_item(tx, number) is None
        assert bulk_actions.running(tx) == []
    assert row == listed
    assert (row.action, row.arguments, row.filter, row.more) == (
        BulkAction.CHECK, {"flag": "hold"}, "status=Partial", True,
    )  # fmt: skip
    assert (row.actor, row.request_id, row.state) == ("user ana", "request-1", BulkState.PREVIEWED)
    assert [(item.subject, item.expected, item.result) for item in items.rows] == [
        ("0", {"units": 0}, None), ("1", {"units": 1}, None),
    ]  # fmt: skip


def test_an_action_is_confirmed_once_in_time_by_who_previewed_it(database: Database) -> None:
    number, late = previewed(database), previewed(database)
    with database.write() as tx:
        with acting(Actor("user ben")), pytest.raises(WrongStateError, match="was previewed by user ana"):
            bulk_actions.confirm(tx, number, NOW)
        bulk_actions.confirm(tx, number, NOW)
        with pytest.raises(WrongStateError, match="it is running"):
            bulk_actions.confirm(tx, number, NOW)
        with pytest.raises(WrongStateError, match="too old; preview it again"):
            bulk_actions.confirm(tx, late, NOW + MINUTE)
        with pytest.raises(NotFoundError, match="there is no bulk action 99"):
            bulk_actions.confirm(tx, 99, NOW)


def test_each_row_is_carried_out_once_by_several_processes(database: Database) -> None:
    """And the action is finished when the last one is."""
    number = confirmed(database, 12)

    def work(_: int) -> list[str]:
        return [subject for _ in range(12) if (subject := carry_out_next(database, number)) is not None]

    done = [subject for found in at_once(3, work) for subject in found]
    while (subject := carry_out_next(database, number)) is not None:  # rows that were locked meanwhile
        done.append(subject)
    assert sorted(done, key=int) == [f"{i}" for i in range(12)]
    with database.write() as tx:
        assert [bulk_actions.finish(tx, number, NOW) for _ in range(2)] == [True, False]
        assert bulk_actions.progress(tx, number) == BulkProgress(12, 12, 0)
        assert len(bulk_actions.items(tx, number, PageRequest(), ItemResult.DONE).rows) == 12


def test_a_stopped_action_goes_no_further(database: Database) -> None:
    """What was done stays done; it cannot be stopped twice, or finished."""
    number = confirmed(database)
    carry_out_next(database, number)
    with database.write() as tx:
        assert not bulk_actions.finish(tx, number, NOW)
        bulk_actions.stop(tx, number, NOW)
        assert bulk_actions.take_item(tx, number) is None
        assert bulk_actions.progress(tx, number).left == 2
        with pytest.raises(WrongStateError, match="is stopped already"):
            bulk_actions.stop(tx, number, NOW)


def test_who_confirms_while_somebody_stops_is_told_that_it_is_stopped(postgresql: Database) -> None:
    """And not that the preview is too old."""
    number, told = previewed(postgresql), Queue[str]()

    def confirm() -> None:
        with acting(ANA), pytest.raises(WrongStateError) as refused, postgresql.write() as tx:
            bulk_actions.confirm(tx, number, NOW)
        told.put(str(refused.value))

    confirming = Thread(target=confirm)
    with postgresql.write() as tx:
        bulk_actions.stop(tx, number, NOW)
        confirming.start()
        while not tx.exec_driver_sql("SELECT 1 FROM pg_locks WHERE NOT granted").first():
            assert confirming.is_alive()
    confirming.join()
    assert told.get() == f"bulk action {number} cannot be confirmed: it is stopped"


def test_previews_that_nobody_confirmed_are_deleted_with_their_rows(database: Database) -> None:
    previewed(database)
    number = confirmed(database)
    with database.write() as tx:
        assert bulk_actions.delete_expired(tx, NOW) == 0
        assert bulk_actions.delete_expired(tx, NOW + MINUTE) == 1
    assert {row.bulk_action_id for row in rows_of(database, "bulk_items")} == {number}


def test_an_action_that_ended_is_deleted_in_batches_and_goes_with_its_last_row(database: Database) -> None:
    """The oldest first; one that runs is kept."""
    ended, newer, running = confirmed(database, 3), confirmed(database, 1), confirmed(database, 1)
    with database.write() as tx:
        bulk_actions.stop(tx, ended, NOW)
        bulk_actions.stop(tx, newer, NOW + MINUTE)
        batches = [bulk_actions.delete_old(tx, NOW + MINUTE, 2) for _ in range(3)]
        found = bulk_actions.progress_of(tx, [ended, newer, running])
    assert batches == [(2, True), (1, True), (0, False)]
    assert [found[number].total for number in (ended, newer, running)] == [0, 1, 1]
    assert {row.bulk_action_id for row in rows_of(database, "bulk_actions")} == {newer, running}


def test_a_refill_is_compared_with_what_was_shown_once_its_target_is_locked(postgresql: Database) -> None:
    """So that no evaluation changes it between the comparison and the action."""
    sell(postgresql, an_order("1"))
    with postgresql.write() as tx:
        refill_id = bring_to(tx, "1", RefillState.HELD)
    shown = ExpectedRefill(RefillState.DEAD, Reason.MASS_DROP, 100)
    with postgresql.write() as evaluation, postgresql.write() as tx:
        targets.of_order(evaluation, "1", lock=True)
        tx.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            act_on_refill(tx, BulkAction.CANCEL, refill_id, shown, QueueRules(), NOW)


def test_an_action_keeps_what_was_shown_and_the_list_that_it_was_chosen_from(database: Database) -> None:
    path = "/orders?status=Partial"
    new = NewBulkAction(BulkAction.CHECK, {}, "", False, NOW + MINUTE, "what was shown", path)
    with database.write() as tx:
        number = bulk_actions.add(tx, new, [], NOW)
        row = bulk_actions.get(tx, number)
    assert (row.preview, row.list_path) == ("what was shown", path)
