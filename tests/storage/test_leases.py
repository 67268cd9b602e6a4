"""Leases: claimed once, extended, completed, failed, released and expired."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from monitor.events.kind import EventKind
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import claim_columns, event_list, leases
from storage.claim_selection import ClaimFilter
from storage.engine import Database
from storage.errors import LeaseLostError
from storage.event_list import EventFilter
from storage.leases import ClaimedRefill, Failure
from storage.pages import PageRequest
from storage.schema import refills as table
from storage.schema import targets
from tests import lease_calls
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, a_post, an_order
from tests.storage.lease_actions import (
    ACTIONS,
    HOPELESS,
    LATER,
    RETRY,
    claim,
    events,
    expire,
    fail,
    fail_repeatedly,
    finish,
    get,
    ids,
)
from tests.storage.shop import alerts_of, at_once, bring_to, everything, owe, queue, sell


@pytest.fixture
def claimed(database: Database) -> ClaimedRefill:
    """A refill claimed by a consumer."""
    queue(database, "1")
    (row,) = claim(database, consumer="panel")
    return row


# Claiming


def of(*metrics: Metric) -> ClaimFilter:
    return ClaimFilter(frozenset(metrics))


def test_a_claim_returns_everything_a_consumer_needs(database: Database) -> None:
    """What to deliver, where, for whom, and until when."""
    sell(database, an_order(provider="wholesaler"))
    with database.write() as connection:
        refill_id = owe(connection, quantity=290)
    (row,) = claim(database, LATER, lease=2 * HOUR, consumer="panel")
    assert (row.refill_id, row.order_id, row.service, row.provider) == (
        refill_id,
        "1",
        "followers",
        "wholesaler",
    )
    assert (row.link, row.metric) == ("https://www.instagram.com/natgeo/", Metric.FOLLOWERS)
    assert (row.quantity, row.reason, row.attempt) == (290, "drop_confirmed", 1)
    assert (row.state, row.leased_until, row.queued_at) == (RefillState.CLAIMED, LATER + 2 * HOUR, NOW)
    assert row.consumer == "panel"
    assert events(database, refill_id)[-1] == (RefillState.CLAIMED, "panel")


def test_every_lease_has_a_unique_token(database: Database) -> None:
    """No consumer can act on the lease of another, nor on an earlier one of its own."""
    queue(database, *"12345")
    first = claim(database)
    expire(database, NOW + HOUR)
    second = claim(database, NOW + HOUR)
    assert len({row.lease_token for row in first + second}) == 10


@pytest.mark.parametrize("state", RefillState)
def test_only_queued_refills_are_claimed(database: Database, state: RefillState) -> None:
    """In no other state."""
    sell(database, an_order())
    with database.write() as connection:
        refill_id = bring_to(connection, "1", state)
    expected = [refill_id] if state is RefillState.QUEUED else []
    with database.read() as connection:
        assert leases.anything_ready(connection, NOW) is bool(expected)
    assert ids(claim(database)) == expected


def test_the_oldest_refills_are_claimed_first_up_to_the_limit(database: Database) -> None:
    """Ordered by available_at, then by id."""
    late, tie, tie2 = queue(database, "late", "a", "b")
    with database.write() as connection:
        connection.execute(update(table).where(table.c.refill_id == late).values(available_at=NOW + INSTANT))
    assert ids(claim(database, LATER, limit=2)) == [tie, tie2]
    assert ids(claim(database, LATER, limit=2)) == [late]
    assert claim(database, LATER) == []


def test_a_refill_is_available_at_its_time_and_not_before(database: Database) -> None:
    """The time itself is included."""
    refill_ids = queue(database, "1", at=NOW + HOUR)
    assert claim(database, NOW + HOUR - INSTANT) == []
    assert ids(claim(database, NOW + HOUR)) == refill_ids


def test_a_claim_can_be_limited_to_metrics(database: Database) -> None:
    """A consumer that delivers likes is given no followers."""
    sell(database, an_order("1"), an_order("2", target=a_post()))
    with database.write() as connection:
        followers, likes = owe(connection, "1"), owe(connection, "2")
        connection.execute(update(table).where(table.c.refill_id == likes).values(metric=Metric.LIKES))
    with database.read() as connection:
        ready = {metric: leases.anything_ready(connection, NOW, of(metric)) for metric in Metric}
    assert ready == {Metric.FOLLOWERS: True, Metric.LIKES: True, Metric.VIEWS: False}
    assert claim(database, wanted=of(Metric.VIEWS)) == []
    assert ids(claim(database, wanted=of(Metric.VIEWS, Metric.LIKES))) == [likes]
    assert ids(claim(database)) == [followers]


@pytest.mark.parametrize("since", ["private_since", "gone_at"])
def test_refills_of_a_private_or_gone_target_are_not_claimed(database: Database, since: str) -> None:
    """They keep their place in the queue."""
    refill_ids = queue(database, "1")
    for value, handed_out in [(NOW, []), (None, refill_ids)]:
        with database.write() as connection:
            connection.execute(update(targets).values({since: value}))
            claim_columns.refresh(connection, ["1"])
        with database.read() as connection:
            assert leases.anything_ready(connection, NOW) is bool(handed_out)
        assert ids(claim(database)) == handed_out


def test_a_claim_on_an_empty_queue_changes_nothing(database: Database) -> None:
    """Polling costs no rows."""
    before = everything(database)
    assert claim(database) == []
    assert everything(database) == before


def test_concurrent_consumers_never_get_the_same_refill(database: Database) -> None:
    """And all refills are claimed in the end."""
    refill_ids = queue(database, *(str(i) for i in range(120)))
    batches = at_once(8, lambda i: ids(claim(database, limit=10, consumer=f"consumer {i}")))
    taken = [refill_id for batch in batches for refill_id in batch]
    assert sorted(taken) == sorted({*taken})
    assert sorted(taken + ids(claim(database, limit=1000))) == refill_ids


def test_a_consumer_does_not_wait_for_refills_locked_by_another(postgresql: Database) -> None:
    """They are skipped."""
    refill_ids = queue(postgresql, "1", "2")
    with postgresql.write() as slow, postgresql.write() as quick:
        first = leases.claim(slow, NOW, limit=1, lease=HOUR)
        quick.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        second = leases.claim(quick, NOW, limit=10, lease=HOUR)
    assert ids(first) + ids(second) == refill_ids


# Extending


def test_a_lease_can_be_extended_repeatedly(database: Database, claimed: ClaimedRefill) -> None:
    """It ends at the time of the last extension."""
    for until in (NOW + 2 * HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR):
        with database.write() as connection:
            lease_calls.extend(connection, claimed.refill_id, claimed.lease_token, until)
    assert expire(database, NOW + 3 * HOUR - INSTANT) == 0
    assert get(database, claimed.refill_id).leased_until == NOW + 3 * HOUR
    assert expire(database, NOW + 3 * HOUR) == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_an_ended_lease_cannot_be_extended(database: Database, claimed: ClaimedRefill, action: str) -> None:
    """Not by its own token either."""
    finish(database, action, claimed.refill_id, claimed.lease_token)
    before = everything(database)
    with pytest.raises(LeaseLostError), database.write() as connection:
        lease_calls.extend(connection, claimed.refill_id, claimed.lease_token, NOW + DAY)
    assert everything(database) == before


# Completing


@pytest.mark.parametrize(("external_id", "delivered"), [("panel-77", 280), (None, None), (None, 0)])
def test_completing_a_refill_stores_the_delivery_and_ends_the_lease(
    database: Database, claimed: ClaimedRefill, external_id: str | None, delivered: int | None
) -> None:
    """With the report of the consumer; the lease has ended."""
    with database.write() as connection:
        state = lease_calls.complete(
            connection, claimed.refill_id, claimed.lease_token, LATER,
            external_id=external_id, delivered=delivered,
        )  # fmt: skip
    row = get(database, claimed.refill_id)
    assert state is row.state is RefillState.COMPLETED
    assert (row.completed_at, row.external_id, row.delivered) == (LATER, external_id, delivered)
    assert (row.lease_token, row.leased_until) == (None, None)
    assert events(database, claimed.refill_id)[-1] == (RefillState.COMPLETED, "complete")
    with database.read() as connection:
        (told,) = event_list.page(
            connection, EventFilter(kind=EventKind.REFILL_COMPLETED), PageRequest(9)
        ).rows
    assert told.payload["delivered"] == (row.quantity if delivered is None else delivered)


# Failing


def test_a_failed_refill_is_queued_again_and_waits(database: Database, claimed: ClaimedRefill) -> None:
    """One minute after the first failure, with the reason kept."""
    assert fail(database, claimed.refill_id, claimed.lease_token) is RefillState.QUEUED
    row = get(database, claimed.refill_id)
    assert (row.attempt, row.last_error, row.available_at) == (1, "the panel is down", LATER + MINUTE)
    assert events(database, claimed.refill_id)[-1] == (RefillState.QUEUED, "the panel is down")
    assert claim(database, LATER + MINUTE - INSTANT) == []
    (again,) = claim(database, LATER + MINUTE)
    assert (again.refill_id, again.attempt) == (claimed.refill_id, 2)


def test_each_failure_doubles_the_wait_up_to_six_hours(database: Database) -> None:
    """A failing panel gets fewer calls, and its recovery is still found soon."""
    (refill_id,) = queue(database, "1")
    waits = []
    for attempt in range(1, 13):
        fail_repeatedly(database, refill_id, attempt - 1)
        with database.write() as connection:
            connection.execute(update(table).values(available_at=NOW))
            (row,) = leases.claim(connection, NOW, limit=1, lease=HOUR)
            lease_calls.fail(connection, refill_id, row.lease_token, NOW, RETRY, 100)
        waits.append(get(database, refill_id).available_at - NOW)
    minutes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    assert waits == [timedelta(minutes=m) for m in minutes]


@pytest.mark.parametrize("wait", [timedelta(0), 7 * MINUTE, 2 * DAY])
def test_a_consumer_may_set_the_wait_before_the_next_attempt(
    database: Database, claimed: ClaimedRefill, wait: timedelta
) -> None:
    """It replaces the default wait."""
    fail(database, claimed.refill_id, claimed.lease_token, Failure("later", retry_after=wait))
    assert get(database, claimed.refill_id).available_at == LATER + wait


def test_a_permanent_failure_makes_the_refill_dead(database: Database, claimed: ClaimedRefill) -> None:
    """At its first attempt, with an alert."""
    assert fail(database, claimed.refill_id, claimed.lease_token, HOPELESS) is RefillState.DEAD
    row = get(database, claimed.refill_id)
    assert (row.state, row.last_error, row.lease_token) == (RefillState.DEAD, "no such user", None)
    assert claim(database, NOW + 100 * DAY) == []
    (alert,) = alerts_of(database)
    assert (alert.kind, alert.order_id, alert.at) == ("refill.dead", "1", LATER)
    assert alert.refill_id == claimed.refill_id
    moved = {"before": "claimed", "after": "dead"}
    assert json.loads(alert.payload) == {"quantity": 300, "error": "no such user"} | moved


@pytest.mark.parametrize(("before", "state"), [(8, RefillState.QUEUED), (9, RefillState.DEAD)])
def test_the_last_failed_attempt_makes_the_refill_dead(
    database: Database, before: int, state: RefillState
) -> None:
    """The tenth of ten, not the ninth, with one alert."""
    (refill_id,) = queue(database, "1")
    fail_repeatedly(database, refill_id, before)
    (row,) = claim(database)
    assert row.attempt == before + 1
    assert [fail(database, refill_id, row.lease_token) for _ in range(2)] == [state, state]
    assert len(alerts_of(database)) == (state is RefillState.DEAD)


# Releasing


def test_a_released_refill_is_available_at_once_and_keeps_its_attempts(
    database: Database, claimed: ClaimedRefill
) -> None:
    """A consumer that shuts down releases refills that it has not started."""
    assert finish(database, "release", claimed.refill_id, claimed.lease_token) is RefillState.QUEUED
    assert events(database, claimed.refill_id)[-1] == (RefillState.QUEUED, "release")
    (again,) = claim(database, LATER)
    assert (again.refill_id, again.attempt) == (claimed.refill_id, 1)


# Expiring


def test_a_lease_ends_at_its_time_and_not_before(database: Database, claimed: ClaimedRefill) -> None:
    """The refill is queued again and the attempt is counted."""
    assert expire(database, NOW + HOUR - INSTANT) == 0
    assert expire(database, NOW + HOUR) == 1
    row = get(database, claimed.refill_id)
    assert (row.state, row.attempt, row.available_at) == (RefillState.QUEUED, 1, NOW + HOUR)
    assert (row.lease_token, row.leased_until, row.last_error) == (None, None, "the lease ended")
    assert events(database, claimed.refill_id)[-1] == (RefillState.QUEUED, "the lease ended")
    assert alerts_of(database) == []
    assert expire(database, NOW + DAY) == 0


@pytest.mark.parametrize(("before", "state"), [(8, RefillState.QUEUED), (9, RefillState.DEAD)])
def test_the_last_ended_lease_makes_the_refill_dead(
    database: Database, before: int, state: RefillState
) -> None:
    """With an alert."""
    (refill_id,) = queue(database, "1")
    fail_repeatedly(database, refill_id, before)
    claim(database)
    assert expire(database, NOW + HOUR) == 1
    assert get(database, refill_id).state is state
    assert [row.kind for row in alerts_of(database)] == ["refill.dead"] * (state is RefillState.DEAD)


def test_leases_are_expired_in_batches(database: Database) -> None:
    """Oldest first, at most the limit."""
    one, two, three = queue(database, "1", "2", "3")
    for lease in (3 * HOUR, 2 * HOUR, 4 * HOUR):
        claim(database, limit=1, lease=lease)
    assert expire(database, NOW + 3 * HOUR, limit=1) == 1
    assert get(database, two).state is RefillState.QUEUED
    assert expire(database, NOW + 3 * HOUR) == 1
    states = [get(database, refill_id).state for refill_id in (one, two, three)]
    assert states == [RefillState.QUEUED, RefillState.QUEUED, RefillState.CLAIMED]


def test_of_concurrent_daemons_one_expires_a_lease(database: Database) -> None:
    """Each refill is queued once, with one event."""
    refill_ids = queue(database, *(str(i) for i in range(30)))
    claim(database)
    assert sum(at_once(4, lambda _: expire(database, NOW + HOUR))) == 30
    assert {len(events(database, refill_id)) for refill_id in refill_ids} == {3}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_overdue_lease_is_valid_until_it_is_expired(
    database: Database, claimed: ClaimedRefill, action: str
) -> None:
    """A slightly late completion is accepted."""
    assert isinstance(
        finish(database, action, claimed.refill_id, claimed.lease_token, NOW + DAY), RefillState
    )
