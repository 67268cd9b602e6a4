"""Drops and decisions: one open drop per order, and a decision only when it changes."""

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from monitor.guarantee.claims import Claim
from monitor.model.decision import Action, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.order_state import OrderState
from storage import drop_list, drops, order_states, targets
from storage.drop_list import DropFilter
from storage.engine import Database
from storage.schema import drops as table
from tests.builders import HOUR, NOW, a_claim, a_decision, a_drop, a_profile, an_order
from tests.pages import rows_of_list
from tests.storage.shop import rows_of, sell

OPEN = sorted(state for state in DropState if state.open)
ENDED = sorted(state for state in DropState if not state.open)


@pytest.fixture(autouse=True)
def _orders(database: Database) -> None:
    """Two imported orders."""
    sell(database, an_order("1"), an_order("2", target=a_profile("nasa")))


def save(database: Database, drop: Drop, claim: Claim | None = None, count: int = 1200) -> int:
    with database.write() as connection:
        return drops.save(connection, drop, claim or a_claim(drop.order_id), count)


def watch(database: Database, order_id: str = "1") -> OrderState:
    """The order state of an order."""
    with database.read() as connection:
        (found,) = order_states.of_target(connection, targets.of_order(connection, order_id).target_id)
    return found


# Drops


def test_every_field_of_a_drop_survives_the_round_trip(database: Database) -> None:
    """The next evaluation reads what the last one stored."""
    drop = a_drop("1", DropState.WAITING, looks=3, confirmed_at=NOW + HOUR)
    drop_id = save(database, drop)
    expected = Drop("1", DropState.WAITING, NOW, looks=3, confirmed_at=NOW + HOUR, drop_id=drop_id)
    assert watch(database).drop == expected


def test_a_drop_is_stored_with_claim_count_and_line(database: Database) -> None:
    """The row has the claim, count and line that explain it."""
    save(database, a_drop(), Claim("1", line=1500, floor=500, effective=1200, units=290), count=1190)
    (row,) = rows_of(database, "drops")
    assert (row.claim, row.count, row.line) == (290, 1190, 1500)


def test_saving_a_drop_again_updates_its_row(database: Database) -> None:
    """Its id and opening time stay."""
    drop_id = save(database, a_drop())
    later = a_drop("1", DropState.WAITING, drop_id=drop_id, looks=2, confirmed_at=NOW + HOUR)
    assert save(database, later, a_claim(units=310), count=1190) == drop_id
    (row,) = rows_of(database, "drops")
    assert (row.state, row.looks, row.confirmed_at, row.opened_at) == ("waiting", 2, NOW + HOUR, NOW)
    assert (row.claim, row.count) == (310, 1190)


@pytest.mark.parametrize("state", DropState)
def test_only_an_open_drop_is_part_of_the_order_state(database: Database, state: DropState) -> None:
    """An ended one has no effect."""
    save(database, a_drop("1", state))
    drop = watch(database).drop
    assert (None if drop is None else drop.state) == (state if state.open else None)


@pytest.mark.parametrize("state", OPEN)
def test_an_open_drop_can_be_closed(database: Database, state: DropState) -> None:
    """Because the guarantee ends, or is suspended."""
    save(database, a_drop("1", state))
    with database.write() as connection:
        drops.close(connection, "1", NOW + HOUR)
    (row,) = rows_of(database, "drops")
    assert (row.state, row.closed_at) == (DropState.CLOSED, NOW + HOUR)


@pytest.mark.parametrize("state", ENDED)
def test_closing_changes_neither_ended_drops_nor_other_orders(database: Database, state: DropState) -> None:
    """Ended drops keep their rows."""
    save(database, a_drop("1", state, closed_at=NOW))
    save(database, a_drop("2"))
    before = rows_of(database, "drops")
    with database.write() as connection:
        drops.close(connection, "1", NOW + HOUR)
    assert rows_of(database, "drops") == before


@pytest.mark.parametrize("second", OPEN)
@pytest.mark.parametrize("first", OPEN)
def test_the_database_refuses_a_second_open_drop_of_an_order(
    database: Database, first: DropState, second: DropState
) -> None:
    """Also for a row that bypasses the code."""
    save(database, a_drop("1", first))
    row = {"order_id": "1", "state": second, "opened_at": NOW, "looks": 1, "claim": 1, "count": 1, "line": 1}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(table), row)
    assert len(rows_of(database, "drops")) == 1


def test_the_database_refuses_to_reopen_a_drop_beside_an_open_one(database: Database) -> None:
    """An ended drop does not come back beside an open one."""
    ended = save(database, a_drop("1", DropState.RECOVERED))
    save(database, a_drop("1"))
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(update(table).where(table.c.drop_id == ended).values(state=DropState.WAITING))


@pytest.mark.parametrize("state", ENDED)
def test_after_an_ended_drop_another_can_open(database: Database, state: DropState) -> None:
    """One order may drop again and again, one at a time."""
    ids = [save(database, a_drop("1", state)), save(database, a_drop("1", state)), save(database, a_drop())]
    with database.read() as connection:
        assert [row.drop_id for row in drops.of_order(connection, "1")] == ids


