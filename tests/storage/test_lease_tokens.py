"""Lease tokens: repeated calls are answered the same, calls with a lost lease are refused."""

import pytest

from monitor.model.refill import RefillState
from storage import leases, operator_actions
from storage.column_types import AnyRow
from storage.engine import Database
from storage.errors import LeaseLostError, NotFoundError, OpenRefillError
from tests.storage.lease_actions import HOPELESS, LATER, VERBS, claim, expire, fail, finish, get, told
from tests.storage.shop import (
    DAY,
    HOUR,
    NOW,
    an_order,
    at_once,
    bring_to,
    everything,
    owe,
    queue,
    rows_of,
    sell,
)


@pytest.fixture
def claimed(database: Database) -> AnyRow:
    """A refill in the hands of a consumer."""
    queue(database, "1")
    (row,) = claim(database, consumer="panel")
    return row


@pytest.mark.parametrize("action", VERBS)
def test_the_same_verb_twice_is_answered_the_same_and_done_once(
    database: Database, claimed: AnyRow, action: str
) -> None:
    """A consumer whose answer was lost on the way asks again without harm."""
    first = finish(database, action, claimed.refill_id, claimed.lease_token)
    before = everything(database)
    assert finish(database, action, claimed.refill_id, claimed.lease_token, LATER + HOUR) is first
    assert everything(database) == before


@pytest.mark.parametrize("action", ["fail", "release"])
def test_the_same_verb_twice_is_answered_the_same_while_another_has_the_refill(
    database: Database, claimed: AnyRow, action: str
) -> None:
    """And the other's lease is not touched by it."""
    first = finish(database, action, claimed.refill_id, claimed.lease_token)
    claim(database, NOW + DAY)
    before = everything(database)
    assert finish(database, action, claimed.refill_id, claimed.lease_token, NOW + DAY) is first
    assert everything(database) == before


def test_a_hopeless_failure_told_twice_tells_the_operator_once(database: Database, claimed: AnyRow) -> None:
    """Even if the operator has queued the refill again in between."""
    fail(database, claimed.refill_id, claimed.lease_token, HOPELESS)
    with database.write() as connection:
        operator_actions.act(connection, claimed.refill_id, "requeue", LATER)
    assert fail(database, claimed.refill_id, claimed.lease_token, HOPELESS) is RefillState.DEAD
    assert get(database, claimed.refill_id).state is RefillState.QUEUED
    assert len(rows_of(database, "outbox")) == 1


@pytest.mark.parametrize("second", VERBS)
@pytest.mark.parametrize("first", VERBS)
def test_another_verb_after_the_first_is_a_lost_lease(
    database: Database, claimed: AnyRow, first: str, second: str
) -> None:
    """What was completed cannot be failed: the first word stands."""
    reached = finish(database, first, claimed.refill_id, claimed.lease_token)
    before = everything(database)
    if first == second:
        assert finish(database, second, claimed.refill_id, claimed.lease_token) is reached
    else:
        with pytest.raises(LeaseLostError):
            finish(database, second, claimed.refill_id, claimed.lease_token)
    assert everything(database) == before


@pytest.mark.parametrize("action", VERBS)
@pytest.mark.parametrize("again", [False, True], ids=["queued again", "claimed again"])
def test_a_lease_that_has_ended_is_lost(
    database: Database, claimed: AnyRow, action: str, again: bool
) -> None:
    """Whether the refill waits or is in other hands: the old token moves nothing."""
    expire(database, NOW + HOUR)
    if again:
        claim(database, NOW + HOUR)
    before = everything(database)
    with pytest.raises(LeaseLostError, match=f"the lease on refill {claimed.refill_id} is lost"):
        finish(database, action, claimed.refill_id, claimed.lease_token)
    assert everything(database) == before


@pytest.mark.parametrize("token", ["", "guessed"])
@pytest.mark.parametrize("action", VERBS)
@pytest.mark.parametrize("state", RefillState)
def test_a_token_that_was_never_given_moves_nothing(
    database: Database, state: RefillState, action: str, token: str
) -> None:
    """In no state of the refill."""
    sell(database, an_order())
    with database.write() as connection:
        refill_id = bring_to(connection, "1", state)
    before = everything(database)
    with pytest.raises(LeaseLostError):
        finish(database, action, refill_id, token)
    assert everything(database) == before


def test_the_token_of_one_refill_does_not_move_another(database: Database) -> None:
    """Each lease is for one refill."""
    queue(database, "1", "2")
    one, two = claim(database)
    for action in VERBS:
        with pytest.raises(LeaseLostError):
            finish(database, action, one.refill_id, two.lease_token)


@pytest.mark.parametrize("action", VERBS)
def test_a_refill_that_is_not_there_has_no_lease(database: Database, action: str) -> None:
    """The error says what is missing."""
    with pytest.raises(NotFoundError, match="there is no refill 404"):
        finish(database, action, 404, "token")
    with pytest.raises(NotFoundError, match="there is no refill 404"), database.write() as connection:
        leases.extend(connection, 404, "token", LATER)


@pytest.mark.parametrize("action", VERBS)
def test_the_same_verb_at_once_is_done_once(database: Database, claimed: AnyRow, action: str) -> None:
    """An impatient consumer that sends its word four times in parallel is answered four times the same."""
    answers = at_once(4, lambda _: finish(database, action, claimed.refill_id, claimed.lease_token))
    assert answers == [answers[0]] * 4
    assert len(told(database, claimed.refill_id)) == 3


def test_different_verbs_at_once_are_one_verb(database: Database, claimed: AnyRow) -> None:
    """One wins, and the others are told that the lease is lost."""

    def end(i: int) -> RefillState | None:
        try:
            return finish(database, VERBS[i], claimed.refill_id, claimed.lease_token)
        except LeaseLostError:
            return None

    ended = [state for state in at_once(3, end) if state is not None]
    assert ended == [get(database, claimed.refill_id).state]
    assert len(told(database, claimed.refill_id)) == 3


def test_a_refill_that_comes_back_still_keeps_its_order_to_one(database: Database, claimed: AnyRow) -> None:
    """Claimed or queued again, the order gets no second one beside it."""
    for end in (lambda: None, lambda: expire(database, NOW + HOUR)):
        end()
        with pytest.raises(OpenRefillError), database.write() as connection:
            owe(connection, "1")
