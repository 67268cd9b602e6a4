"""Problems that last are those whose newest event is a beginning; what has no end is found for a time."""

from monitor.events.event import Event
from monitor.events.examples import example_of
from monitor.events.kind import EventKind
from monitor.events.sources import source_blocked, source_ready
from storage import events, incident_events
from storage.engine import Database
from tests.alert_job import routed
from tests.builders import HOUR, MINUTE, NOW, an_event


def add(database: Database, *found: Event) -> None:
    with database.write() as tx:
        for number, event in enumerate(found):
            events.add(tx, event, NOW + number * MINUTE)
            routed(tx, NOW + number * MINUTE)


def test_a_problem_lasts_until_its_end_and_again_after_a_new_beginning(database: Database) -> None:
    """Each problem by itself, once, as it began last."""
    graph, other = source_blocked("graph", "refused", None), source_blocked("other", "refused", None)
    add(
        database, graph, graph, other, source_ready("graph", NOW, NOW), graph, source_ready("other", NOW, NOW)
    )
    with database.read() as tx:
        assert [(row.subject.source, row.at) for row in incident_events.lasting(tx)] == [
            ("graph", NOW + 4 * MINUTE)
        ]


def test_a_beginning_of_the_first_release_does_not_last(database: Database) -> None:
    """Its end has another key, so it would last forever."""
    add(database, an_event(EventKind.SOURCE_BLOCKED, "an old text"))
    with database.read() as tx:
        assert incident_events.lasting(tx) == []


def test_only_alerts_without_an_end_since_then_have_occurred(database: Database) -> None:
    """Neither problems, nor what is no alert, nor what is older."""
    kinds = (EventKind.DROP_HELD, EventKind.SOURCE_BLOCKED, EventKind.ORDER_FLAGGED, EventKind.REFILL_DEAD)
    add(database, *map(example_of, kinds))
    with database.read() as tx:
        since_then = incident_events.occurred(tx, NOW + MINUTE)
        assert [row.kind for row in since_then] == [EventKind.REFILL_DEAD]
        assert incident_events.occurred(tx, NOW + HOUR) == []