def test_two_orders_may_have_an_open_drop_each(database: Database) -> None:
    """The limit is one per order."""
    assert save(database, a_drop("1")) != save(database, a_drop("2"))


def test_drops_are_listed_newest_first(database: Database) -> None:
    """All of them or the open ones alone, up to the limit, each with its target."""
    old = save(database, a_drop("1", DropState.RECOVERED))
    mid = save(database, a_drop("1", DropState.REFUSED))
    new = save(database, a_drop("2", DropState.HELD))
    with database.read() as connection:
        everything = rows_of_list(drop_list.page, connection, DropFilter())
        assert [row.drop_id for row in everything] == [new, mid, old]
        assert [
            row.drop_id for row in rows_of_list(drop_list.page, connection, DropFilter(open_only=True))
        ] == [mid]
        assert [row.drop_id for row in rows_of_list(drop_list.page, connection, DropFilter(), 1)] == [new]
    assert everything[0].link == a_profile("nasa").link.url


# Decisions


def decide(database: Database, drop_id: int, action: Action, **changes: object) -> bool:
    with database.write() as connection:
        return drops.add_decision(connection, drop_id, a_decision("1", action, **changes))


def decided(database: Database) -> list[tuple[Action, Reason]]:
    with database.read() as connection:
        return [(row.decision, row.reason) for row in drops.decisions_of(connection, "1")]


@pytest.mark.parametrize("action", Action)
def test_every_decision_is_stored_with_its_numbers(database: Database, action: Action) -> None:
    """So that support can explain it to the customer."""
    decision = a_decision("1", action)
    with database.write() as connection:
        drop_id = drops.save(connection, a_drop(), a_claim(), 1200)
        assert drops.add_decision(connection, drop_id, decision)
        (row,) = drops.decisions_of(connection, "1")
    expected = (
        NOW,
        action,
        decision.reason,
        decision.quantity,
        decision.count,
        decision.line,
        decision.claim,
    )
    assert row == drops.DecisionRow(row.decision_id, drop_id, "1", *expected)
    assert (row.drop_id, row.order_id) == (drop_id, "1")


def test_a_repeated_decision_is_stored_once(database: Database) -> None:
    """A day of looks every ten minutes stores one row."""
    drop_id = save(database, a_drop())
    kept = [
        decide(database, drop_id, Action.WAIT),
        decide(database, drop_id, Action.WAIT, at=NOW + HOUR, claim=310),
        decide(database, drop_id, Action.WAIT, reason=Reason.AWAITING_REQUEST),
        decide(database, drop_id, Action.WAIT),
        decide(database, drop_id, Action.REFILL),
    ]
    assert kept == [True, False, True, True, True]
    assert decided(database) == [
        (Action.WAIT, Reason.COOLDOWN),
        (Action.WAIT, Reason.AWAITING_REQUEST),
        (Action.WAIT, Reason.COOLDOWN),
        (Action.REFILL, Reason.DROP_CONFIRMED),
    ]


def test_the_same_reason_with_another_action_is_another_decision(database: Database) -> None:
    """`below_start_count` may hold, and it may refuse."""
    drop_id = save(database, a_drop())
    decide(database, drop_id, Action.HOLD, reason=Reason.BELOW_START_COUNT)
    assert decide(database, drop_id, Action.REFUSE, reason=Reason.BELOW_START_COUNT)


def test_a_repeated_decision_on_another_drop_is_stored(database: Database) -> None:
    """Each drop has its own last decision."""
    first = save(database, a_drop("1", DropState.REFILLED))
    decide(database, first, Action.REFILL)
    second = save(database, a_drop("1", DropState.REFILLED))
    assert decide(database, second, Action.REFILL)
    assert len(decided(database)) == 2


def test_the_reason_of_the_open_drop_can_be_queried(database: Database) -> None:
    """None before the first decision and after the drop has ended."""

    def last_reason() -> Reason | None:
        with database.read() as connection:
            return drops.last_reason(connection, "1")

    assert last_reason() is None
    drop_id = save(database, a_drop())
    assert last_reason() is None
    decide(database, drop_id, Action.WAIT)
    assert last_reason() is Reason.COOLDOWN
    save(database, a_drop("1", DropState.RECOVERED, drop_id=drop_id))
    assert last_reason() is None


@pytest.mark.parametrize(
    ("action", "units"), [(Action.REFILL, 0), (Action.HOLD, 0), (Action.WAIT, 1), (Action.REFUSE, 1)]
)
def test_the_database_requires_units_for_refill_and_hold_only(
    database: Database, action: Action, units: int
) -> None:
    """Only what is queued or held has units, and it has some."""
    drop_id = save(database, a_drop())
    with pytest.raises(IntegrityError, match="ck_decisions_only_refills_have_units"):
        decide(database, drop_id, action, quantity=units)
    assert decided(database) == []
