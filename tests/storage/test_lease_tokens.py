"""Lease tokens: repeated calls are answered the same, calls with a lost lease are refused."""

import pytest

from monitor.model.refill import RefillState
from storage import operator_actions
from storage.engine import Database
from storage.errors import LeaseLostError, NotFoundError, OpenRefillError
from storage.leases import ClaimedRefill
from tests import lease_calls
from tests.builders import DAY, HOUR, NOW, an_order
from tests.storage.lease_actions import ACTIONS, HOPELESS, LATER, claim, events, expire, fail, finish, get
from tests.storage.shop import alerts_of, at_once, bring_to, everything, owe, queue, sell


@pytest.fixture
def claimed(database: Database) -> ClaimedRefill:
    """A refill claimed by a consumer."""
    queue(database, "1")
    (row,) = claim(database, consumer="panel")
    return row


@pytest.mark.parametrize("action", ACTIONS)
def test_a_repeated_action_has_the_same_answer_and_happens_once(
    database: Database, claimed: ClaimedRefill, action: str
) -> None:
    """A consumer can repeat a call whose answer was lost."""
    first = finish(database, action, claimed.refill_id, claimed.lease_token)
    before = everything(database)
    assert finish(database, action, claimed.refill_id, claimed.lease_token, LATER + HOUR) is first
    assert everything(database) == before


@pytest.mark.parametrize("action", ["fail", "release"])
def test_a_repeated_action_has_the_same_answer_after_another_claim(
    database: Database, claimed: ClaimedRefill, action: str
) -> None:
    """The lease of the other consumer stays."""
    first = finish(database, action, claimed.refill_id, claimed.lease_token)
    claim(database, NOW + DAY)
    before = everything(database)
    assert finish(database, action, claimed.refill_id, claimed.lease_token, NOW + DAY) is first
    assert everything(database) == before


def test_a_repeated_permanent_failure_raises_one_alert(database: Database, claimed: ClaimedRefill) -> None:
    """Even if the refill was requeued in between."""
    fail(database, claimed.refill_id, claimed.lease_token, HOPELESS)
    with database.write() as connection:
        operator_actions.act(connection, claimed.refill_id, "requeue", LATER)
    assert fail(database, claimed.refill_id, claimed.lease_token, HOPELESS) is RefillState.DEAD
    assert get(database, claimed.refill_id).state is RefillState.QUEUED
    assert len(alerts_of(database)) == 1


@pytest.mark.parametrize("second", ACTIONS)
@pytest.mark.parametrize("first", ACTIONS)
def test_another_action_after_the_first_is_a_lost_lease(
    database: Database, claimed: ClaimedRefill, first: str, second: str
) -> None:
    """A completed refill cannot be failed."""
    reached = finish(database, first, claimed.refill_id, claimed.lease_token)
    before = everything(database)
    if first == second:
        assert finish(database, second, claimed.refill_id, claimed.lease_token) is reached
    else:
        with pytest.raises(LeaseLostError, match=f"is lost: the refill is {reached}$"):
            finish(database, second, claimed.refill_id, claimed.lease_token)
    assert everything(database) == before


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("again", [False, True], ids=["queued again", "claimed again"])
def test_an_ended_lease_is_lost(database: Database, claimed: ClaimedRefill, action: str, again: bool) -> None:
    """Whether the refill is queued or claimed again."""
    expire(database, NOW + HOUR)
    if again:
        claim(database, NOW + HOUR)
    before = everything(database)
    now = "claimed under another token" if again else "queued"
    with pytest.raises(LeaseLostError, match=f"refill {claimed.refill_id} is lost: the refill is {now}$"):
        finish(database, action, claimed.refill_id, claimed.lease_token)
    assert everything(database) == before


@pytest.mark.parametrize("token", ["", "guessed"])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", RefillState)
def test_an_unknown_token_changes_nothing(
    database: Database, state: RefillState, action: str, token: str
) -> None:
    """In any state of the refill."""
    sell(database, an_order())
    with database.write() as connection:
        refill_id = bring_to(connection, "1", state)
    before = everything(database)
    with pytest.raises(LeaseLostError):
        finish(database, action, refill_id, token)
    assert everything(database) == before


def test_a_token_is_valid_for_its_own_refill_only(database: Database) -> None:
    """Each lease is for one refill."""
    queue(database, "1", "2")
    one, two = claim(database)
    for action in ACTIONS:
        with pytest.raises(LeaseLostError):
            finish(database, action, one.refill_id, two.lease_token)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_on_an_unknown_refill_is_not_found(database: Database, action: str) -> None:
    """The error says what is missing."""
    with pytest.raises(NotFoundError, match="there is no refill 404"):
        finish(database, action, 404, "token")
    with pytest.raises(NotFoundError, match="there is no refill 404"), database.write() as connection:
        lease_calls.extend(connection, 404, "token", LATER)


@pytest.mark.parametrize("action", ACTIONS)
def test_concurrent_equal_actions_happen_once(
    database: Database, claimed: ClaimedRefill, action: str
) -> None:
    """All callers get the same answer."""
    answers = at_once(4, lambda _: finish(database, action, claimed.refill_id, claimed.lease_token))
    assert answers == [answers[0]] * 4
    assert len(events(database, claimed.refill_id)) == 3


def test_of_concurrent_different_actions_one_succeeds(database: Database, claimed: ClaimedRefill) -> None:
    """The others fail because the lease is lost."""

    def end(i: int) -> RefillState | None:
        try:
            return finish(database, ACTIONS[i], claimed.refill_id, claimed.lease_token)
        except LeaseLostError:
            return None

    ended = [state for state in at_once(3, end) if state is not None]
    assert ended == [get(database, claimed.refill_id).state]
    assert len(events(database, claimed.refill_id)) == 3


def test_a_requeued_refill_still_is_the_only_open_one_of_its_order(
    database: Database, claimed: ClaimedRefill
) -> None:
    """Claimed or queued again, the order gets no second one beside it."""
    for end in (lambda: None, lambda: expire(database, NOW + HOUR)):
        end()
        with pytest.raises(OpenRefillError), database.write() as connection:
            owe(connection, "1")
