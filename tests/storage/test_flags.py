"""Flags: they close open drops, cancel waiting refills, and are stored once (RULES 4)."""

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
from tests import lease_calls
from tests.builders import DAY, HOUR, NOW, a_claim, a_drop, a_profile, an_order
from tests.storage.shop import (
    allow_fast_path,
    at_once,
    bring_to,
    everything,
    on_fast_path,
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
    """The flags, as both queries return them."""
    with database.read() as connection:
        found = flags.of_order(connection, order_id)
        target = targets.of_order(connection, order_id)
        group = {w.order.order_id: w.flags for w in order_states.of_target(connection, target.target_id)}
    assert group[order_id] == found
    return found


@pytest.mark.parametrize("flag", Flag)
def test_every_flag_can_be_set_and_lifted(database: Database, flag: Flag) -> None:
    """On one order only."""
    assert set_flag(database, "1", flag)
    assert (flags_of(database, "1"), flags_of(database, "2")) == (frozenset({flag}), frozenset())
    assert [row.set_at for row in rows_of(database, "order_flags")] == [LATER]
    assert lift_flag(database, "1", flag)
    assert flags_of(database, "1") == frozenset()


def test_an_order_can_have_several_flags(database: Database) -> None:
    """Lifting one keeps the others."""
    for flag in Flag:
        set_flag(database, "1", flag)
    lift_flag(database, "1", Flag.ABUSE)
    assert flags_of(database, "1") == set(Flag) - {Flag.ABUSE}


def test_setting_a_flag_again_changes_nothing(database: Database) -> None:
    """Even if a drop has opened in between."""
    set_flag(database, "1", Flag.HOLD)
    with database.write() as connection:
        drops.save(connection, a_drop("1"), a_claim("1"), 1200)
    before = everything(database)
    assert not set_flag(database, "1", Flag.HOLD)
    assert everything(database) == before


def test_lifting_an_unset_flag_changes_nothing(database: Database) -> None:
    """No look becomes due."""
    set_flag(database, "1", Flag.HOLD)
    before = everything(database)
    assert not lift_flag(database, "1", Flag.ABUSE)
    assert not lift_flag(database, "2", Flag.HOLD)
    assert everything(database) == before


def test_an_unknown_order_cannot_be_flagged(database: Database) -> None:
    """The error names it."""
    for change in (set_flag, lift_flag):
        with pytest.raises(NotFoundError, match="there is no order 404"):
            change(database, "404", Flag.HOLD)


@pytest.mark.parametrize("flag", Flag)
def test_a_flag_closes_the_open_drop(database: Database, flag: Flag) -> None:
    """A drop of another order stays open."""
    with database.write() as connection:
        for order_id in ("1", "2"):
            drops.save(connection, a_drop(order_id), a_claim(order_id), 1200)
    set_flag(database, "1", flag)
    states = {row.order_id: (row.state, row.closed_at) for row in rows_of(database, "drops")}
    assert states == {"1": (DropState.CLOSED, LATER), "2": (DropState.SUSPECTED, None)}


@pytest.mark.parametrize("state", RefillState)
def test_a_flag_cancels_held_and_queued_refills_and_keeps_a_claimed_one(
    database: Database, state: RefillState
) -> None:
    """The events name the flag as the reason."""
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


def test_lifting_a_flag_makes_the_target_due(database: Database) -> None:
    """The order starts without a drop."""
    set_flag(database, "1", Flag.HOLD)
    assert [row.next_due_at for row in rows_of(database, "targets")] == [NOW + DAY]
    lift_flag(database, "1", Flag.HOLD)
    (target,) = rows_of(database, "targets")
    assert (target.next_due_at, target.due_reason) == (LATER, "hold lifted from 1")


def test_a_change_of_flags_disables_the_fast_path_of_the_target(database: Database) -> None:
    """Other targets keep theirs."""
    sell(database, an_order("3", target=a_profile("zoo")))
    for change in (set_flag, lift_flag):
        allow_fast_path(database)
        change(database, "1", Flag.HOLD)
        assert on_fast_path(database) == [False, True]


def test_a_repeated_flag_keeps_the_fast_path_of_the_target(database: Database) -> None:
    """A repeated call of a panel changes nothing."""
    allow_fast_path(database)
    lift_flag(database, "1", Flag.HOLD)
    set_flag(database, "1", Flag.ABUSE)
    allow_fast_path(database)
    set_flag(database, "1", Flag.ABUSE)
    assert on_fast_path(database) == [True]


def test_lifting_a_flag_reopens_neither_drop_nor_refill(database: Database) -> None:
    """Missing units must be seen and confirmed again."""
    with database.write() as connection:
        drops.save(connection, a_drop("1"), a_claim("1"), 1200)
        bring_to(connection, "2", RefillState.QUEUED)
    for order_id in ("1", "2"):
        set_flag(database, order_id, Flag.HOLD)
    closed = rows_of(database, "drops"), rows_of(database, "refills")
    for order_id in ("1", "2"):
        lift_flag(database, order_id, Flag.HOLD)
    assert (rows_of(database, "drops"), rows_of(database, "refills")) == closed


def test_of_concurrent_calls_only_one_sets_the_flag(database: Database) -> None:
    """The others get the result that it was already set."""
    assert sorted(at_once(6, lambda _: set_flag(database, "1", Flag.HOLD))) == [False] * 5 + [True]
    assert flags_of(database, "1") == {Flag.HOLD}


def test_the_database_refuses_a_second_row_for_a_flag(database: Database) -> None:
    """Order and flag together are the key."""
    set_flag(database, "1", Flag.HOLD)
    row = {"order_id": "1", "flag": Flag.HOLD, "set_at": NOW}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(order_flags), row)
    assert len(rows_of(database, "order_flags")) == 1


@pytest.mark.parametrize("way", ["release", "fail", "expire"])
def test_a_claimed_refill_of_a_flagged_order_is_cancelled_when_its_lease_ends(
    database: Database, way: str
) -> None:
    """RULES 4: until then it stays with its consumer."""
    with database.write() as connection:
        refill_id = bring_to(connection, "1", RefillState.CLAIMED)
        token = refills.get(connection, refill_id).lease_token or ""
    set_flag(database, "1", Flag.CHARGEBACK)
    with database.write() as connection:
        if way == "release":
            lease_calls.release(connection, refill_id, token, LATER)
        elif way == "fail":
            lease_calls.fail(connection, refill_id, token, LATER, leases.Failure("provider down"), 10)
        else:
            leases.expire(connection, NOW + 30 * DAY, 10)
        assert refills.get(connection, refill_id).state is RefillState.CANCELLED
        assert leases.claim(connection, NOW + 60 * DAY, limit=10, lease=DAY) == []


def test_a_repeated_release_of_a_flagged_order_is_answered_the_same(database: Database) -> None:
    """Both answers say that the refill is cancelled."""
    with database.write() as connection:
        refill_id = bring_to(connection, "1", RefillState.CLAIMED)
        token = refills.get(connection, refill_id).lease_token or ""
    set_flag(database, "1", Flag.ABUSE)
    with database.write() as connection:
        answers = [lease_calls.release(connection, refill_id, token, LATER) for _ in range(2)]
    assert answers == [RefillState.CANCELLED] * 2


def test_a_dead_refill_of_a_flagged_order_cannot_be_requeued(database: Database) -> None:
    """The flag must be lifted first."""
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
