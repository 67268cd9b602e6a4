"""Claiming targets: a claimed target is in no queue until its time, and daemons do not claim the same one."""

import pytest

from monitor.cadence.schedule import NextLook, Priority
from monitor.evaluation.target_state import TargetSchedule, TargetState
from monitor.guarantee.gone_detection import Absence
from monitor.guarantee.noop_bounds import NoopBounds
from monitor.guarantee.series import Series
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric, Target
from monitor.model.target_problem import TargetProblem
from storage import due, targets
from storage.engine import Database
from storage.targets import LookOutcome
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, a_look, a_post, a_profile
from tests.storage.due_targets import (
    SOURCE,
    UNTIL,
    by_request_key,
    by_virtual_time,
    claim_targets,
    final_looks,
    put,
    put_in_queue,
)
from tests.storage.shop import at_once, claim_due, rows_of

# Targets of one request


def test_targets_of_one_request_key_are_returned_together(database: Database) -> None:
    """In the order of ids, due or not, without targets that need no look."""
    ids = [put(database, f"user{i}", NOW + i * DAY, request_key="page") for i in range(3)]
    put(database, "unscheduled", None, request_key="page")
    put(database, "other", request_key="other page")
    assert [row.target_id for row in by_request_key(database, "page")] == ids
    assert [row.target_id for row in by_request_key(database, "other page", "page", "page")] == [
        *ids,
        ids[-1] + 2,
    ]
    assert by_request_key(database) == by_request_key(database, "no such page") == []


def test_one_request_key_covers_several_metrics(database: Database) -> None:
    """The likes and the views of a post are two targets and one request."""
    for metric in (Metric.LIKES, Metric.VIEWS):
        put(database, "", request_key="natgeo", target=a_post(metric=metric))
    assert [row.target.metric for row in by_request_key(database, "natgeo")] == [Metric.LIKES, Metric.VIEWS]


def test_a_claimed_target_is_returned_with_its_state_before(database: Database) -> None:
    """With the reason of the look and the series."""
    target_id = put(
        database, "nasa", NOW, Priority.URGENT, due_reason="confirm", last_look_at=NOW - HOUR,
        last_outcome=Outcome.TRANSIENT, last_count=7, last_count_at=NOW - DAY, count_kind="followers",
        zero_seen=True, failures=2, private_since=NOW - 2 * DAY, owner="x", account="17",
        username_now="space", absences=3, absent_since=NOW - 2 * DAY, gone_at=NOW - DAY,
        notified_problem=TargetProblem.GONE, unseen_by="graph instaloader",
        unseen_since=NOW - 3 * DAY, series_source="graph",
        count_offset=-5, cadence_state="m", virtual_due=1.5, service_queue="old s",
        noop_min_count=90, noop_until=NOW + DAY,
        judged_from=NOW - DAY, judged_until=NOW + HOUR,
    )  # fmt: skip
    (row,) = by_request_key(database, "nasa")
    assert row == TargetState(
        target_id, Target(a_profile("nasa").link, Metric.FOLLOWERS, "x"),
        Series(7, "followers", True, account="17", source="graph", count_offset=-5),
        last_look_at=NOW - HOUR, last_outcome=Outcome.TRANSIENT,
        last_count_at=NOW - DAY, failures=2, private_since=NOW - 2 * DAY,
        absence=Absence(3, NOW - 2 * DAY, NOW - DAY), notified_problem=TargetProblem.GONE,
        noop_bounds=NoopBounds(90, NOW + DAY, NOW - DAY, NOW + HOUR),
        schedule=TargetSchedule(
            next_due_at=NOW, priority=Priority.URGENT, due_reason="confirm", source=SOURCE,
            request_key="nasa",
            unseen_by=frozenset({"graph", "instaloader"}), unseen_since=NOW - 3 * DAY, cadence_state="m",
            service_queue="old s",
        ),
    )  # fmt: skip
    assert (row.target.account, row.target.username_now) == ("17", "space")


# Claiming


