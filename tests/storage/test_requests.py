"""Requests: one is pending at a time, and all of them can be read later."""

from monitor.model.refill import RefillState
from storage import requests
from storage.engine import Database
from tests.builders import HOUR, INSTANT, NOW, an_order
from tests.storage.shop import bring_to, sell


def test_the_requests_about_an_order_are_read_oldest_first(database: Database) -> None:
    """With the time of the answer, and without those about other orders."""
    sell(database, an_order("1"), an_order("2"))
    with database.write() as connection:
        requests.ask(connection, "1", NOW)
        requests.answered(connection, "1", NOW + HOUR)
        requests.ask(connection, "1", NOW + 2 * HOUR)
        requests.ask(connection, "2", NOW)
    with database.read() as connection:
        found = [(row.at, row.answered_at) for row in requests.of_order(connection, "1")]
    assert found == [(NOW, NOW + HOUR), (NOW + 2 * HOUR, None)]


def test_the_result_of_a_request_is_the_refill_that_was_decided_while_it_stood(database: Database) -> None:
    """Not an earlier or a later one; without an answer it may still come."""
    sell(database, an_order("1"), an_order("2", "other"))
    with database.write() as connection:
        bring_to(connection, "1", RefillState.COMPLETED, NOW - HOUR)
        for hours in (0, 2):
            requests.ask(connection, "1", NOW + hours * HOUR)
            requests.answered(connection, "1", NOW + (hours + 1) * HOUR)
        bring_to(connection, "1", RefillState.DEAD, NOW + 3 * HOUR)
        bring_to(connection, "1", RefillState.QUEUED, NOW + 3 * HOUR + INSTANT)
        requests.ask(connection, "2", NOW)
        newest = requests.newest_id(connection, "2")
        found = requests.results(connection, range(newest - 2, newest + 2))
    pairs = {number - newest: (one.request.order_id, one.refill) for number, one in found.items()}
    assert pairs == {-2: ("1", None), -1: ("1", RefillState.DEAD), 0: ("2", None)}


def test_a_look_that_began_before_a_request_may_answer_it(database: Database) -> None:
    """The refill then has the time of the look, and so has the answer."""
    sell(database, an_order("1"))
    with database.write() as connection:
        bring_to(connection, "1", RefillState.COMPLETED, NOW - HOUR)
        requests.ask(connection, "1", NOW)
        bring_to(connection, "1", RefillState.QUEUED, NOW - INSTANT)
        requests.answered(connection, "1", NOW - INSTANT)
        number = requests.newest_id(connection, "1")
        found = requests.results(connection, [number])
    assert found[number].refill is RefillState.QUEUED
