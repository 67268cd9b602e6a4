"""Requests: one is pending at a time, and all of them can be read later."""

from storage import requests
from storage.engine import Database
from tests.builders import HOUR, NOW, an_order
from tests.storage.shop import sell


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