def test_a_claimed_target_is_due_again_after_the_claim_ends(database: Database) -> None:
    """A look that never returns is repeated, but not earlier."""
    put(database, "natgeo")
    assert claim_due(database) == ["natgeo"]
    assert claim_due(database, now=UNTIL - INSTANT) == []
    assert claim_due(database, now=UNTIL) == ["natgeo"]


def test_a_target_can_be_claimed_before_it_is_due(database: Database) -> None:
    """A requested look postpones the routine one meanwhile."""
    target_id = put(database, "natgeo", NOW + MINUTE)
    put(database, "other", NOW + MINUTE)
    claim_targets(database, target_id)
    assert claim_due(database, now=NOW + MINUTE) == ["other"]
    assert claim_due(database, now=UNTIL) == ["natgeo"]


def test_a_claimed_target_is_in_no_queue(database: Database) -> None:
    """Neither among final looks, nor in the virtual queue, nor among targets of the same request."""
    taken = put_in_queue(database, "a", 1.0, request_key="page", final_look_slot=7, final_look_value=2.0)
    put_in_queue(database, "b", 2.0, request_key="page", final_look_slot=7, final_look_value=1.0)
    claim_targets(database, taken)
    found = {it.target_id for it in by_request_key(database, "page")}
    queued = [*by_virtual_time(database), *final_looks(database)]
    assert taken not in found | {it.target_id for it in queued}
    assert (len(found), len(queued)) == (1, 2)


@pytest.mark.parametrize("priority", Priority)
def test_a_killed_look_keeps_the_queue_position_of_its_target(database: Database, priority: Priority) -> None:
    """Its date and priority, its virtual_due and its final look stay."""
    queue_position = {"virtual_due": 1.0, "service_queue": "young s", "not_before": NOW, "final_look_slot": 7,
            "final_look_value": 2.0}  # fmt: skip
    target_id = put(database, "a", NOW, priority, **queue_position)
    claim_targets(database, target_id)
    with database.read() as connection:
        for now, heads in ((UNTIL - INSTANT, []), (UNTIL, [target_id] * 3)):
            found = [
                *due.due_by_date(connection, SOURCE, priority, now, 9),
                *due.final_looks(connection, SOURCE, 7, 0.0, now, 9),
                *due.by_virtual_time(connection, SOURCE, "young s", now, 9),
            ]
            assert [head.target_id for head in found] == heads


def test_a_finished_look_ends_the_claim(database: Database) -> None:
    """The next look may be due before the claim would have ended."""
    target_id = put(database, "natgeo")
    claim_targets(database, target_id)
    with database.write() as connection:
        row = targets.get(connection, target_id)
        again = NextLook(NOW + MINUTE, Priority.URGENT, "confirm")
        targets.save_looks(connection, [LookOutcome(row, a_look(), again, was_hidden=False)])
    assert claim_due(database, now=NOW + MINUTE) == ["natgeo"]


def test_claiming_no_targets_changes_nothing(database: Database) -> None:
    """All targets of a request may be claimed by another process."""
    put(database, "natgeo")
    before = rows_of(database, "targets")
    claim_targets(database)
    assert rows_of(database, "targets") == before


def test_concurrent_daemons_never_claim_the_same_target(database: Database) -> None:
    """Every due target is claimed once."""
    for i in range(60):
        put(database, f"user{i}", NOW, Priority(i % 3))
    taken = [name for names in at_once(6, lambda _: claim_due(database, limit=10)) for name in names]
    assert sorted(taken) == sorted({*taken})
    rest = claim_due(database)
    assert sorted(taken + rest) == sorted(f"user{i}" for i in range(60))


def test_a_daemon_does_not_wait_for_targets_locked_by_another(postgresql: Database) -> None:
    """They are skipped."""
    put(postgresql, "first", NOW - HOUR)
    put(postgresql, "second", NOW)
    with postgresql.write() as slow, postgresql.write() as quick:
        (first,) = due.lock_by_request(slow, SOURCE, ["first"], NOW)
        quick.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        (second,) = due.lock_by_request(quick, SOURCE, ["first", "second"], NOW)
    assert [first.target.link.key, second.target.link.key] == ["first", "second"]
