"""Several daemons ask one source: who looks into its budget holds it until what was taken is noted."""

from shop import NOW, at_once

from storage import sources
from storage.engine import Database

DAEMONS = 6


def test_the_last_place_in_a_budget_is_taken_once(database: Database) -> None:
    """Also of a source that was never refused, of which nothing is remembered but its requests."""
    sent = []

    def take_a_place(number: int) -> None:
        with database.write() as connection:
            sources.breaker(connection, "graph")
            if not sources.latest_requests(connection, "graph", 1):
                sources.note_requests(connection, "graph", NOW, 1)
                sent.append(number)

    at_once(DAEMONS, take_a_place)
    assert len(sent) == 1
