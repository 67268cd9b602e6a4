"""The checker notices each way in which a database or an answer can be wrong."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage import leases
from storage.actor import Actor, acting
from storage.leases import Failure
from tests import lease_calls
from tests.builders import HOUR, NOW
from tests.faults.checker import faults, not_made_good
from tests.faults.log_checker import broken_promises
from tests.faults.stored_rows import StoredRows, stored_rows
from tests.refilld.queue_world import QueueWorld, queue_world

SOLD = {"1": 100, "2": 100, "3": 100, "4": 100}


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[QueueWorld]:
    """Four refills: completed at the second attempt, claimed, dead, and queued."""
    with queue_world(tmp_path) as world, acting(Actor("somebody")):
        world.queue(*SOLD)
        with world.database.write() as tx:
            first, _, third = leases.claim(tx, NOW, limit=3, lease=HOUR)
            lease_calls.release(tx, first.refill_id, first.lease_token, NOW)
            lease_calls.fail(tx, third.refill_id, third.lease_token, NOW, Failure("no", retryable=False), 10)
        with world.database.write() as tx:
            again = {row.order_id: row for row in leases.claim(tx, NOW, limit=2, lease=HOUR)}
            lease_calls.complete(tx, again["1"].refill_id, again["1"].lease_token, NOW)
            lease_calls.release(tx, again["4"].refill_id, again["4"].lease_token, NOW)
        yield world


def rows_after(world: QueueWorld, *statements: str) -> StoredRows:
    """The rows after somebody has changed the file, without its constraints."""
    with closing(sqlite3.connect(world.path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement)
    return stored_rows(f"sqlite:///{world.path}")


def token(world: QueueWorld, refill_id: int) -> str:
    row = world.row(refill_id)
    return str(row.done_token or row.lease_token)


def test_a_queue_in_which_all_is_right_has_no_faults(queue: QueueWorld) -> None:
    assert faults(rows_after(queue)) == []


COPIED = "drop_id, metric, quantity, reason, state, attempt, created_at, available_at"
TWICE = (
    f"INSERT INTO refills (refill_id, order_id, number, {COPIED}) "
    f"SELECT 9, order_id, 2, {COPIED} FROM refills WHERE refill_id = 4"
)
CORRUPTIONS = {
    "a refill is lost": (["DELETE FROM refills WHERE refill_id = 4"], "refill 4 is lost"),
    "a state changes without history": (
        ["UPDATE refills SET state = 'cancelled' WHERE refill_id = 4"],
        "refill 4 is cancelled, but its history",
    ),
    "a change is missing from the history": (
        ["DELETE FROM refill_events WHERE refill_id = 1 AND state = 'claimed'"],
        "refill 1 went from queued to queued",
    ),
    "a history has no beginning": (
        ["DELETE FROM refill_events WHERE refill_id = 2 AND state = 'queued'"],
        "refill 2 went from nothing to claimed",
    ),
    "a refill is completed twice": (
        ["INSERT INTO refill_events (refill_id, at, state, detail) VALUES (1, 1, 'completed', '')"],
        "refill 1 was completed twice",
    ),
    "a completion is not that of a consumer": (
        ["UPDATE refills SET done_action = 'release' WHERE refill_id = 1"],
        "refill 1 is completed by release",
    ),
    "a change is missing from the audit": (
        ["DELETE FROM events WHERE refill_id = 1 AND kind = 'refill.completed'"],
        "refill 1: the audit has",
    ),
    "the death is missing from the audit": (
        ["DELETE FROM events WHERE kind = 'refill.dead'"],
        "refill 3: the audit has",
    ),
    "the audit names another state": (
        ["UPDATE events SET payload = replace(payload, '\"queued\"', '\"held\"') WHERE refill_id = 2"],
        "refill 2: the audit has",
    ),
    "nobody is named for a change": (
        ["UPDATE events SET actor = '' WHERE refill_id = 2"],
        "of refill 2 has no actor",
    ),
    "an order has two open refills": (
        ["DROP INDEX uq_refills_one_open_per_order",
         TWICE,
         "INSERT INTO refill_events (refill_id, at, state, detail) VALUES (9, 1, 'queued', '')"],
        "order 4 had several open refills: [4, 9]",
    ),
    "a decision has no refill": (
        ["UPDATE decisions SET drop_id = 99 WHERE order_id = '4'"],
        "order 4 is owed 100, its refills of the drop are []",
    ),
    "a refill has no decision": (
        ["DELETE FROM decisions WHERE order_id = '4'"],
        "refill 4 has no decision",
    ),
    "a refill has more units than are owed": (
        ["UPDATE refills SET quantity = 101 WHERE refill_id = 4"],
        "order 4 is owed 100",
    ),
    "other units were queued": (
        ["UPDATE queued_units SET units = 99 WHERE refill_id = 4"],
        "refill 4: queued 99 units, owed 100",
    ),
    "queued units are not counted": (
        ["DELETE FROM queued_units WHERE refill_id = 4"],
        "refill 4: queued None units, owed 100",
    ),
}  # fmt: skip
"""How somebody spoils the database, and a part of what the checker then finds."""


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_the_checker_finds_a_corruption_of_the_database(queue: QueueWorld, corruption: str) -> None:
    statements, fault = CORRUPTIONS[corruption]
    found = faults(rows_after(queue, *statements))
    assert any(fault in line for line in found), found


Lines = list[dict[str, Any]]


def honest(world: QueueWorld) -> Lines:
    """What consumers and producers have been told so far."""
    done = {"call": "complete", "refill": 1, "token": token(world, 1), "status": 200}
    return [
        {"sell": SOLD, "key": "k"},
        {"answered": "k", "status": 200, "results": ["added"] * len(SOLD)},
        {"claimed": 1, "token": "early"},
        {"call": "release", "refill": 1, "token": "early", "status": 200},
        {"claimed": 1, "token": token(world, 1)},
        done,
        done,
        {"call": "complete", "refill": 1, "token": "early", "status": 409},
    ]


def test_answers_that_were_kept_are_no_broken_promises(queue: QueueWorld) -> None:
    assert broken_promises(rows_after(queue), honest(queue)) == []


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "an order that was taken": ({"sell": {"5": 1}, "key": "m"}, "order 5 was taken, and is lost"),
    "a batch that was refused": (
        {"answered": "k", "status": 422, "results": []}, "the batch k was answered 422"),
    "a claim": ({"claimed": 4, "token": "x"}, "refill 4 was claimed under ['x', 'y']"),
    "a claim under an old token": ({"claimed": 1, "token": "early"}, "refill 1 was claimed under"),
    "a release": (
        {"call": "release", "refill": 2, "token": "x", "status": 200}, "refill 2 was given back under"),
    "a completion": (
        {"call": "complete", "refill": 4, "token": "x", "status": 200}, "refill 4 was completed under"),
    "a second completion": (
        {"call": "complete", "refill": 1, "token": "early", "status": 200}, "refill 1 was completed under"),
    "a completion of what is lost": (
        {"call": "complete", "refill": 7, "token": "x", "status": 200}, "refill 7 was completed under"),
    "no error of the server": (
        {"call": "complete", "refill": 1, "token": "x", "status": 500},
        "complete of refill 1 was answered 500"),
}  # fmt: skip
MORE: dict[str, dict[str, Any]] = {
    "an order that was taken": {"answered": "m", "status": 200, "results": ["added"]},
    "a claim": {"claimed": 4, "token": "y"},
}
"""A second line of some."""


@pytest.mark.parametrize("lie", LIES)
def test_the_checker_finds_a_broken_promise(queue: QueueWorld, lie: str) -> None:
    line, fault = LIES[lie]
    lines = [*honest(queue), line, *([MORE[lie]] if lie in MORE else [])]
    found = broken_promises(rows_after(queue), lines)
    assert any(fault in one for one in found), found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda lost, _: lost.update({"4": 99}), "order 4: lost 99, owed 100, delivered 100"),
        (lambda lost, _: lost.update({"5": 10}), "order 5: lost 10, owed 0, delivered 0"),
        (lambda _, given: given.remove(("4", 100)), "order 4: lost 100, owed 100, delivered 0"),
        (lambda _, given: given.append(("4", 100)), "order 4: lost 100, owed 100, delivered 200"),
    ],
)
def test_the_checker_finds_a_loss_that_was_not_made_good_once(
    queue: QueueWorld, change: Callable[[dict[str, int], list[tuple[str, int]]], None], fault: str
) -> None:
    lost, delivered = dict(SOLD), list(SOLD.items())
    assert not_made_good(rows_after(queue), lost, delivered) == []
    change(lost, delivered)
    assert not_made_good(rows_after(queue), lost, delivered) == [fault]
