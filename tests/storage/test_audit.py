"""The audit trail: each change by a person or a program is an event, with who, when, from, to and why."""

from dataclasses import replace
from typing import Any

from monitor.events.kind import EventKind
from monitor.model.order import Flag
from monitor.model.refill import RefillState
from storage import (
    event_list,
    flags,
    leases,
    operator_actions,
    order_corrections,
    requests,
    review_list,
    reviews,
    tokens,
)
from storage.actor import Actor, acting
from storage.engine import Database
from storage.event_list import EventFilter
from storage.events import EventRow
from storage.reviews import ReviewFilter, ReviewState
from storage.tokens import Scope
from tests import lease_calls
from tests.builders import DAY, HOUR, NOW, an_order
from tests.pages import rows_of_list
from tests.storage.shop import ATTEMPTS, bring_to, owe, sell

SUPPORT = Actor("token support", "request-7")


def trail(database: Database, limit: int = 99, **which: Any) -> list[EventRow]:
    with database.read() as connection:
        return rows_of_list(event_list.page, connection, EventFilter(**which), limit)


def newest(database: Database, **which: Any) -> EventRow:
    return trail(database, **which)[0]


def test_a_change_names_who_made_it_and_the_request(database: Database) -> None:
    """A thread without an actor stores none."""
    sell(database, an_order("1"))
    with acting(SUPPORT), database.write() as connection:
        flags.set_flag(connection, "1", Flag.DISPUTE, NOW)
        flags.lift_flag(connection, "1", Flag.DISPUTE, NOW)
    lifted, was_set, imported = trail(database)
    assert [one.kind for one in (lifted, was_set)] == [EventKind.ORDER_UNFLAGGED, EventKind.ORDER_FLAGGED]
    assert {(one.actor, one.request_id) for one in (lifted, was_set)} == {("token support", "request-7")}
    assert (imported.kind, imported.actor) == (EventKind.ORDERS_IMPORTED, "")


def test_a_request_of_a_customer_names_who_passed_it_on(database: Database) -> None:
    sell(database, an_order("1"))
    with acting(SUPPORT), database.write() as connection:
        requests.ask(connection, "1", NOW, granted=False)
    asked = newest(database, order_id="1")
    assert (asked.kind, asked.actor) == (EventKind.REFILL_REQUESTED, "token support")
    assert asked.payload == {"granted": False}


def test_an_import_shows_what_it_changed(database: Database) -> None:
    """From what to what; a customer and his link are not in it, and an unchanged row makes no event."""
    sell(database, an_order("1", remains=10, customer="Erika"))
    sell(database, replace(an_order("1", remains=10, customer="Erika"), provider="north", customer="Max"))
    summary, updated, _first = trail(database)
    assert updated.payload == {"changes": ["provider: none → north", "customer: changed"]}
    assert (updated.subject.order_id, updated.subject.provider) == ("1", "north")
    assert summary.payload == {"added": 0, "updated": 1, "unchanged": 0}
    before = trail(database)
    sell(database, replace(an_order("1", remains=10, customer="Max"), provider="north"))
    assert trail(database) == before


def test_each_move_of_a_refill_is_an_event(database: Database) -> None:
    """With its units and the state before; a dead one is told by its alert."""
    sell(database, an_order("1"))
    with database.write() as connection:
        refill_id = owe(connection, "1")
        (claimed,) = leases.claim(connection, NOW, limit=1, lease=HOUR, consumer="panel")
        failure = leases.Failure("no such user", retryable=False)
        lease_calls.fail(connection, refill_id, claimed.lease_token, NOW, failure, ATTEMPTS)
        operator_actions.act(connection, refill_id, "cancel", NOW)
    moves = [one for one in trail(database, order_id="1") if one.kind.startswith("refill.")]
    assert [one.kind for one in reversed(moves)] == [
        EventKind.REFILL_QUEUED, EventKind.REFILL_CLAIMED, EventKind.REFILL_DEAD, EventKind.REFILL_CANCELLED,
    ]  # fmt: skip
    cancelled = moves[0]
    assert cancelled.payload == {
        "before": "dead", "after": "cancelled", "quantity": 300, "why": "cancel by an operator",
    }  # fmt: skip
    assert cancelled.subject.refill_id == refill_id


def test_corrections_reviews_and_tokens_are_events(database: Database) -> None:
    sell(database, an_order("1", start_count=1000))
    with database.write() as connection:
        order_corrections.correct_start_count(connection, "1", 900, NOW, "typed wrong")
    assert newest(database).payload == {
        "field": "start_count", "before": 1000, "after": 900, "comment": "typed wrong",
    }  # fmt: skip
    with database.write() as connection:
        bring_to(connection, "1", RefillState.DEAD)
        (review,) = rows_of_list(review_list.page, connection, ReviewFilter(state=ReviewState.OPEN))
        reviews.close(connection, review.review_id, "paid back", NOW)
    assert newest(database).payload == {"review_id": review.review_id, "note": "paid back"}
    with database.write() as connection:
        tokens.create(connection, "panel", [Scope.ORDERS_READ], NOW)
        (token,) = tokens.listed(connection)
        tokens.revoke(connection, token.token_id, NOW)
    revoked, created = trail(database)[:2]
    assert (created.kind, revoked.kind) == (EventKind.TOKEN_CREATED, EventKind.TOKEN_REVOKED)
    assert revoked.payload == {"token_id": token.token_id, "name": "panel", "scopes": ["orders:read"]}


def test_what_jobs_did_is_shown_on_request(database: Database) -> None:
    """They fill the trail otherwise; a name that begins like theirs is another one's."""
    sell(database, an_order("1"))
    for who in ("job leases", "jobber", "cli root"):
        with acting(Actor(who)), database.write() as connection:
            flags.set_flag(connection, "1", Flag.HOLD, NOW)
            flags.lift_flag(connection, "1", Flag.HOLD, NOW)
    people = {one.actor for one in trail(database, jobs=False)}
    assert people == {"", "jobber", "cli root"}
    assert {one.actor for one in trail(database)} == people | {"job leases"}
    assert {one.actor for one in trail(database, actor="job l")} == {"job leases"}


def test_the_trail_is_filtered_by_order_time_and_actor(database: Database) -> None:
    sell(database, an_order("1"), an_order("2", profile="b"), now=NOW - DAY)
    for order_id, who in (("1", "cli root"), ("2", "token a_b")):
        with acting(Actor(who)), database.write() as connection:
            flags.set_flag(connection, order_id, Flag.HOLD, NOW)
    assert {one.subject.order_id for one in trail(database, order_id="1")} == {"1"}
    assert len(trail(database, since=NOW)) == 2
    assert [one.subject.order_id for one in trail(database, actor="a_b")] == ["2"]
    assert trail(database, actor="aXb") == []
    assert len(trail(database, limit=1)) == 1
