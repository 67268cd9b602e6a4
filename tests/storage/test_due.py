"""Due: which targets of a source are read next, by queue, and when a claimed target is due again."""

from typing import Any

import pytest
from sqlalchemy import update

from monitor.cadence.schedule import Priority
from monitor.model.decision import Action
from storage import drops, due, routes, targets
from storage.due import DueTarget
from storage.engine import Database
from storage.schema import targets as table
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, a_claim, a_drop, an_order
from tests.storage.due_targets import (
    SOURCE,
    by_virtual_time,
    due_by_date,
    final_looks,
    put,
    put_in_queue,
    request_keys,
)
from tests.storage.shop import claim_due, owe, rows_of, sell, statements_of

# Dates


def test_a_target_is_due_at_its_time_and_not_before(database: Database) -> None:
    """The time itself is included."""
    put(database, "now", NOW)
    put(database, "later", NOW + INSTANT)
    put(database, "never", None)
    assert claim_due(database) == ["now"]


def test_the_longest_overdue_goes_first(database: Database) -> None:
    """Within a priority, targets are ordered by due time."""
    for name, age in [("b", 2), ("a", 3), ("c", 1)]:
        put(database, name, NOW - age * HOUR)
    assert claim_due(database) == ["a", "b", "c"]


def test_urgent_targets_go_first(database: Database) -> None:
    """A confirmation comes before routine looks that are overdue for longer."""
    put(database, "longest", NOW - 2 * DAY, Priority.MAX_INTERVAL)
    put(database, "routine", NOW - DAY, Priority.ROUTINE)
    put(database, "urgent", NOW, Priority.URGENT)
    assert [claim_due(database, limit=1) for _ in Priority] == [["urgent"], ["routine"], ["longest"]]


def test_all_priorities_fill_one_batch(database: Database) -> None:
    """The rest of the limit goes to the next priority."""
    for i in range(2):
        put(database, f"urgent{i}", NOW - HOUR + i * MINUTE, Priority.URGENT)
    for i in range(3):
        put(database, f"routine{i}", NOW - DAY + i * MINUTE, Priority.ROUTINE)
    put(database, "longest", NOW - 2 * DAY, Priority.MAX_INTERVAL)
    assert claim_due(database, limit=4) == ["urgent0", "urgent1", "routine0", "routine1"]
    assert claim_due(database, limit=4) == ["routine2", "longest"]


def test_a_query_by_priority_returns_that_priority_only(database: Database) -> None:
    """So that MAX_INTERVAL targets can be left for later."""
    for priority in Priority:
        put(database, priority.name, NOW, priority)
    assert [request_keys(due_by_date(database, priority)) for priority in Priority] == [
        [priority.name] for priority in Priority
    ]


def test_at_most_the_limit_is_claimed(database: Database) -> None:
    """The rest stays due; a limit of 0 claims nothing."""
    for i in range(3):
        put(database, f"user{i}", NOW - HOUR + i * MINUTE)
    assert claim_due(database, limit=0) == []
    assert claim_due(database, limit=2) == ["user0", "user1"]
    assert claim_due(database, limit=2) == ["user2"]


def test_a_source_gets_its_own_targets_only(database: Database) -> None:
    """In every queue: no targets of another source and no unrouted ones."""
    queue = {"virtual_due": 1.0, "service_queue": "s", "not_before": NOW}
    places: dict[str, Any] = {**queue, "final_look_slot": 7, "final_look_value": 1.0}
    for source in (SOURCE, "graph", None, ""):
        put(database, f"by {source}", source=source, request_key="one name", **places)
    with database.write() as connection:
        heads = [
            *due.due_by_date(connection, SOURCE, Priority.ROUTINE, NOW, 9),
            *due.final_looks(connection, SOURCE, 7, 0.0, NOW, 9),
            *due.by_virtual_time(connection, SOURCE, "s", NOW, 9),
        ]
        shown = due.lock_by_request(connection, SOURCE, ["one name"], NOW)
        assert due.service_queues(connection, "instaloader") == []
    mine = rows_of(database, "targets")[0].target_id
    assert [head.target_id for head in heads] == [mine] * 3
    assert [row.target.link.key for row in shown] == [f"by {SOURCE}"]


def test_claims_of_one_source_do_not_change_the_queue_of_another(database: Database) -> None:
    """A claim changes only the queue of its source."""
    put(database, "mine")
    put(database, "theirs", source="graph")
    assert claim_due(database) == ["mine"]
    assert claim_due(database, source="graph") == ["theirs"]


