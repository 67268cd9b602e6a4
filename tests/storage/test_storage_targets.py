"""Targets: which one is due, who may look at it, and what is known of its series."""

from dataclasses import replace
from datetime import datetime

import pytest
from shop import (
    DAY,
    HOUR,
    INSTANT,
    MINUTE,
    NOW,
    a_failed_look,
    a_look,
    a_post,
    a_profile,
    an_order,
    at_once,
    put_target,
    rows_of,
    sell,
)
from sqlalchemy.exc import IntegrityError, OperationalError

from monitor.absence import Absence
from monitor.alert import Trouble
from monitor.cadence import Lane, NextLook
from monitor.series import Series
from monitor.snapshot import Outcome, Snapshot
from monitor.target import Metric, Target
from storage import targets
from storage.engine import Database
from storage.errors import NotFoundError
from storage.targets import TargetRow

UNTIL = NOW + 10 * MINUTE
THERE = Absence()


def take(
    database: Database, limit: int = 100, now: datetime = NOW, metrics: list[Metric] | None = None
) -> list[str]:
    """Take what is due; gives the keys of the links."""
    with database.write() as connection:
        taken = targets.take_due(connection, metrics or list(Metric), now, UNTIL, limit)
        return [row.target.link.key for row in taken]


def put(database: Database, name: str, due: datetime | None = NOW, lane: Lane = Lane.ROUTINE) -> int:
    with database.write() as connection:
        return put_target(connection, name, due, lane)


def get(database: Database, target_id: int) -> TargetRow:
    with database.read() as connection:
        return targets.get(connection, target_id)


AGAIN = NextLook(NOW + DAY, Lane.ROUTINE, "routine")


def look(
    database: Database,
    target_id: int,
    snapshot: Snapshot,
    series: Series,
    failures: int = 0,
    following: NextLook | None = None,
    *,
    absence: Absence = THERE,
    told: Trouble | None = None,
) -> TargetRow:
    """Write down a look; gives the target as it is afterwards."""
    with database.write() as connection:
        row = targets.get(connection, target_id, lock=True)
        now_known = replace(row, series=series, absence=absence, failures=failures, told=told)
        targets.looked(connection, now_known, snapshot, following)
    return get(database, target_id)


# What is due


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
    put(database, "routine", NOW - DAY, Lane.ROUTINE)
    put(database, "urgent", NOW, Lane.FIRST)
    assert take(database, limit=1) == ["urgent"]
    assert take(database, limit=1) == ["routine"]


def test_both_lanes_fill_one_batch(database: Database) -> None:
    """What the urgent lane leaves of the limit goes to routine looks, and no more than that."""
    for i in range(2):
        put(database, f"urgent{i}", NOW - HOUR + i * MINUTE, Lane.FIRST)
    for i in range(3):
        put(database, f"routine{i}", NOW - DAY + i * MINUTE, Lane.ROUTINE)
    assert take(database, limit=4) == ["urgent0", "urgent1", "routine0", "routine1"]


def test_no_more_than_the_limit_is_taken(database: Database) -> None:
    """The rest stays due, and a limit of nothing takes nothing."""
    for i in range(3):
        put(database, f"user{i}", NOW - HOUR + i * MINUTE)
    assert take(database, limit=0) == []
    assert take(database, limit=2) == ["user0", "user1"]
    assert take(database, limit=2) == ["user2"]


def test_only_the_metrics_asked_for_are_taken(database: Database) -> None:
    """A source is not given what it cannot read."""
    with database.write() as connection:
        for metric in Metric:
            target = a_profile("f") if metric is Metric.FOLLOWERS else a_post(f"{metric}_code", metric)
            put_target(connection, "", NOW, Lane.ROUTINE, target=target)
    assert take(database, metrics=[Metric.VIEWS]) == ["views_code"]
    assert sorted(take(database, metrics=[Metric.FOLLOWERS, Metric.LIKES])) == ["f", "likes_code"]


def test_metrics_that_can_be_read_only_once_hold_for_both_lanes(database: Database) -> None:
    """Any iterable will do."""
    put(database, "routine")
    with database.write() as connection:
        taken = targets.take_due(connection, (m for m in Metric), NOW, UNTIL, 10)
    assert [row.target.link.key for row in taken] == ["routine"]


