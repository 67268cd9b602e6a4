"""Flags: what suspends or voids a guarantee closes what is open, and is written once (RULES 4)."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from monitor.model.drop import DropState
from monitor.model.order import Flag
from monitor.model.refill import RefillState
from storage import drops, flags, leases, operator_actions, order_states, refills, targets
from storage.engine import Database
from storage.errors import NotFoundError, WrongStateError
from storage.schema import order_flags
from tests.storage.shop import (
    DAY,
    HOUR,
    NOW,
    a_claim,
    a_drop,
    a_profile,
    an_order,
    at_once,
    bring_to,
    calm,
    everything,
    make_calm,
    put_off,
    rows_of,
    sell,
)

LATER = NOW + HOUR


@pytest.fixture(autouse=True)
def _orders(database: Database) -> None:
    """Two orders on one target, looked at already."""
    sell(database, an_order("1"), an_order("2"))
    with database.read() as connection:
        target_id = targets.of_order(connection, "1").target_id
    put_off(database, target_id, NOW + DAY)


def set_flag(database: Database, order_id: str, flag: Flag) -> bool:
    with database.write() as connection:
        return flags.set_flag(connection, order_id, flag, LATER)


def lift_flag(database: Database, order_id: str, flag: Flag) -> bool:
    with database.write() as connection:
        return flags.lift_flag(connection, order_id, flag, LATER)


def flags_of(database: Database, order_id: str) -> frozenset[Flag]:
    """The flags, by both ways that they are asked for."""
    with database.read() as connection:
        found = flags.of_order(connection, order_id)
        target = targets.of_order(connection, order_id)
        group = {w.order.order_id: w.flags for w in order_states.of_target(connection, target.target_id)}
    assert group[order_id] == found
    return found


@pytest.mark.parametrize("flag", Flag)
def test_every_flag_can_be_set_and_lifted(database: Database, flag: Flag) -> None:
    """On the one order alone."""
    assert set_flag(database, "1", flag)
    assert (flags_of(database, "1"), flags_of(database, "2")) == (frozenset({flag}), frozenset())
    assert [row.set_at for row in rows_of(database, "order_flags")] == [LATER]
    assert lift_flag(database, "1", flag)
    assert flags_of(database, "1") == frozenset()


def test_flags_of_several_kinds_stand_side_by_side(database: Database) -> None:
    """Lifting one leaves the others."""
    for flag in Flag:
        set_flag(database, "1", flag)
    lift_flag(database, "1", Flag.ABUSE)
    assert flags_of(database, "1") == set(Flag) - {Flag.ABUSE}


def test_a_flag_that_is_set_already_changes_nothing(database: Database) -> None:
    """Setting it twice is setting it once, even when a drop has opened in between."""
    set_flag(database, "1", Flag.HOLD)
    with database.write() as connection:
        drops.save(connection, a_drop("1"), a_claim("1"), 1200)
    before = everything(database)
    assert not set_flag(database, "1", Flag.HOLD)
    assert everything(database) == before


def test_a_flag_that_is_not_set_cannot_be_lifted(database: Database) -> None:
    """Nothing changes and nothing is looked at."""
    set_flag(database, "1", Flag.HOLD)
    before = everything(database)
    assert not lift_flag(database, "1", Flag.ABUSE)
    assert not lift_flag(database, "2", Flag.HOLD)
    assert everything(database) == before


def test_an_order_that_is_not_there_cannot_be_flagged(database: Database) -> None:
    """The error names it."""
    for change in (set_flag, lift_flag):
        with pytest.raises(NotFoundError, match="there is no order 404"):
            change(database, "404", Flag.HOLD)


@pytest.mark.parametrize("flag", Flag)
def test_a_flag_closes_the_open_drop(database: Database, flag: Flag) -> None:
    """Suspended or void, nothing is confirmed any more; another order's drop stays open."""
    with database.write() as connection:
        for order_id in ("1", "2"):
            drops.save(connection, a_drop(order_id), a_claim(order_id), 1200)
    set_flag(database, "1", flag)
    states = {row.order_id: (row.state, row.closed_at) for row in rows_of(database, "drops")}
    assert states == {"1": (DropState.CLOSED, LATER), "2": (DropState.SUSPECTED, None)}


@pytest.mark.parametrize("state", RefillState)
def test_a_flag_cancels_what_waits_and_leaves_a_claimed_refill_to_its_consumer(
    database: Database, state: RefillState
) -> None:
    """Held and queued refills are withdrawn, with the flag as the reason."""
    with database.write() as connection:
        refill_id = bring_to(connection, "1", state)
        other = bring_to(connection, "2", RefillState.HELD)
    set_flag(database, "1", Flag.CHARGEBACK)
    waits = state in {RefillState.HELD, RefillState.QUEUED}
    with database.read() as connection:
        assert refills.get(connection, refill_id).state is (RefillState.CANCELLED if waits else state)
        assert refills.get(connection, other).state is RefillState.HELD
        last = refills.events_of(connection, refill_id)[-1]
    assert (last.detail == "order flagged chargeback") is waits


