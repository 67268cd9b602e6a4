"""Lists over HTTP: filters, pages that stay right under writes, and the address of the next page."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from monitor.model.order import Flag
from storage import flags
from storage.tokens import Scope
from tests.refilld.queue_world import Caller, QueueWorld

NOUNS = ("orders", "drops", "decisions", "refills", "events")
SCOPES = {"refills": Scope.REFILLS_CONSUME, "events": Scope.EVENTS_READ}
IDS = {
    "orders": "order_id",
    "drops": "drop_id",
    "decisions": "decision_id",
    "refills": "refill_id",
    "events": "event_id",
}


def ask(caller: Caller, address: str) -> TestResponse:
    return caller.client.get(address, headers=caller.headers)


def found(caller: Caller, noun: str, query: str = "") -> list[dict[str, Any]]:
    """The rows of all pages."""
    rows: list[dict[str, Any]] = []
    address: str | None = f"/api/v1/{noun}?{query}"
    while address is not None:
        answer = ask(caller, address)
        assert answer.status_code == 200, answer.text
        page = answer.get_json()
        rows += page[noun]
        address = page["next"]
    return rows


@pytest.mark.parametrize("noun", NOUNS)
def test_pages_show_every_row_once_while_rows_are_added(world: QueueWorld, noun: str) -> None:
    """Following `next` neither repeats nor skips a row that was there at the first page."""
    world.queue(*map(str, range(5)))
    caller = world.caller()
    before = [row[IDS[noun]] for row in found(caller, noun, "limit=1000")]
    answer = ask(caller, f"/api/v1/{noun}?limit=2")
    seen = [row[IDS[noun]] for row in answer.get_json()[noun]]
    while (address := answer.get_json()["next"]) is not None:
        assert answer.headers["Link"] == f'<{address}>; rel="next"'
        world.queue(f"new {len(seen)}")
        answer = ask(caller, address)
        seen += [row[IDS[noun]] for row in answer.get_json()[noun]]
    assert [one for one in seen if one in before] == before
    assert len(set(seen)) == len(seen)
    assert "Link" not in answer.headers


@pytest.mark.parametrize("noun", NOUNS)
def test_the_oldest_can_come_first(world: QueueWorld, noun: str) -> None:
    world.queue("1", "2", "3")
    caller = world.caller()
    oldest = found(caller, noun, "sort=oldest&limit=2")
    assert oldest == found(caller, noun)[::-1]


@pytest.mark.parametrize("noun", NOUNS)
def test_each_list_needs_its_scope(world: QueueWorld, noun: str) -> None:
    """A storefront that reads orders does not see who signed in."""
    needed = SCOPES.get(noun, Scope.ORDERS_READ)
    assert ask(world.caller(needed), f"/api/v1/{noun}").status_code == 200
    others = set(Scope) - {needed, Scope.REFILLS_MANAGE}
    assert ask(world.caller(*others), f"/api/v1/{noun}").status_code == 403


@pytest.mark.parametrize(
    ("noun", "query", "expected"),
    [
        ("orders", "status=Completed&service=1234&provider=acme", {"1", "2", "3"}),
        ("orders", "link=@profile.2", {"2"}),
        ("orders", "flag=dispute", {"3"}),
        ("orders", "status=Pending", set()),
        ("drops", "decision=hold", {"1"}),
        ("drops", "order_id=2", {"2"}),
        ("drops", "state=held&metric=followers", {"1"}),
        ("decisions", "decision=hold", {"1"}),
        ("decisions", "reason=drop_confirmed&since=1h", {"2", "3"}),
        ("refills", "state=held", {"1"}),
        ("refills", "reason=drop_confirmed&before=1h", set()),
        ("events", "order_id=3&kind=order.flagged", {"3"}),
        ("events", "actor_kind=token", set()),
    ],
)
def test_a_list_shows_what_its_filter_finds(
    world: QueueWorld, noun: str, query: str, expected: set[str]
) -> None:
    world.queue("1", held=True)
    world.queue("2", "3")
    with world.database.write() as tx:
        flags.set_flag(tx, "3", Flag.DISPUTE, world.now)
    rows = found(world.caller(), noun, query)
    assert {row.get("order_id") or row["subject"]["order_id"] for row in rows} == expected


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=1_0", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=1001", "limit"),
        ("cursor=7", "cursor"),
        ("sort=up", "sort"),
        ("order_id=", "order_id"),
        ("limit=1&limit=2", "limit"),
        ("colour=red", "colour"),
        ("link=https://example.com/x", "link"),
        ("since=yesterday", "since"),
        ("since=%FF", "query"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(
    world: QueueWorld, noun: str, query: str, field: str
) -> None:
    """It must not find everything."""
    answer = ask(world.caller(), f"/api/v1/{noun}?{query}")
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert field in [fault["field"] for fault in answer.get_json()["errors"]]


@pytest.mark.parametrize(
    ("query", "remedy"),
    [
        ("limit=0", "write a number from 1 to 1,000"),
        ("limit=1001", "write a number from 1 to 1,000"),
        ("status=completed", "write one of Pending, In progress"),
    ],
)
def test_a_refused_filter_is_told_what_to_write(world: QueueWorld, query: str, remedy: str) -> None:
    assert remedy in ask(world.caller(), f"/api/v1/orders?{query}").get_json()["detail"]


def test_an_order_in_a_list_tells_what_is_open_on_it(world: QueueWorld) -> None:
    world.queue("1")
    (row,) = found(world.caller(), "orders")
    assert row["link"] == "https://www.instagram.com/profile.1/"
    assert (row["refill_state"], row["flags"], row["quantity"]) == ("queued", [], 1000)
    assert row["completed_at"] == "2026-02-24T12:00:00Z"


def test_an_event_tells_who_what_and_in_words(world: QueueWorld) -> None:
    """With the actor, so that the trail can be read by a program."""
    world.queue("1")
    caller = world.caller()
    caller.client.put("/api/v1/orders/1/flags/hold", headers=caller.headers, json={"comment": "asked"})
    row = found(caller, "events", "kind=order.flagged")[0]
    assert row["actor"] == "token test"
    assert row["payload"]["comment"] == "asked"
    assert row["subject"] == {"order_id": "1"}
    assert "hold" in row["text"]
