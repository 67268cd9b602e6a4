"""Targets: when each is due, its lock, and its stored series."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from monitor.cadence.schedule import FinalLook, NextLook, Priority, QueuePosition
from monitor.evaluation.target_state import TargetSchedule, TargetState
from monitor.guarantee.gone_detection import Absence
from monitor.guarantee.noop_bounds import NoopBounds
from monitor.guarantee.series import Series
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target_problem import TargetProblem
from storage import targets
from storage.engine import Database
from storage.targets import LookOutcome
from tests.builders import DAY, HOUR, MINUTE, NOW, a_failed_look, a_look, a_profile
from tests.storage.shop import claim_due, put_target, rows_of
from tests.storage.target_rows import get, put

THERE = Absence()


AGAIN = NextLook(NOW + DAY, Priority.ROUTINE, "routine")


def look(
    database: Database,
    target_id: int,
    snapshot: Snapshot,
    series: Series,
    failures: int = 0,
    following: NextLook | None = None,
    *,
    absence: Absence = THERE,
    notified_problem: TargetProblem | None = None,
) -> TargetState:
    """Save a look; returns the target afterwards."""
    with database.write() as connection:
        row = targets.get(connection, target_id, lock=True)
        now_known = replace(
            row, series=series, absence=absence, failures=failures, notified_problem=notified_problem
        )
        targets.save_looks(connection, [LookOutcome(now_known, snapshot, following, was_hidden=row.hidden)])
    return get(database, target_id)


# Making targets due


def test_schedule_by_makes_a_target_due(database: Database) -> None:
    """Whether it was due later or not at all."""
    later, never = put(database, "later", NOW + DAY, Priority.URGENT), put(database, "never", None)
    with database.write() as connection:
        targets.schedule_by(connection, [later, never], NOW, "asked")
    for target_id in (later, never):
        row = get(database, target_id)
        assert (row.schedule.next_due_at, row.schedule.due_reason) == (NOW, "asked")


def test_schedule_by_does_not_delay_a_target_due_earlier(database: Database) -> None:
    """It keeps its priority and reason too."""
    with database.write() as connection:
        put_target(connection, "natgeo", NOW - MINUTE, Priority.URGENT, due_reason="confirm")
    before = rows_of(database, "targets")
    with database.write() as connection:
        targets.schedule_by(connection, [before[0].target_id], NOW, "asked")
    assert rows_of(database, "targets") == before


def test_schedule_by_sets_the_given_priority(database: Database) -> None:
    """ROUTINE by default."""
    for name in ("plain", "urgent"):
        put(database, name, NOW + DAY)
    plain, urgent = (row.target_id for row in rows_of(database, "targets"))
    with database.write() as connection:
        targets.schedule_by(connection, [plain], NOW - HOUR, "asked")
        targets.schedule_by(connection, [urgent], NOW, "asked", Priority.URGENT)
    assert claim_due(database) == ["urgent", "plain"]


def test_schedule_by_raises_the_priority_of_an_overdue_target(database: Database) -> None:
    """In the routine queue it might wait for hours."""
    put(database, "older", NOW - DAY)
    target_id = put(database, "asked for", NOW - HOUR)
    with database.write() as connection:
        targets.schedule_by(connection, [target_id], NOW, "asked", Priority.URGENT)
    assert claim_due(database) == ["asked for", "older"]


def test_schedule_by_never_lowers_a_priority(database: Database) -> None:
    """URGENT stays with an earlier time; MAX_INTERVAL becomes ROUTINE."""
    urgent = put(database, "urgent", NOW + DAY, Priority.URGENT)
    longest = put(database, "longest", NOW - MINUTE, Priority.MAX_INTERVAL)
    with database.write() as connection:
        targets.schedule_by(connection, [urgent, longest], NOW, "order imported")
        targets.schedule_by(connection, [longest], NOW, "order imported", Priority.MAX_INTERVAL)
    found = [
        (get(database, i).schedule.next_due_at, get(database, i).schedule.priority) for i in (urgent, longest)
    ]
    assert found == [(NOW, Priority.URGENT), (NOW - MINUTE, Priority.ROUTINE)]


def test_max_interval_is_a_separate_priority(database: Database) -> None:
    """A target that is read only with spare budget does not become ROUTINE."""
    target_id = put(database, "natgeo", None, Priority.URGENT)
    with database.write() as connection:
        targets.schedule_by(connection, [target_id], NOW, "order imported", Priority.MAX_INTERVAL)
    assert get(database, target_id).schedule.priority is Priority.MAX_INTERVAL


NOOP_BOUNDS: dict[str, Any] = {
    "noop_min_count": 90,
    "noop_until": NOW + DAY,
    "judged_from": NOW - DAY,
    "judged_until": NOW + DAY,
}


@pytest.mark.parametrize("at", [NOW - HOUR, NOW, NOW + DAY])
def test_schedule_by_disables_the_fast_path(database: Database, at: datetime) -> None:
    """Whether or not the target becomes due earlier."""
    target_id, other = put(database, "fast", **NOOP_BOUNDS), put(database, "other", **NOOP_BOUNDS)
    with database.write() as connection:
        targets.schedule_by(connection, [target_id], at, "asked")
    assert get(database, target_id).noop_bounds is None
    assert get(database, other).noop_bounds == NoopBounds(90, NOW + DAY, NOW - DAY, NOW + DAY)


def test_invalidate_fast_path_keeps_the_due_time(database: Database) -> None:
    """Only the evaluation of its next count changes."""
    target_id = put(database, "fast", **NOOP_BOUNDS)
    before = get(database, target_id)
    with database.write() as connection:
        targets.invalidate_fast_path(connection, [target_id, target_id + 1])
        targets.invalidate_fast_path(connection, [])
    assert get(database, target_id) == replace(before, noop_bounds=None)


def test_schedule_by_without_targets_changes_nothing(database: Database) -> None:
    """As after an import without guaranteed orders."""
    put(database, "natgeo", NOW + DAY)
    with database.write() as connection:
        targets.schedule_by(connection, [], NOW, "asked")
    assert claim_due(database) == []


# After a look


def test_a_look_is_saved_with_the_next_look(database: Database) -> None:
    """Series, outcome and next look are in one row."""
    target_id = put(database, "natgeo")
    following = NextLook(NOW + HOUR, Priority.URGENT, "confirm drop of 1")
    row = look(database, target_id, a_look(1200), Series(1200, "follower_count"), 0, following)
    assert row == TargetState(
        target_id, a_profile("natgeo"), Series(1200, "follower_count"),
        last_look_at=NOW, last_outcome=Outcome.COUNT, last_count_at=NOW,
        failures=0, private_since=None, absence=THERE, notified_problem=None,
        schedule=TargetSchedule(
            next_due_at=NOW + HOUR, priority=Priority.URGENT, due_reason="confirm drop of 1",
            source="simulated", request_key="natgeo",
        ),
    )  # fmt: skip
    assert [row.priority for row in rows_of(database, "targets")] == [Priority.URGENT]


def test_a_target_without_a_next_look_is_not_due(database: Database) -> None:
    """Without a next look the target is unscheduled until something makes it due."""
    row = look(database, put(database, "natgeo"), a_look(), Series(1200, "follower_count"), 0, None)
    assert (row.schedule.next_due_at, row.schedule.due_reason) == (None, "no order is covered")
    assert claim_due(database, now=NOW + 100 * DAY) == []


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.COUNT}))
def test_a_failed_look_keeps_the_last_count(database: Database, outcome: Outcome) -> None:
    """And the time of the last count."""
    target_id, series = put(database, "natgeo"), Series(1200, "follower_count")
    look(database, target_id, a_look(), series)
    row = look(database, target_id, a_failed_look(outcome, NOW + HOUR), series, failures=3)
    assert (row.last_look_at, row.last_outcome, row.failures) == (NOW + HOUR, outcome, 3)
    assert (row.series, row.last_count_at) == (series, NOW)


def test_private_since_is_the_time_of_the_first_private_look(database: Database) -> None:
    """Later looks, failed ones too, do not make it private for a shorter time."""
    target_id, series = put(database, "shy"), Series()
    for hours, outcome in enumerate([Outcome.PRIVATE, Outcome.PRIVATE, Outcome.TRANSIENT]):
        row = look(database, target_id, a_failed_look(outcome, NOW + hours * HOUR), series, following=AGAIN)
        assert row.private_since == NOW
    row = look(database, target_id, a_failed_look(Outcome.PRIVATE, NOW + DAY), series, following=None)
    assert row.private_since == NOW  # a refill that is requeued must still wait for a public profile


def test_the_next_count_resets_private_since(database: Database) -> None:
    """Only a count proves that the profile can be read."""
    target_id = put(database, "shy")
    look(database, target_id, a_failed_look(Outcome.PRIVATE), Series())
    row = look(database, target_id, a_look(at=NOW + HOUR), Series(1200, "follower_count"))
    assert row.private_since is None


def test_the_notified_problem_is_kept_while_an_order_is_covered(database: Database) -> None:
    """Afterwards it is reset, except for gone."""
    target_id, gone = put(database, "natgeo"), Absence(3, NOW - DAY, NOW)
    absent = a_failed_look(Outcome.NOT_FOUND)
    row = look(
        database, target_id, absent, Series(), 3, AGAIN, absence=gone, notified_problem=TargetProblem.GONE
    )
    assert (row.absence, row.notified_problem) == (gone, TargetProblem.GONE)
    later = a_failed_look(Outcome.NOT_FOUND, NOW + DAY)
    row = look(database, target_id, later, Series(), 3, absence=gone, notified_problem=TargetProblem.GONE)
    assert (row.absence, row.notified_problem) == (gone, None)


def test_the_account_and_its_current_username_are_stored(database: Database) -> None:
    """A look that did not read the account changes neither."""
    target_id, series = put(database, "natgeo"), Series(1200, "follower_count", account="17")
    shown = [("17", "renamed"), ("", ""), ("18", "stranger"), ("17", "")]
    kept = []
    for hours, (account, username) in enumerate(shown):
        snapshot = replace(a_look(at=NOW + hours * HOUR), account=account, username=username)
        row = look(database, target_id, snapshot, series)
        kept.append((row.series.account, row.target.account, row.target.username_now))
    assert kept == [("17", "17", "renamed")] * 3 + [("17", "17", None)]


POSITION = QueuePosition(1.5, "old s", NOW + HOUR, NOW + 20 * DAY, FinalLook(7, 2.5))


def test_every_result_of_a_look_survives_the_round_trip(database: Database) -> None:
    """Series, source, cadence state, queue position and noop bounds."""
    target_id = put(database, "natgeo", unseen_by="graph", unseen_since=NOW - DAY)
    schedule = TargetSchedule(
        source="graph", request_key="page", unseen_by=frozenset({"graph", "instaloader"}),
        unseen_since=NOW - HOUR,
    )  # fmt: skip
    known = replace(
        get(database, target_id), series=Series(1195, "follower_count", False, "17", "simulated", -5),
        failures=2, schedule=schedule,
    )  # fmt: skip
    bounds = NoopBounds(90, NOW + DAY, NOW - DAY, NOW + HOUR)
    following = NextLook(
        NOW + 9 * DAY, Priority.MAX_INTERVAL, "longest wait", cadence_state="of the next look"
    )
    with database.write() as connection:
        targets.save_looks(
            connection, [LookOutcome(known, a_look(), following, POSITION, bounds, was_hidden=False)]
        )
    expected = replace(
        known, target=replace(known.target, account="17"),
        last_look_at=NOW, last_outcome=Outcome.COUNT, last_count_at=NOW, noop_bounds=bounds,
        schedule=replace(
            schedule, next_due_at=NOW + 9 * DAY, priority=Priority.MAX_INTERVAL, due_reason="longest wait",
            cadence_state="of the next look", service_queue="old s",
        ),
    )  # fmt: skip
    assert get(database, target_id) == expected
    (row,) = rows_of(database, "targets")
    position = row.virtual_due, row.service_queue, row.not_before, row.coverage_ends_at
    assert position == (1.5, "old s", NOW + HOUR, NOW + 20 * DAY)
    assert (row.final_look_slot, row.final_look_value) == (7, 2.5)


def test_a_look_without_a_queue_position_leaves_the_queue(database: Database) -> None:
    """Nothing of the old position stays: another target with its request key has one, or the date applies."""
    target_id = put(database, "natgeo", **NOOP_BOUNDS)
    queued = LookOutcome(
        get(database, target_id), a_look(), AGAIN, POSITION, NoopBounds(1, NOW, NOW, NOW), was_hidden=False
    )
    with database.write() as connection:
        targets.save_looks(connection, [queued])
        targets.save_looks(
            connection,
            [replace(queued, snapshot=a_look(at=NOW + HOUR), queue_position=None, noop_bounds=None)],
        )
    row = rows_of(database, "targets")[0]
    place = (row.virtual_due, row.not_before, row.coverage_ends_at, row.final_look_slot, row.final_look_value)
    assert (place, get(database, target_id).schedule.service_queue, get(database, target_id).noop_bounds) == (
        (None,) * 5,
        None,
        None,
    )


def test_the_cadence_state_ends_with_the_last_order(database: Database) -> None:
    """A later order starts without one."""
    target_id = put(database, "natgeo", cadence_state="a state")
    row = get(database, target_id)
    with database.write() as connection:
        targets.save_looks(connection, [LookOutcome(row, a_look(), None, was_hidden=False)])
    assert (get(database, target_id).schedule.cadence_state, get(database, target_id).schedule.priority) == (
        "",
        Priority.ROUTINE,
    )


def test_many_looks_are_saved_at_once(database: Database) -> None:
    """Each with its own values; an empty list writes nothing."""
    rows = [get(database, put(database, name)) for name in ("a", "b")]
    after = [
        LookOutcome(row, a_look(7 + i, NOW + i * HOUR, row.target), AGAIN, was_hidden=False)
        for i, row in enumerate(rows)
    ]
    with database.write() as connection:
        targets.save_looks(connection, after)
        targets.save_looks(connection, [])
    assert [get(database, row.target_id).last_look_at for row in rows] == [NOW, NOW + HOUR]


def test_only_the_outcome_private_makes_a_target_private(database: Database) -> None:
    """Only the outcome `private` does."""
    row = look(database, put(database, "natgeo"), a_failed_look(Outcome.NOT_FOUND), Series())
    assert row.private_since is None