def test_a_private_target_is_still_looked_at(database: Database) -> None:
    """How else would it be seen to be public again?"""
    with database.write() as connection:
        put_target(connection, "shy", NOW, Lane.ROUTINE, private_since=NOW - DAY)
    assert take(database) == ["shy"]


def test_a_taken_target_is_pushed_ahead_and_due_again_then(database: Database) -> None:
    """A look that never comes back happens again, but not before its time."""
    put(database, "natgeo")
    assert take(database) == ["natgeo"]
    assert take(database, now=UNTIL - INSTANT) == []
    assert take(database, now=UNTIL) == ["natgeo"]


def test_a_taken_target_is_given_as_it_was(database: Database) -> None:
    """The look knows why it was due and what the series counted before."""
    with database.write() as connection:
        target_id = put_target(
            connection, "nasa", NOW, Lane.FIRST, why="confirm", last_look_at=NOW - HOUR,
            last_outcome=Outcome.TRANSIENT, last_count=7, last_count_at=NOW - DAY, counted="followers",
            zero_seen=True, failures=2, private_since=NOW - 2 * DAY, owner="x", account="17",
            username_now="space", absences=3, absent_since=NOW - 2 * DAY, gone_at=NOW - DAY,
            told=Trouble.GONE,
        )  # fmt: skip
    with database.write() as connection:
        (row,) = targets.take_due(connection, Metric, NOW, UNTIL, 10)
    assert row == TargetRow(
        target_id, Target(a_profile("nasa").link, Metric.FOLLOWERS, "x"),
        Series(7, "followers", True, account="17"),
        next_due_at=NOW, why="confirm", last_look_at=NOW - HOUR, last_outcome=Outcome.TRANSIENT,
        last_count_at=NOW - DAY, failures=2, private_since=NOW - 2 * DAY,
        absence=Absence(3, NOW - 2 * DAY, NOW - DAY), told=Trouble.GONE,
    )  # fmt: skip
    assert (row.target.account, row.target.username_now) == ("17", "space")


def test_a_target_can_be_taken_before_it_is_due(database: Database) -> None:
    """A look that somebody asked for now keeps the routine one away meanwhile."""
    target_id = put(database, "natgeo", NOW)
    other = put(database, "other", NOW)
    with database.write() as connection:
        targets.take(connection, target_id, UNTIL)
    assert get(database, target_id).next_due_at == UNTIL
    assert get(database, other).next_due_at == NOW


def test_takers_at_once_never_take_the_same_target(database: Database) -> None:
    """Every due target is looked at once, whoever comes first."""
    for i in range(60):
        put(database, f"user{i}", NOW, Lane(i % 2))
    taken = [name for names in at_once(6, lambda _: take(database, limit=10)) for name in names]
    assert sorted(taken) == sorted({*taken})
    rest = take(database)
    assert sorted(taken + rest) == sorted(f"user{i}" for i in range(60))


def test_a_taker_does_not_wait_for_another_one(postgresql: Database) -> None:
    """What another daemon has in its hands is passed over, not waited for."""
    put(postgresql, "first", NOW - HOUR)
    put(postgresql, "second", NOW)
    with postgresql.write() as slow, postgresql.write() as quick:
        (first,) = targets.take_due(slow, Metric, NOW, UNTIL, 1)
        quick.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        (second,) = targets.take_due(quick, Metric, NOW, UNTIL, 10)
    assert [first.target.link.key, second.target.link.key] == ["first", "second"]


# Waking


def test_waking_makes_a_target_due(database: Database) -> None:
    """Whether it was due later or not at all."""
    later, never = put(database, "later", NOW + DAY, Lane.FIRST), put(database, "never", None)
    with database.write() as connection:
        targets.wake(connection, [later, never], NOW, "asked")
    for target_id in (later, never):
        row = get(database, target_id)
        assert (row.next_due_at, row.why) == (NOW, "asked")


def test_waking_does_not_delay_what_is_due_sooner(database: Database) -> None:
    """Nor does it change its lane or its reason."""
    with database.write() as connection:
        put_target(connection, "natgeo", NOW - MINUTE, Lane.FIRST, why="confirm")
    before = rows_of(database, "targets")
    with database.write() as connection:
        targets.wake(connection, [before[0].target_id], NOW, "asked")
    assert rows_of(database, "targets") == before


