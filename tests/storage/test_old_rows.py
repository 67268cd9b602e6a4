"""Old rows: what is deleted of refill events, requests and alerts, and what is kept."""

from datetime import datetime

import pytest
from sqlalchemy import insert, update

from monitor.events.kind import EventKind
from monitor.model.refill import RefillState
from storage import alert_states, events, leases, old_rows, requests
from storage.alert_tables import events as events_table
from storage.engine import Database
from storage.schema import metadata
from tests import lease_calls
from tests.builders import DAY, HOUR, INSTANT, NOW, an_event, an_order
from tests.storage.busy_rows import ROWS
from tests.storage.shop import ATTEMPTS, alerts_of, bring_to, queue, rows_of, sell

LATER = NOW + 400 * DAY


def delete(database: Database, table: str, limit: int = 100) -> int:
    """Delete everything that is older than LATER."""
    deleted, more = 0, True
    while more:
        with database.write() as connection:
            number, more = old_rows.delete_batch(connection, table, LATER, limit)
        deleted += number
    return deleted


def fail_often(database: Database) -> None:
    """Queue a refill that is completed at its third attempt."""
    queue(database, "1")
    for attempt in range(3):
        at = NOW + attempt * DAY
        with database.write() as connection:
            (row,) = leases.claim(connection, at, limit=1, lease=HOUR)
            if attempt < 2:
                failure = leases.Failure("no answer", retryable=True)
                lease_calls.fail(connection, row.refill_id, row.lease_token, at, failure, ATTEMPTS)
            else:
                lease_calls.complete(connection, row.refill_id, row.lease_token, at)


def alert(database: Database, at: datetime) -> None:
    with database.write() as connection:
        events.add(connection, an_event(EventKind.DROP_HELD, "text"), at)


def alerts(database: Database) -> list[int]:
    return [row.event_id for row in alerts_of(database)]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_finished_refill_keeps_its_first_and_last_event(database: Database, limit: int) -> None:
    """However small the batches are."""
    fail_often(database)
    before = rows_of(database, "refill_events")
    assert delete(database, "refill_events", limit) == 5
    assert rows_of(database, "refill_events") == [before[0], before[-1]]


@pytest.mark.parametrize("state", [RefillState.QUEUED, RefillState.CLAIMED, RefillState.DEAD])
def test_a_refill_that_may_go_on_keeps_every_event(database: Database, state: RefillState) -> None:
    """Also a dead one, which an operator may queue again."""
    sell(database, an_order())
    with database.write() as connection:
        bring_to(connection, "1", state)
    assert delete(database, "refill_events") == 0


def test_only_rows_older_than_the_limit_are_deleted(database: Database) -> None:
    """An alert at that very time is kept."""
    for at in (LATER - INSTANT, LATER, LATER + DAY):
        alert(database, at)
    with database.write() as connection:
        alert_states.keep(connection, alerts(database))
    assert delete(database, "events") == 1
    assert [row.at for row in alerts_of(database)] == [LATER, LATER + DAY]


def test_an_alert_that_waits_is_kept(database: Database) -> None:
    """Sent, kept and failed ones are deleted."""
    for _ in range(4):
        alert(database, NOW)
    sent, kept, failed, waiting = alerts(database)
    with database.write() as connection:
        alert_states.keep(connection, [kept])
        for event_id, state in ((sent, "sent"), (failed, "failed")):
            of = events_table.c.event_id == event_id
            connection.execute(update(events_table).where(of).values(alert=state))
    assert delete(database, "events") == 3
    assert alerts(database) == [waiting]


def test_an_order_keeps_its_last_granted_request_and_what_stands(database: Database) -> None:
    """So the answer to its next request is the same."""
    sell(database, an_order("1"), an_order("2"))
    with database.write() as connection:
        for hours, granted in ((0, True), (1, True), (2, False)):
            requests.ask(connection, "1", NOW + hours * HOUR, granted=granted)
        requests.answered(connection, "1", NOW + DAY)
        requests.ask(connection, "2", NOW)
        before = requests.last_granted(connection, "1")
    assert delete(database, "requests") == 2
    with database.read() as connection:
        assert requests.last_granted(connection, "1") == before
        assert [row.granted for row in requests.of_order(connection, "1")] == [True]
        assert len(requests.of_order(connection, "2")) == 1


def test_a_row_that_was_kept_is_not_read_again(database: Database) -> None:
    """The next batch begins behind it."""
    fail_often(database)
    last = rows_of(database, "refill_events")[-1]
    delete(database, "refill_events")
    (progress,) = rows_of(database, "retention_progress")
    assert (progress.kind, progress.last_key) == ("refill_events", last.event_id)
    with database.write() as connection:
        assert old_rows.delete_batch(connection, "refill_events", LATER, 100) == (0, False)


def test_an_old_event_is_deleted_with_all_that_refers_to_it(database: Database) -> None:
    """On PostgreSQL without foreign keys, which cannot refer to partitions by an id."""
    found = [key for table in metadata.sorted_tables for key in table.foreign_keys]
    referring = {key.parent.table.name for key in found if key.column is events_table.c.event_id}
    answers = referring - {"problems"}  # an event is kept while its problem lasts
    assert len(answers) >= 4
    keys = {"events": "event_id", "notifications": "notification_id", "webhook_endpoints": "endpoint_id"}
    with database.write() as connection:
        for table, row in ROWS.items():
            if table in keys:
                rows = [row(i) | {keys[table]: i} for i in range(1, 6)]
                connection.execute(insert(metadata.tables[table]), rows)
            elif table in answers:
                connection.execute(insert(metadata.tables[table]), row(5))
        waiting = update(events_table).where(events_table.c.event_id < 5)
        connection.execute(waiting.values(alert="pending"))
    assert delete(database, "events") == 1
    assert [row.event_id for row in rows_of(database, "events")] == [1, 2, 3, 4]
    assert [table for table in answers if rows_of(database, table)] == []