def test_a_lifted_flag_has_the_target_looked_at_at_once(database: Database) -> None:
    """The order starts afresh."""
    set_flag(database, "1", Flag.HOLD)
    assert [row.next_due_at for row in rows_of(database, "targets")] == [NOW + DAY]
    lift_flag(database, "1", Flag.HOLD)
    (target,) = rows_of(database, "targets")
    assert (target.next_due_at, target.due_reason) == (LATER, "hold lifted from 1")


def test_a_flag_has_the_next_count_judged(database: Database) -> None:
    """Set or lifted: the calm of its target was told under other orders; other targets stay calm."""
    sell(database, an_order("3", target=a_profile("zoo")))
    for change in (set_flag, lift_flag):
        make_calm(database)
        change(database, "1", Flag.HOLD)
        assert calm(database) == [False, True]


def test_a_flag_that_changes_nothing_leaves_its_target_calm(database: Database) -> None:
    """A panel that repeats itself costs nothing."""
    make_calm(database)
    lift_flag(database, "1", Flag.HOLD)
    set_flag(database, "1", Flag.ABUSE)
    make_calm(database)
    set_flag(database, "1", Flag.ABUSE)
    assert calm(database) == [True]


def test_a_lifted_flag_brings_back_nothing_that_it_closed(database: Database) -> None:
    """What is still missing must be seen and confirmed anew."""
    with database.write() as connection:
        drops.save(connection, a_drop("1"), a_claim("1"), 1200)
        bring_to(connection, "2", RefillState.QUEUED)
    for order_id in ("1", "2"):
        set_flag(database, order_id, Flag.HOLD)
    closed = rows_of(database, "drops"), rows_of(database, "refills")
    for order_id in ("1", "2"):
        lift_flag(database, order_id, Flag.HOLD)
    assert (rows_of(database, "drops"), rows_of(database, "refills")) == closed


def test_of_hands_at_once_only_one_sets_a_flag(database: Database) -> None:
    """The others are told that it was set already."""
    assert sorted(at_once(6, lambda _: set_flag(database, "1", Flag.HOLD))) == [False] * 5 + [True]
    assert flags_of(database, "1") == {Flag.HOLD}


def test_the_database_itself_keeps_a_flag_to_one_row(database: Database) -> None:
    """Order and flag together are the key."""
    set_flag(database, "1", Flag.HOLD)
    row = {"order_id": "1", "flag": Flag.HOLD, "set_at": NOW}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(order_flags), row)
    assert len(rows_of(database, "order_flags")) == 1


@pytest.mark.parametrize("way", ["release", "fail", "expire"])
def test_a_claimed_refill_of_a_flagged_order_is_cancelled_when_it_comes_back(
    database: Database, way: str
) -> None:
    """RULES 4: it was left to its consumer; nobody else gets it."""
    with database.write() as connection:
        refill_id = bring_to(connection, "1", RefillState.CLAIMED)
        token = refills.get(connection, refill_id).lease_token
    set_flag(database, "1", Flag.CHARGEBACK)
    with database.write() as connection:
        if way == "release":
            leases.release(connection, refill_id, token, LATER)
        elif way == "fail":
            leases.fail(connection, refill_id, token, LATER, leases.Failure("provider down"), 10)
        else:
            leases.expire(connection, NOW + 30 * DAY, 10)
        assert refills.get(connection, refill_id).state is RefillState.CANCELLED
        assert leases.claim(connection, NOW + 60 * DAY, limit=10, lease=DAY) == []


def test_a_repeated_release_of_a_flagged_order_is_answered_the_same(database: Database) -> None:
    """Both times the consumer hears that the refill is cancelled."""
    with database.write() as connection:
        refill_id = bring_to(connection, "1", RefillState.CLAIMED)
        token = refills.get(connection, refill_id).lease_token
    set_flag(database, "1", Flag.ABUSE)
    with database.write() as connection:
        answers = [leases.release(connection, refill_id, token, LATER) for _ in range(2)]
    assert answers == [RefillState.CANCELLED] * 2


def test_a_dead_refill_of_a_flagged_order_cannot_be_requeued(database: Database) -> None:
    """An operator lifts the flag first; nothing changes meanwhile."""
    with database.write() as connection:
        refill_id = bring_to(connection, "1", RefillState.DEAD)
    set_flag(database, "1", Flag.DISPUTE)
    before = rows_of(database, "refills"), rows_of(database, "refill_events")
    with pytest.raises(WrongStateError), database.write() as connection:
        operator_actions.act(connection, refill_id, "requeue", LATER)
    assert (rows_of(database, "refills"), rows_of(database, "refill_events")) == before


def test_the_flags_of_a_target_are_read_with_their_times(database: Database) -> None:
    """Of all its orders, and of no other target's."""
    sell(database, an_order("3", target=a_profile("other")))
    for order_id, flag in (("1", Flag.HOLD), ("2", Flag.ABUSE), ("3", Flag.HOLD)):
        set_flag(database, order_id, flag)
    with database.read() as connection:
        target = targets.of_order(connection, "1")
        found = [
            (row.order_id, row.flag, row.set_at) for row in flags.of_target(connection, target.target_id)
        ]
    assert sorted(found) == [("1", Flag.HOLD, LATER), ("2", Flag.ABUSE, LATER)]
