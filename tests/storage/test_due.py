"""Due: whose turn it is at a source, in the order of its queues, and that a taken look comes back."""

from typing import Any

import pytest
from sqlalchemy import update

from monitor.cadence.schedule import Priority
from monitor.model.decision import Action
from storage import drops, due, routes, targets
from storage.due import DueTarget
from storage.engine import Database
from storage.schema import targets as table
from tests.storage.due_targets import (
    SOURCE,
    appointed,
    asked,
    called,
    put,
    virtual,
    wait,
)
from tests.storage.shop import (
    DAY,
    HOUR,
    INSTANT,
    MINUTE,
    NOW,
    a_claim,
    a_drop,
    an_order,
    owe,
    rows_of,
    sell,
    statements_of,
    take,
)

# Appointments


def test_a_target_is_due_at_its_time_and_not_before(database: Database) -> None:
    """The moment itself counts."""
    put(database, "now", NOW)
    put(database, "later", NOW + INSTANT)
    put(database, "never", None)
    assert take(database) == ["now"]


def test_the_longest_overdue_goes_first(database: Database) -> None:
    """Within a lane the order is that of the due times."""
    for name, age in [("b", 2), ("a", 3), ("c", 1)]:
        put(database, name, NOW - age * HOUR)
    assert take(database) == ["a", "b", "c"]


def test_the_urgent_lane_goes_first(database: Database) -> None:
    """A confirmation is not kept waiting by routine looks that are overdue for longer."""
    put(database, "longest", NOW - 2 * DAY, Priority.MAX_INTERVAL)
    put(database, "routine", NOW - DAY, Priority.ROUTINE)
    put(database, "urgent", NOW, Priority.URGENT)
    assert [take(database, limit=1) for _ in Priority] == [["urgent"], ["routine"], ["longest"]]


def test_all_lanes_fill_one_batch(database: Database) -> None:
    """What a lane leaves of the limit goes to the next one, and no more than that."""
    for i in range(2):
        put(database, f"urgent{i}", NOW - HOUR + i * MINUTE, Priority.URGENT)
    for i in range(3):
        put(database, f"routine{i}", NOW - DAY + i * MINUTE, Priority.ROUTINE)
    put(database, "longest", NOW - 2 * DAY, Priority.MAX_INTERVAL)
    assert take(database, limit=4) == ["urgent0", "urgent1", "routine0", "routine1"]
    assert take(database, limit=4) == ["routine2", "longest"]


def test_a_lane_has_only_its_own_targets(database: Database) -> None:
    """Whoever wants to leave the longest waits for later can."""
    for priority in Priority:
        put(database, priority.name, NOW, priority)
    assert [asked(appointed(database, priority)) for priority in Priority] == [
        [priority.name] for priority in Priority
    ]


def test_no_more_than_the_limit_is_taken(database: Database) -> None:
    """The rest stays due, and a limit of nothing takes nothing."""
    for i in range(3):
        put(database, f"user{i}", NOW - HOUR + i * MINUTE)
    assert take(database, limit=0) == []
    assert take(database, limit=2) == ["user0", "user1"]
    assert take(database, limit=2) == ["user2"]


def test_a_source_is_given_only_what_it_looks_at(database: Database) -> None:
    """Neither another source's targets nor those whose source is not known yet, in any queue."""
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


def test_each_source_has_its_own_turn(database: Database) -> None:
    """What one takes leaves the other's queue as it was."""
    put(database, "mine")
    put(database, "theirs", source="graph")
    assert take(database) == ["mine"]
    assert take(database, source="graph") == ["theirs"]


def test_a_private_target_is_still_looked_at(database: Database) -> None:
    """How else would it be seen to be public again?"""
    put(database, "shy", private_since=NOW - DAY)
    assert take(database) == ["shy"]


# Last calls


def test_last_calls_come_the_most_valuable_first(database: Database) -> None:
    """Those of one slot of time, from the least value that pays."""
    for name, slot, worth in [("b", 7, 2.0), ("a", 7, 9.0), ("c", 7, 1.0), ("d", 7, 0.5), ("e", 8, 5.0)]:
        put(database, name, NOW + DAY, final_look_slot=slot, final_look_value=worth)
    put(database, "uncalled", NOW)
    assert asked(called(database, value=1.0)) == ["a", "b", "c"]
    assert asked(called(database, value=1.0, limit=2)) == ["a", "b"]
    assert called(database, limit=0) == called(database, slot=9) == []


def test_a_last_call_says_what_it_is_worth(database: Database) -> None:
    """So that the price of a request can be learned from it."""
    target_id = put(database, "a", NOW + DAY, final_look_slot=7, final_look_value=2.5, service_queue="old s")
    assert called(database) == [DueTarget(target_id, "a", "old s", None, 2.5, NOW + DAY)]


# The virtual queue


def test_the_least_virtual_due_value_goes_first(database: Database) -> None:
    """However far off the date is, and below zero too."""
    for name, value in [("b", 1.5), ("d", 1e9), ("a", -3.0), ("c", 1.75)]:
        wait(database, name, value)
    put(database, "only a date", NOW - DAY, service_queue="young s")
    assert asked(virtual(database)) == ["a", "b", "c", "d"]
    assert asked(virtual(database, limit=2)) == ["a", "b"]
    assert virtual(database, limit=0) == []