def test_waking_puts_a_target_into_the_lane_that_was_asked_for(database: Database) -> None:
    """Routine, unless somebody waits for the answer."""
    for name in ("plain", "urgent"):
        put(database, name, NOW + DAY)
    plain, urgent = (row.target_id for row in rows_of(database, "targets"))
    with database.write() as connection:
        targets.wake(connection, [plain], NOW - HOUR, "asked")
        targets.wake(connection, [urgent], NOW, "asked", Lane.FIRST)
    assert take(database) == ["urgent", "plain"]


def test_somebody_who_waits_gets_an_overdue_target_out_of_the_routine_lane(database: Database) -> None:
    """Its place among the routine looks might be hours from the front."""
    put(database, "older", NOW - DAY)
    target_id = put(database, "asked for", NOW - HOUR)
    with database.write() as connection:
        targets.wake(connection, [target_id], NOW, "asked", Lane.FIRST)
    assert take(database) == ["asked for", "older"]


def test_waking_nobody_is_nothing(database: Database) -> None:
    """An import without guaranteed orders wakes an empty set."""
    put(database, "natgeo", NOW + DAY)
    with database.write() as connection:
        targets.wake(connection, [], NOW, "asked")
    assert take(database) == []


# After a look


def test_a_look_is_written_down_with_the_next_one(database: Database) -> None:
    """The series, the outcome and the next look stand in one row."""
    target_id = put(database, "natgeo")
    following = NextLook(NOW + HOUR, Lane.FIRST, "confirm drop of 1")
    row = look(database, target_id, a_look(1200), Series(1200, "follower_count"), 0, following)
    assert row == TargetRow(
        target_id, a_profile("natgeo"), Series(1200, "follower_count"), next_due_at=NOW + HOUR,
        why="confirm drop of 1", last_look_at=NOW, last_outcome=Outcome.COUNT, last_count_at=NOW,
        failures=0, private_since=None, absence=THERE, told=None,
    )  # fmt: skip
    assert [row.lane for row in rows_of(database, "targets")] == [Lane.FIRST]


def test_a_target_that_nobody_is_owed_for_is_not_due_again(database: Database) -> None:
    """Without a next look the target rests until it is woken."""
    row = look(database, put(database, "natgeo"), a_look(), Series(1200, "follower_count"), 0, None)
    assert (row.next_due_at, row.why) == (None, "no order is covered")
    assert take(database, now=NOW + 100 * DAY) == []


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.COUNT}))
def test_a_failed_look_keeps_the_last_count(database: Database, outcome: Outcome) -> None:
    """A failed look is never a number: the time of the last count stays too."""
    target_id, series = put(database, "natgeo"), Series(1200, "follower_count")
    look(database, target_id, a_look(), series)
    row = look(database, target_id, a_failed_look(outcome, NOW + HOUR), series, failures=3)
    assert (row.last_look_at, row.last_outcome, row.failures) == (NOW + HOUR, outcome, 3)
    assert (row.series, row.last_count_at) == (series, NOW)


def test_a_target_is_private_since_the_first_look_that_said_so(database: Database) -> None:
    """Later looks, failed ones too, do not make it private for a shorter time."""
    target_id, series = put(database, "shy"), Series()
    for hours, outcome in enumerate([Outcome.PRIVATE, Outcome.PRIVATE, Outcome.TRANSIENT]):
        row = look(database, target_id, a_failed_look(outcome, NOW + hours * HOUR), series, following=AGAIN)
        assert row.private_since == NOW
    row = look(database, target_id, a_failed_look(Outcome.PRIVATE, NOW + DAY), series, following=None)
    assert row.private_since == NOW  # a refill that is requeued must still wait for a public profile


def test_a_target_is_public_again_with_its_next_count(database: Database) -> None:
    """Only a number proves that the profile can be read."""
    target_id = put(database, "shy")
    look(database, target_id, a_failed_look(Outcome.PRIVATE), Series())
    row = look(database, target_id, a_look(at=NOW + HOUR), Series(1200, "follower_count"))
    assert row.private_since is None


