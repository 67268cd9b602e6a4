"""Many calls of consumers in one transaction: each has its own answer."""

from datetime import timedelta

import pytest

from monitor.model.order import Flag
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import flags, leases
from storage.engine import Database
from storage.errors import LeaseLostError, NotFoundError, RepeatDiffersError
from storage.leases import Complete, Extend, Fail, LeaseAnswer, LeaseCall, Refusal, Release
from tests.builders import DAY, HOUR, MINUTE, NOW
from tests.storage.lease_actions import HOPELESS, LATER, RETRY, claim, events, expire, get, ids
from tests.storage.shop import ATTEMPTS, alerts_of, everything, queue, statements_of


def act(database: Database, *calls: LeaseCall) -> list[LeaseAnswer | Refusal]:
    with database.write() as connection:
        return leases.act(connection, calls, LATER)


def carried_out(answers: list[LeaseAnswer | Refusal]) -> list[LeaseAnswer]:
    found = [answer for answer in answers if isinstance(answer, LeaseAnswer)]
    assert len(found) == len(answers)
    return found


def test_each_call_is_carried_out_and_has_its_own_answer(database: Database) -> None:
    """In the order of the calls, whatever the order of the refills."""
    queue(database, *"12345")
    one, two, three, four, five = claim(database)
    calls = [
        Fail(three.refill_id, three.lease_token, RETRY, ATTEMPTS),
        Complete(one.refill_id, one.lease_token, "panel-77", 280),
        Fail(four.refill_id, four.lease_token, HOPELESS, ATTEMPTS),
        Release(two.refill_id, two.lease_token),
        Extend(five.refill_id, five.lease_token, NOW + DAY),
    ]
    answers = carried_out(act(database, *calls))
    assert [(answer.refill_id, answer.state, answer.changed) for answer in answers] == [
        (three.refill_id, RefillState.QUEUED, True),
        (one.refill_id, RefillState.COMPLETED, True),
        (four.refill_id, RefillState.DEAD, True),
        (two.refill_id, RefillState.QUEUED, True),
        (five.refill_id, RefillState.CLAIMED, True),
    ]
    assert {answer.metric for answer in answers} == {Metric.FOLLOWERS}
    assert [answer.units for answer in answers] == [0, 280, 0, 0, 0]
    done = get(database, one.refill_id)
    assert (done.external_id, done.delivered, done.completed_at) == ("panel-77", 280, LATER)
    assert get(database, five.refill_id).leased_until == NOW + DAY
    assert get(database, three.refill_id).available_at == LATER + MINUTE
    assert get(database, two.refill_id).attempt == 0
    assert events(database, three.refill_id)[-1] == (RefillState.QUEUED, "the panel is down")
    assert events(database, five.refill_id)[-1][0] is RefillState.CLAIMED
    assert len(alerts_of(database)) == 1  # of the dead refill


def test_a_refused_call_changes_nothing_and_hinders_no_other(database: Database) -> None:
    queue(database, "1", "2")
    one, two = claim(database)
    lost, missing, done = act(
        database,
        Complete(one.refill_id, two.lease_token),
        Complete(404, "token"),
        Complete(two.refill_id, two.lease_token),
    )
    assert isinstance(lost, LeaseLostError)
    assert isinstance(missing, NotFoundError)
    assert isinstance(done, LeaseAnswer)
    assert (done.state, done.changed) == (RefillState.COMPLETED, True)
    assert get(database, one.refill_id).state is RefillState.CLAIMED


def test_a_repeated_batch_has_the_same_answers_and_changes_nothing(database: Database) -> None:
    """A consumer can repeat a call whose answer was lost."""
    queue(database, "1", "2")
    one, two = claim(database)
    calls = (Complete(one.refill_id, one.lease_token), Release(two.refill_id, two.lease_token))
    first = carried_out(act(database, *calls))
    before = everything(database)
    again = carried_out(act(database, *calls))
    assert [answer.state for answer in again] == [answer.state for answer in first]
    assert [answer.changed for answer in again] == [False, False]
    assert everything(database) == before