def test_a_private_target_is_still_due(database: Database) -> None:
    """Otherwise it would stay private."""
    put(database, "private", private_since=NOW - DAY)
    assert claim_due(database) == ["private"]


# Final looks


def test_final_looks_are_ordered_by_value(database: Database) -> None:
    """Those of one slot, above the minimum value."""
    for name, slot, value in [("b", 7, 2.0), ("a", 7, 9.0), ("c", 7, 1.0), ("d", 7, 0.5), ("e", 8, 5.0)]:
        put(database, name, NOW + DAY, final_look_slot=slot, final_look_value=value)
    put(database, "no final look", NOW)
    assert request_keys(final_looks(database, value=1.0)) == ["a", "b", "c"]
    assert request_keys(final_looks(database, value=1.0, limit=2)) == ["a", "b"]
    assert final_looks(database, limit=0) == final_looks(database, slot=9) == []


def test_a_final_look_is_returned_with_its_value(database: Database) -> None:
    """The shadow price follows from it."""
    target_id = put(database, "a", NOW + DAY, final_look_slot=7, final_look_value=2.5, service_queue="old s")
    assert final_looks(database) == [DueTarget(target_id, "a", "old s", None, 2.5, NOW + DAY)]


# The virtual queue


def test_the_least_virtual_due_value_goes_first(database: Database) -> None:
    """Independent of the date; also for negative values."""
    for name, value in [("b", 1.5), ("d", 1e9), ("a", -3.0), ("c", 1.75)]:
        put_in_queue(database, name, value)
    put(database, "only a date", NOW - DAY, service_queue="young s")
    assert request_keys(by_virtual_time(database)) == ["a", "b", "c", "d"]
    assert request_keys(by_virtual_time(database, limit=2)) == ["a", "b"]
    assert by_virtual_time(database, limit=0) == []


def test_the_head_of_a_queue_has_its_virtual_due_and_service_queue(database: Database) -> None:
    """They advance virtual time."""
    target_id = put_in_queue(database, "a", 0.1, "old likes", final_look_slot=3, final_look_value=4.0)
    assert by_virtual_time(database, "old likes") == [
        DueTarget(target_id, "a", "old likes", 0.1, 4.0, NOW + 90 * DAY)
    ]


def test_a_target_is_skipped_until_its_not_before(database: Database) -> None:
    """The next one in the queue is taken instead."""
    put_in_queue(database, "waits", 1.0, not_before=NOW + INSTANT)
    put_in_queue(database, "ready", 2.0, not_before=NOW)
    assert request_keys(by_virtual_time(database)) == ["ready"]
    assert request_keys(by_virtual_time(database, now=NOW + INSTANT)) == ["waits", "ready"]


def test_each_service_queue_is_separate(database: Database) -> None:
    """So that one can be preferred during a surge."""
    for name, service_queue in [("a", "young s"), ("b", "old s"), ("c", "young s")]:
        put_in_queue(database, name, 1.0, service_queue)
    assert sorted(request_keys(by_virtual_time(database, "young s"))) == ["a", "c"]
    assert request_keys(by_virtual_time(database, "old s")) == ["b"]
    assert by_virtual_time(database, "old") == []


def test_service_queues_with_waiting_targets_are_listed_once(database: Database) -> None:
    """Empty ones are not listed."""
    for number, service_queue in enumerate(["young s", "old s", "young s", "old Ä", "old s"]):
        put_in_queue(database, f"user{number}", 1.0, service_queue)
    put(database, "away", service_queue="young gone")
    put_in_queue(database, "foreign", 1.0, "foreign", source="graph")
    with database.read() as connection:
        found = due.service_queues(connection, SOURCE)
        assert due.service_queues(connection, "no such source") == []
    assert sorted(found) == ["old s", "old Ä", "young s"]


def test_listing_service_queues_takes_one_index_step_each(database: Database) -> None:
    """Independent of the number of waiting targets."""
    for number in range(40):
        put_in_queue(database, f"user{number}", 1.0, f"stream {number % 2}")
    with database.read() as connection:
        assert len(statements_of(connection, lambda: due.service_queues(connection, SOURCE))) == 3


# Ended guarantees