def test_what_was_told_is_kept_as_long_as_an_order_is_owed(database: Database) -> None:
    """Afterwards an order to come must be told of anew; that the target is gone stays known."""
    target_id, gone = put(database, "natgeo"), Absence(3, NOW - DAY, NOW)
    absent = a_failed_look(Outcome.NOT_FOUND)
    row = look(database, target_id, absent, Series(), 3, AGAIN, absence=gone, told=Trouble.GONE)
    assert (row.absence, row.told) == (gone, Trouble.GONE)
    later = a_failed_look(Outcome.NOT_FOUND, NOW + DAY)
    row = look(database, target_id, later, Series(), 3, absence=gone, told=Trouble.GONE)
    assert (row.absence, row.told) == (gone, None)


def test_the_account_and_the_name_it_goes_by_are_kept(database: Database) -> None:
    """Only a look that showed the account itself knows its name, and that it has its old one back."""
    target_id, series = put(database, "natgeo"), Series(1200, "follower_count", account="17")
    shown = [("17", "renamed"), ("", ""), ("18", "stranger"), ("17", "")]
    kept = []
    for hours, (account, username) in enumerate(shown):
        shot = replace(a_look(at=NOW + hours * HOUR), account=account, username=username)
        row = look(database, target_id, shot, series)
        kept.append((row.series.account, row.target.account, row.target.username_now))
    assert kept == [("17", "17", "renamed")] * 3 + [("17", "17", None)]


def test_a_look_that_failed_for_another_reason_makes_nothing_private(database: Database) -> None:
    """Only the outcome `private` does."""
    row = look(database, put(database, "natgeo"), a_failed_look(Outcome.NOT_FOUND), Series())
    assert row.private_since is None


# Finding and locking


def test_an_order_leads_to_its_target(database: Database) -> None:
    """However many orders share it."""
    sell(database, an_order("1"), an_order("2"), an_order("3", target=a_profile("nasa")))
    with database.read() as connection:
        found = [targets.of_order(connection, order_id).target for order_id in ("1", "2", "3")]
    assert found == [a_profile(), a_profile(), a_profile("nasa")]


def test_unknown_targets_and_orders_are_said_to_be_missing(database: Database) -> None:
    """The error names what was asked for."""
    with database.read() as connection:
        with pytest.raises(NotFoundError, match="there is no target 404"):
            targets.get(connection, 404)
        with pytest.raises(NotFoundError, match="there is no order A-404"):
            targets.of_order(connection, "A-404")


def test_a_locked_target_can_be_judged_by_nobody_else(postgresql: Database) -> None:
    """Two looks at one target are judged one after the other."""
    target_id = put(postgresql, "natgeo")
    with postgresql.write() as first, postgresql.write() as second:
        targets.get(first, target_id, lock=True)
        second.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            targets.get(second, target_id, lock=True)


def test_a_locked_target_can_still_be_read(postgresql: Database) -> None:
    """Lists and pages do not wait for a judge."""
    target_id = put(postgresql, "natgeo")
    with postgresql.write() as judge:
        targets.get(judge, target_id, lock=True)
        assert get(postgresql, target_id).target == a_profile("natgeo")


def test_creating_targets_at_once_makes_each_of_them_once(database: Database) -> None:
    """Imports that meet agree on the ids."""
    wanted = [a_profile(f"user{i}") for i in range(20)]

    def ensure(i: int) -> dict[tuple[str, Metric], int]:
        with database.write() as connection:
            return dict(targets.ensure(connection, wanted[::-1] if i % 2 else wanted))

    answers = at_once(4, ensure)
    assert answers == [answers[0]] * 4
    assert len(rows_of(database, "targets")) == 20


def test_no_wanted_targets_are_no_targets(database: Database) -> None:
    """An empty import asks for none."""
    with database.write() as connection:
        assert targets.ensure(connection, []) == {}


def test_the_database_itself_keeps_a_target_to_one_row(database: Database) -> None:
    """Link and metric together are unique."""
    put(database, "natgeo")
    with pytest.raises(IntegrityError):
        put(database, "natgeo")
    assert len(rows_of(database, "targets")) == 1