@pytest.mark.parametrize(
    ("recorded", "repeated", "differing"),
    [
        (("panel-77", 280), ("panel-77", 280), set[str]()),
        (("panel-77", 280), (None, None), set[str]()),
        ((None, None), (None, 300), set[str]()),
        (("panel-77", 280), ("panel-77", 0), {"delivered"}),
        (("panel-77", None), ("panel-78", 280), {"delivered", "external_id"}),
        ((None, 280), ("panel-77", None), {"external_id"}),
    ],
)
def test_a_repeated_completion_that_contradicts_the_first_is_refused(
    database: Database,
    recorded: tuple[str | None, int | None],
    repeated: tuple[str | None, int | None],
    differing: set[str],
) -> None:
    """What a consumer says of a delivery is never dropped in silence; what it leaves out says nothing."""
    queue(database, "1")
    (row,) = claim(database)
    first, again = (Complete(row.refill_id, row.lease_token, *given) for given in (recorded, repeated))
    carried_out(act(database, first))
    before = everything(database)
    (answer,) = act(database, again)
    faults = answer.faults.keys() if isinstance(answer, RepeatDiffersError) else set[str]()
    assert faults == differing
    assert everything(database) == before


def test_calls_on_one_refill_follow_each_other(database: Database) -> None:
    """The second of two equal ones is a repeated one, and another action comes too late."""
    queue(database, "1")
    (row,) = claim(database)
    i, token = row.refill_id, row.lease_token
    calls = Extend(i, token, NOW + DAY), Complete(i, token), Complete(i, token), Release(i, token)
    *answers, late = act(database, *calls)
    assert [answer.changed for answer in carried_out(answers)] == [True, True, False]
    assert isinstance(late, LeaseLostError)
    assert [state for state, _ in events(database, i)] == ["queued", "claimed", "completed"]
    assert get(database, i).leased_until is None


@pytest.mark.parametrize("call", ["release", "fail"])
def test_a_refill_that_is_given_back_without_a_guarantee_is_cancelled(database: Database, call: str) -> None:
    """And the answer says so, also when the call is repeated; the others are queued."""
    queue(database, "1", "2")
    one, two = claim(database)
    with database.write() as connection:
        flags.set_flag(connection, "1", Flag.DISPUTE, NOW)

    def give_back(i: int, token: str) -> LeaseCall:
        return Release(i, token) if call == "release" else Fail(i, token, RETRY, ATTEMPTS)

    calls = [give_back(row.refill_id, row.lease_token) for row in (one, two)]
    for changed in (True, False):
        answers = carried_out(act(database, *calls))
        assert [answer.state for answer in answers] == [RefillState.CANCELLED, RefillState.QUEUED]
        assert [answer.changed for answer in answers] == [changed, changed]
    assert [state for state, _ in events(database, one.refill_id)][-2:] == ["queued", "cancelled"]


def test_hundreds_of_refills_need_as_many_statements_as_one(database: Database) -> None:
    queue(database, *(str(i) for i in range(120)))
    one, *many = claim(database, limit=120)
    with database.write() as connection:
        for rows in ([one], many):
            calls = [Complete(row.refill_id, row.lease_token) for row in rows]
            sent = statements_of(connection, lambda calls=calls: leases.act(connection, calls, LATER))  # type: ignore[misc]
            assert len(sent) == (3 if database.sqlite else 1)
    assert {get(database, row.refill_id).state for row in many} == {RefillState.COMPLETED}


@pytest.mark.parametrize("limit", [1, 20])
def test_a_claim_needs_as_many_statements_for_many_as_for_one(database: Database, limit: int) -> None:
    """On PostgreSQL one, for each is a wait for the server."""
    queue(database, *(str(i) for i in range(20)))
    with database.write() as connection:
        sent = statements_of(connection, lambda: leases.claim(connection, NOW, limit=limit, lease=HOUR))
    assert len(sent) == (4 if database.sqlite else 1)


def test_leases_that_end_together_are_ended_together(database: Database) -> None:
    """With one event each, and a review for those that are dead."""
    refill_ids = queue(database, *(str(i) for i in range(60)))
    claim(database, limit=60, lease=MINUTE)
    with database.write() as connection:
        sent = statements_of(connection, lambda: leases.expire(connection, NOW + HOUR, ATTEMPTS))
    assert len(sent) < 10
    assert {get(database, i).state for i in refill_ids} == {RefillState.QUEUED}
    assert [state for state, _ in events(database, refill_ids[7])] == ["queued", "claimed", "queued"]
    assert ids(claim(database, NOW + HOUR)) == refill_ids
    assert expire(database, NOW + HOUR + timedelta(minutes=1)) == 0