def test_only_ended_targets_leave_the_queues(database: Database) -> None:
    """Exactly at the end of coverage; a lifetime guarantee never ends."""
    for name, coverage_ends_at in [("over", NOW), ("on", NOW + INSTANT), ("for life", None)]:
        put_in_queue(
            database, name, 1.0, coverage_ends_at=coverage_ends_at, final_look_slot=7, final_look_value=1.0
        )
    with database.write() as connection:
        assert due.unschedule_ended(connection, NOW) == 1
        assert due.unschedule_ended(connection, NOW) == 0
    assert (
        sorted(request_keys(by_virtual_time(database)))
        == sorted(request_keys(final_looks(database)))
        == ["for life", "on"]
    )
    dates = {row.request_key: row.next_due_at for row in rows_of(database, "targets")}
    assert dates == {"over": None, "on": NOW + 90 * DAY, "for life": NOW + 90 * DAY}


@pytest.mark.parametrize("action", [None, Action.HOLD, Action.REFILL])
def test_targets_with_an_open_drop_or_refill_stay_scheduled_after_the_guarantee(
    database: Database, action: Action | None
) -> None:
    """A drop that outlives it must be decided, and a refill needs its profile to be public again."""
    sell(database, an_order())
    with database.write() as connection:
        if action is None:
            drops.save(connection, a_drop(), a_claim(), 1200)
        else:
            owe(connection, action=action)
        connection.execute(
            update(table).values(
                source=SOURCE,
                priority=Priority.MAX_INTERVAL,
                next_due_at=NOW + DAY,
                virtual_due=1.0,
                coverage_ends_at=NOW,
            )
        )
        assert due.unschedule_ended(connection, NOW) == 1
    (row,) = rows_of(database, "targets")
    assert (row.next_due_at, row.priority, row.virtual_due) == (NOW, Priority.ROUTINE, None)


def test_an_unrouted_target_is_not_unscheduled(database: Database) -> None:
    """Its orders have changed, and with them the end of coverage."""
    target_id = put_in_queue(database, "changed", 1.0, coverage_ends_at=NOW)
    with database.write() as connection:
        routes.reroute(connection, [target_id])
        assert due.unschedule_ended(connection, NOW) == 0


def test_ended_targets_are_unscheduled_in_batches(database: Database) -> None:
    """At most the limit at once."""
    for number in range(5):
        put_in_queue(database, f"user{number}", 1.0, coverage_ends_at=NOW - DAY)
    with database.write() as connection:
        assert [due.unschedule_ended(connection, NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_unscheduling_skips_locked_targets(postgresql: Database) -> None:
    """Waiting for them could deadlock with an evaluation."""
    held = put_in_queue(postgresql, "held", 1.0, coverage_ends_at=NOW - DAY)
    put_in_queue(postgresql, "free", 2.0, coverage_ends_at=NOW - DAY)
    with postgresql.write() as evaluation, postgresql.write() as sweeper:
        targets.get(evaluation, held, lock=True)
        sweeper.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
        assert due.unschedule_ended(sweeper, NOW) == 1
    assert request_keys(by_virtual_time(postgresql)) == ["held"]


def test_the_targets_of_a_source_are_counted(database: Database) -> None:
    """Scheduled targets only."""
    put(database, "a")
    put(database, "b", NOW + DAY, Priority.MAX_INTERVAL)
    put(database, "unscheduled", None)
    put(database, "theirs", source="graph")
    with database.read() as connection:
        assert [
            due.scheduled_count(connection, source, 9) for source in (SOURCE, "graph", "no such source")
        ] == [
            2,
            1,
            0,
        ]
        assert due.scheduled_count(connection, SOURCE, 1) == 1


def test_times_written_by_a_clock_that_was_ahead_are_reset(database: Database) -> None:
    """Looks, claims and unscheduled targets of that time become due now; other rows stay."""
    ahead = NOW + 31 * DAY
    put_in_queue(database, "looked at", 1.0, last_look_at=ahead, last_count_at=ahead)
    put_in_queue(database, "taken", 1.0, claimed_until=ahead)
    put(database, "let go", None, coverage_ends_at=NOW + DAY)
    put(database, "over", None, coverage_ends_at=NOW - DAY)
    put_in_queue(database, "as ever", 1.0, last_look_at=NOW, coverage_ends_at=NOW + DAY)
    with database.write() as connection:
        assert due.repair_future_times(connection, NOW) == 3
    rows = {row.request_key: row for row in rows_of(database, "targets")}
    for name in ("looked at", "taken", "let go"):
        row = rows[name]
        assert (row.next_due_at, row.priority, row.claimed_until, row.virtual_due) == (
            NOW,
            Priority.ROUTINE,
            None,
            None,
        )
        assert row.last_look_at is None or row.last_look_at <= NOW
    assert rows["over"].next_due_at is None
    assert (rows["as ever"].virtual_due, rows["as ever"].next_due_at) == (1.0, NOW + 90 * DAY)
