"""Refills: one open refill per order, the actions of operators, and an event for each state."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.order import OrderStatus
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import drops, lease_rows, leases, operator_actions, refills
from storage.engine import Database
from storage.errors import NotFoundError, OpenRefillError, StorageError, WrongStateError
from storage.orders import ImportResult
from storage.refills import RefillRow
from storage.schema import refills as table
from tests.builders import DAY, HOUR, NOW, a_claim, a_decision, a_drop, a_profile, an_order
from tests.storage.shop import (
    at_once,
    bring_to,
    everything,
    owe,
    queue,
    rows_of,
    sell,
    wait_for_a_blocked_transaction,
)

OPEN = sorted(state for state in RefillState if state.open)
ENDED = sorted(state for state in RefillState if not state.open)
ACTIONS = {
    "approve": {"held": "queued"},
    "reject": {"held": "rejected"},
    "requeue": {"dead": "queued"},
    "cancel": {"queued": "cancelled", "held": "cancelled", "dead": "cancelled"},
}
"""The actions of operators, from the contract: the state before and after each."""
LEGAL = [(action, old, new) for action, moves in ACTIONS.items() for old, new in moves.items()]
ILLEGAL = [
    (action, state) for action, moves in ACTIONS.items() for state in RefillState if state not in moves
]


def test_an_import_locks_refills_in_the_order_of_their_ids(postgresql: Database) -> None:
    """As consumers do, whatever the order of the orders; otherwise each could wait for the other."""
    first, *others = queue(postgresql, "2", "1", "3")
    refunded = [an_order(one, status=OrderStatus.REFUNDED, completed_at=None) for one in ("1", "2", "3")]
    with ThreadPoolExecutor(1) as importer:
        with postgresql.write() as consumer:
            lease_rows.locked(consumer, [first])
            imported = importer.submit(sell, postgresql, *refunded)
            wait_for_a_blocked_transaction(postgresql)
            lease_rows.locked(consumer, others)
        assert [row.result for row in imported.result(timeout=30)] == [ImportResult.UPDATED] * 3
    assert {row.state for row in rows_of(postgresql, "refills")} == {RefillState.CANCELLED}


def bring(database: Database, state: RefillState, order_id: str = "1") -> int:
    """Sell an order and bring a refill of it into a state."""
    sell(database, an_order(order_id))
    with database.write() as connection:
        return bring_to(connection, order_id, state)


def get(database: Database, refill_id: int) -> RefillRow:
    with database.read() as connection:
        return refills.get(connection, refill_id)


def operate(database: Database, refill_id: int, action: str) -> RefillState:
    with database.write() as connection:
        return RefillState(operator_actions.act(connection, refill_id, action, NOW + HOUR).state)


def states_of(database: Database, refill_id: int) -> list[RefillState]:
    """The states that a refill has had, by its events."""
    with database.read() as connection:
        return [row.state for row in refills.events_of(connection, refill_id)]


def a_row(order_id: str, state: RefillState, drop_id: int, number: int = 99) -> dict[str, object]:
    """A row that is inserted directly, without the checks of the code."""
    claimed, completed = state is RefillState.CLAIMED, state is RefillState.COMPLETED
    return {
        "order_id": order_id, "number": number, "drop_id": drop_id, "metric": Metric.FOLLOWERS, "quantity": 1,
        "reason": Reason.DROP_CONFIRMED, "state": state, "created_at": NOW, "available_at": NOW,
        "lease_token": "t" if claimed else None, "leased_until": NOW if claimed else None,
        "completed_at": NOW if completed else None,
    }  # fmt: skip


# Creation


@pytest.mark.parametrize(
    ("action", "state", "queued_at"),
    [(Action.REFILL, RefillState.QUEUED, NOW), (Action.HOLD, RefillState.HELD, None)],
)
def test_a_decision_creates_a_queued_or_held_refill(
    database: Database, action: Action, state: RefillState, queued_at: object
) -> None:
    """With the units and the reason of the decision, and everything that a consumer needs."""
    sell(database, an_order(provider="wholesaler"))
    with database.write() as connection:
        drop_id = drops.save(connection, a_drop("1", DropState.HELD), a_claim(), 1200)
        refill_id = refills.create(
            connection, drop_id, a_decision("1", action, quantity=290), Metric.FOLLOWERS
        )
    row = get(database, refill_id)
    assert (row.state, row.queued_at, row.created_at, row.available_at) == (state, queued_at, NOW, NOW)
    assert (row.quantity, row.reason, row.drop_id) == (290, a_decision("1", action).reason, drop_id)
    assert (row.order_id, row.number, row.attempt) == ("1", 1, 0)
    assert (row.link, row.service, row.provider) == (a_profile().link.url, "followers", "wholesaler")
    assert states_of(database, refill_id) == [state]


def test_refills_are_numbered_within_their_order(database: Database) -> None:
    """`max_refills` counts these numbers."""
    sell(database, an_order("1"), an_order("2"))
    with database.write() as connection:
        numbers = {}
        for order_id in ("1", "2", "1", "1"):
            refill_id = bring_to(connection, order_id, RefillState.COMPLETED)
            numbers[refill_id] = order_id, refills.get(connection, refill_id).number
    assert list(numbers.values()) == [("1", 1), ("2", 1), ("1", 2), ("1", 3)]


@pytest.mark.parametrize("state", OPEN)
def test_an_order_with_an_open_refill_gets_no_other(database: Database, state: RefillState) -> None:
    """The attempt is refused and rolled back."""
    bring(database, state)
    before = everything(database)
    with pytest.raises(OpenRefillError, match="at most one"), database.write() as connection:
        owe(connection, "1")
    assert everything(database) == before


@pytest.mark.parametrize("state", ENDED)
def test_after_an_ended_refill_another_can_be_created(database: Database, state: RefillState) -> None:
    """One open refill at a time, any number in total."""
    first = bring(database, state)
    with database.write() as connection:
        assert owe(connection, "1") > first


@pytest.mark.parametrize("second", OPEN)
@pytest.mark.parametrize("first", OPEN)
def test_the_database_refuses_a_second_open_refill_of_an_order(
    database: Database, first: RefillState, second: RefillState
) -> None:
    """By a named constraint."""
    drop_id = get(database, bring(database, first)).drop_id
    with pytest.raises(OpenRefillError), database.write() as connection:
        connection.execute(insert(table), a_row("1", second, drop_id))
    assert len(rows_of(database, "refills")) == 1


def test_the_database_refuses_a_second_refill_with_the_same_number(database: Database) -> None:
    """A refill that was counted cannot be counted again."""
    drop_id = get(database, bring(database, RefillState.COMPLETED)).drop_id
    row = a_row("1", RefillState.COMPLETED, drop_id, number=1)
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(table), row)
    with database.write() as connection:
        connection.execute(insert(table), row | {"number": 2})
    assert [row.number for row in rows_of(database, "refills")] == [1, 2]


def test_concurrent_decisions_create_one_refill(database: Database) -> None:
    """For any number of concurrent evaluations, a lost unit is owed once."""
    sell(database, an_order())

    def make(_: int) -> int | None:
        try:
            with database.write() as connection:
                return owe(connection, "1")
        except (OpenRefillError, IntegrityError):
            return None

    made = [refill_id for refill_id in at_once(6, make) if refill_id is not None]
    assert made == [row.refill_id for row in rows_of(database, "refills")]
    assert len(made) == 1


BAD_ROWS = [
    ({"quantity": 0}, "ck_refills_quantity_positive"),
    ({"delivered": -1}, "ck_refills_delivered_not_negative"),
    ({"state": RefillState.CLAIMED}, "ck_refills_claimed_has_a_lease"),
    ({"lease_token": "t", "leased_until": NOW}, "ck_refills_claimed_has_a_lease"),
    ({"state": RefillState.COMPLETED}, "ck_refills_completed_has_a_time"),
    ({"completed_at": NOW}, "ck_refills_completed_has_a_time"),
]


@pytest.mark.parametrize(("change", "constraint"), BAD_ROWS)
def test_the_database_refuses_an_impossible_refill(
    database: Database, change: dict[str, Any], constraint: str
) -> None:
    """By constraints on the states."""
    refill_id = bring(database, RefillState.QUEUED)
    with pytest.raises(IntegrityError, match=constraint), database.write() as connection:
        connection.execute(update(table).where(table.c.refill_id == refill_id).values(change))


# Actions of operators


@pytest.mark.parametrize(("action", "old", "new"), LEGAL)
def test_an_operator_action_changes_the_state(database: Database, action: str, old: str, new: str) -> None:
    """And writes an event."""
    refill_id = bring(database, RefillState(old))
    before = states_of(database, refill_id)
    assert operate(database, refill_id, action) is RefillState(new)
    assert get(database, refill_id).state is RefillState(new)
    assert states_of(database, refill_id) == [*before, RefillState(new)]
    with database.read() as connection:
        last = refills.events_of(connection, refill_id)[-1]
    assert (last.at, last.detail) == (NOW + HOUR, f"{action} by an operator")


@pytest.mark.parametrize(("action", "state"), ILLEGAL)
def test_an_operator_action_from_a_wrong_state_is_refused(
    database: Database, action: str, state: RefillState
) -> None:
    """The error names the state and the required ones; nothing changes."""
    refill_id = bring(database, state)
    before = everything(database)
    needed = " or ".join(sorted(ACTIONS[action]))
    with pytest.raises(WrongStateError) as caught:
        operate(database, refill_id, action)
    assert str(caught.value) == f"refill {refill_id} is {state}; {action} needs {needed}"
    assert everything(database) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_an_operator_action_on_an_unknown_refill_is_not_found(database: Database, action: str) -> None:
    """The error says that there is none."""
    with pytest.raises(NotFoundError, match="there is no refill 404"):
        operate(database, 404, action)


@pytest.mark.parametrize(("action", "state"), [("approve", RefillState.HELD), ("requeue", RefillState.DEAD)])
def test_a_requeued_refill_has_all_its_attempts(database: Database, action: str, state: RefillState) -> None:
    """It is available at once."""
    refill_id = bring(database, state)
    operate(database, refill_id, action)
    row = get(database, refill_id)
    assert (row.attempt, row.queued_at, row.available_at) == (0, NOW + HOUR, NOW + HOUR)
    assert row.last_error is None
    with database.write() as connection:
        (claimed,) = leases.claim(connection, NOW + HOUR, limit=10, lease=HOUR)
    assert (claimed.refill_id, claimed.attempt) == (refill_id, 1)


def test_a_dead_refill_is_not_requeued_beside_an_open_one(database: Database) -> None:
    """The dead one stays dead."""
    dead = bring(database, RefillState.DEAD)
    with database.write() as connection:
        other = owe(connection, "1")
    before = everything(database)
    with pytest.raises(OpenRefillError, match=f"^refill {other} of its order is open already$"):
        operate(database, dead, "requeue")
    assert everything(database) == before


def test_of_concurrent_operator_actions_one_succeeds(database: Database) -> None:
    """Of a concurrent approval and rejection, the second fails."""
    refill_id = bring(database, RefillState.HELD)

    def move(i: int) -> RefillState | None:
        try:
            return operate(database, refill_id, "approve" if i % 2 else "reject")
        except WrongStateError:
            return None

    moved = [state for state in at_once(4, move) if state is not None]
    assert moved == [get(database, refill_id).state]
    assert states_of(database, refill_id) == [RefillState.HELD, *moved]


# Cancellation


@pytest.mark.parametrize("state", RefillState)
def test_only_held_and_queued_refills_are_cancelled_with_their_order(
    database: Database, state: RefillState
) -> None:
    """A claimed refill is left to its consumer; an ended one has ended."""
    refill_id = bring(database, state)
    bystander = bring(database, RefillState.QUEUED, "2")
    before = states_of(database, refill_id)
    with database.write() as connection:
        refills.cancel_waiting(connection, "1", NOW + HOUR, "order flagged abuse")
    waits = state in {RefillState.HELD, RefillState.QUEUED}
    assert get(database, refill_id).state is (RefillState.CANCELLED if waits else state)
    assert states_of(database, refill_id) == before + [RefillState.CANCELLED] * waits
    assert get(database, bystander).state is RefillState.QUEUED


# Reading


def test_refills_are_listed_newest_first(database: Database) -> None:
    """All of them, those in one state, those of one order, and those before a given one."""
    one, two, three = queue(database, "1", "2", "3")
    operate(database, two, "cancel")
    with database.write() as connection:
        four = owe(connection, "2", at=NOW + DAY)

    def listed(**narrowed: Any) -> list[int]:
        with database.read() as connection:
            return [row.refill_id for row in refills.listed(connection, **narrowed)]

    assert listed() == [four, three, two, one]
    assert listed(limit=2) == [four, three]
    assert listed(state=RefillState.QUEUED) == [four, three, one]
    assert listed(order_id="2") == [four, two]
    assert listed(before=three) == [two, one]
    assert listed(before=three, state=RefillState.QUEUED, limit=1) == [one]


@pytest.mark.parametrize("state", RefillState)
def test_the_reason_of_a_held_refill_can_be_queried(database: Database, state: RefillState) -> None:
    """For other refills it is None."""
    bring(database, state)
    expected = Reason.BELOW_START_COUNT if state is RefillState.HELD else None
    with database.read() as connection:
        assert refills.held_reason(connection, "1") is expected
        assert refills.held_reason(connection, "2") is None


def test_events_are_separate_per_refill(database: Database) -> None:
    """Oldest first, with time and detail."""
    one, two = queue(database, "1", "2")
    operate(database, one, "cancel")
    with database.read() as connection:
        events = [(row.at, row.state, row.detail) for row in refills.events_of(connection, one)]
        others = [row.state for row in refills.events_of(connection, two)]
    assert events == [
        (NOW, RefillState.QUEUED, "drop_confirmed"),
        (NOW + HOUR, RefillState.CANCELLED, "cancel by an operator"),
    ]
    assert others == [RefillState.QUEUED]


def test_an_open_refill_error_is_a_domain_error(database: Database) -> None:
    """Callers need no exception of a driver."""
    bring(database, RefillState.QUEUED)
    with pytest.raises(StorageError) as caught, database.write() as connection:
        owe(connection, "1")
    assert isinstance(caught.value.__cause__, IntegrityError)