def test_a_head_of_the_queue_says_where_it_stands(database: Database) -> None:
    """Its value and stream move the clock."""
    target_id = wait(database, "a", 0.1, "old likes", final_look_slot=3, final_look_value=4.0)
    assert virtual(database, "old likes") == [
        DueTarget(target_id, "a", "old likes", 0.1, 4.0, NOW + 90 * DAY)
    ]


def test_who_rests_is_passed_over_until_then(database: Database) -> None:
    """However great the budget; the next one in the queue goes instead."""
    wait(database, "rests", 1.0, not_before=NOW + INSTANT)
    wait(database, "rested", 2.0, not_before=NOW)
    assert asked(virtual(database)) == ["rested"]
    assert asked(virtual(database, now=NOW + INSTANT)) == ["rests", "rested"]


def test_each_stream_is_a_queue_of_its_own(database: Database) -> None:
    """So that one of them can be put forward while a wave is on."""
    for name, service_queue in [("a", "young s"), ("b", "old s"), ("c", "young s")]:
        wait(database, name, 1.0, service_queue)
    assert sorted(asked(virtual(database, "young s"))) == ["a", "c"]
    assert asked(virtual(database, "old s")) == ["b"]
    assert virtual(database, "old") == []


def test_all_streams_that_wait_are_found_once_in_one_order(database: Database) -> None:
    """Those in which nobody waits any more are none."""
    for number, service_queue in enumerate(["young s", "old s", "young s", "old Ä", "old s"]):
        wait(database, f"user{number}", 1.0, service_queue)
    put(database, "away", service_queue="young gone")
    wait(database, "foreign", 1.0, "foreign", source="graph")
    with database.read() as connection:
        found = due.service_queues(connection, SOURCE)
        assert due.service_queues(connection, "nobody") == []
    assert sorted(found) == ["old s", "old Ä", "young s"]


def test_finding_the_streams_costs_a_step_each(database: Database) -> None:
    """However many targets wait in them."""
    for number in range(40):
        wait(database, f"user{number}", 1.0, f"stream {number % 2}")
    with database.read() as connection:
        assert len(statements_of(connection, lambda: due.service_queues(connection, SOURCE))) == 3


# What is over


def test_only_what_is_over_leaves_the_virtual_queue(database: Database) -> None:
    """To the instant, and out of every queue; a guarantee without an end is never over."""
    for name, coverage_ends_at in [("over", NOW), ("on", NOW + INSTANT), ("for life", None)]:
        wait(database, name, 1.0, coverage_ends_at=coverage_ends_at, final_look_slot=7, final_look_value=1.0)
    with database.write() as connection:
        assert due.unschedule_ended(connection, NOW) == 1
        assert due.unschedule_ended(connection, NOW) == 0
    assert sorted(asked(virtual(database))) == sorted(asked(called(database))) == ["for life", "on"]
    dates = {row.request_key: row.next_due_at for row in rows_of(database, "targets")}
    assert dates == {"over": None, "on": NOW + 90 * DAY, "for life": NOW + 90 * DAY}


@pytest.mark.parametrize("action", [None, Action.HOLD, Action.REFILL])
def test_what_is_under_way_is_looked_after_beyond_the_guarantee(
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


def test_what_waits_for_its_way_is_not_let_go(database: Database) -> None:
    """Its orders have changed, and with them the end of its guarantee."""
    target_id = wait(database, "changed", 1.0, coverage_ends_at=NOW)
    with database.write() as connection:
        routes.reroute(connection, [target_id])
        assert due.unschedule_ended(connection, NOW) == 0


def test_what_is_over_is_let_go_in_small_steps(database: Database) -> None:
    """No more at once than the limit."""
    for number in range(5):
        wait(database, f"user{number}", 1.0, coverage_ends_at=NOW - DAY)
    with database.write() as connection:
        assert [due.unschedule_ended(connection, NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_letting_go_does_not_wait_for_who_is_judged(postgresql: Database) -> None:
    """A judge who waits for another target of the same batch would wait for ever."""
    held = wait(postgresql, "held", 1.0, coverage_ends_at=NOW - DAY)
    wait(postgresql, "free", 2.0, coverage_ends_at=NOW - DAY)
    with postgresql.write() as judge, postgresql.write() as sweeper:
        targets.get(judge, held, lock=True)
        sweeper.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
        assert due.unschedule_ended(sweeper, NOW) == 1
    assert asked(virtual(postgresql)) == ["held"]


def test_the_targets_of_a_source_are_counted(database: Database) -> None:
    """Those that are to be looked at."""
    put(database, "a")
    put(database, "b", NOW + DAY, Priority.MAX_INTERVAL)
    put(database, "at rest", None)
    put(database, "theirs", source="graph")
    with database.read() as connection:
        assert [due.scheduled_count(connection, source, 9) for source in (SOURCE, "graph", "nobody")] == [
            2,
            1,
            0,
        ]
        assert due.scheduled_count(connection, SOURCE, 1) == 1


def test_a_clock_that_was_ahead_is_made_good(database: Database) -> None:
    """What was looked at, taken or let go under it is looked at now; everything else stays as it is."""
    ahead = NOW + 31 * DAY
    wait(database, "looked at", 1.0, last_look_at=ahead, last_count_at=ahead)
    wait(database, "taken", 1.0, claimed_until=ahead)
    put(database, "let go", None, coverage_ends_at=NOW + DAY)
    put(database, "over", None, coverage_ends_at=NOW - DAY)
    wait(database, "as ever", 1.0, last_look_at=NOW, coverage_ends_at=NOW + DAY)
    with database.write() as connection:
        assert due.repair_future_times(connection, NOW, HOUR) == 3
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
