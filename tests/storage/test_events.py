"""Events: each is a row first, with its payload as JSON; alerts are listed with their delivery."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.events.catalogue import CATALOGUE, VERSION, severity_of, status_of
from monitor.events.event import Event, Subject
from monitor.events.kind import EventKind
from monitor.events.severity import Status
from monitor.events.sources import source_blocked, source_ready
from monitor.model.target import Metric
from storage import alert_list, alert_states, event_list, events
from storage.alert_list import AlertFilter, AlertRow
from storage.alert_tables import events as table
from storage.engine import Database
from storage.event_list import EventFilter
from tests.builders import HOUR, NOW, an_event
from tests.pages import rows_of_list
from tests.storage.shop import alerts_of


def put(database: Database, *added: Event, keep: bool = False) -> None:
    with database.write() as connection:
        for event in added:
            events.add(connection, event, NOW, keep=keep)


def listed(database: Database, limit: int = 9, **which: Any) -> list[AlertRow]:
    with database.read() as connection:
        return rows_of_list(alert_list.page, connection, AlertFilter(**which), limit)


def texts(rows: list[AlertRow]) -> list[str]:
    return [row.event.payload["text"] for row in rows]


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_survives_the_round_trip(database: Database, kind: EventKind) -> None:
    """With its subject, and the severity and status that the catalogue gives it."""
    subject = Subject("17", 5, "https://example.com/", Metric.LIKES, "graph", "1", "north")
    put(database, Event(kind, an_event(kind, "a <text> ä").payload, subject))
    with database.read() as connection:
        (event,) = rows_of_list(event_list.page, connection, EventFilter())
    assert (event.kind, event.subject, event.at) == (kind, subject, NOW)
    assert event.payload == {"text": "a <text> ä"}
    assert (event.severity, event.status) == (severity_of(kind), status_of(kind))
    alerts = listed(database, about_drops=kind.startswith("drop."))
    assert [row.state for row in alerts] == ["pending"] * CATALOGUE[kind].alert


def test_every_kind_is_in_the_catalogue() -> None:
    assert set(CATALOGUE) == set(EventKind)


def test_a_payload_is_stored_as_plain_json(database: Database) -> None:
    """Times in RFC 3339; with the version of its fields."""
    put(database, source_blocked("graph", "rate_limited", NOW + HOUR))
    (row,) = listed(database)
    until = (NOW + HOUR).isoformat().replace("+00:00", "Z")
    assert row.event.payload == {"reason": "rate_limited", "detail": "", "until": until}
    assert row.event.version == VERSION


def test_a_problem_and_its_end_share_their_key(database: Database) -> None:
    """Another source has another one; what has no end has one of its own each time."""
    put(database, source_blocked("graph", "blocked", None), source_ready("graph", NOW, NOW))
    put(database, source_blocked("instaloader", "blocked", None))
    ready, blocked = (row.event for row in listed(database)[1:])
    assert [event.status for event in (ready, blocked)] == [Status.RESOLVED, Status.FIRING]
    assert ready.dedup_key == blocked.dedup_key != listed(database)[0].event.dedup_key


def test_a_kept_alert_is_listed_and_never_pending(database: Database) -> None:
    """In shadow mode, and when there was no channel."""
    put(database, an_event(EventKind.DROP_HELD, "a"), keep=True)
    put(database, an_event(EventKind.DROP_HELD, "b"))
    with database.write() as connection:
        alert_states.keep(connection, [alerts_of(database)[1].event_id])
    assert [row.alert for row in alerts_of(database)] == ["kept", "kept"]
    assert texts(listed(database)) == ["b", "a"]


def test_alerts_about_drops_and_others_are_listed_separately_newest_first(database: Database) -> None:
    """So that alerts about drops do not hide those about sources."""
    put(database, an_event(EventKind.DROP_HELD, "drop 1"), an_event(EventKind.SOURCE_BLOCKED, "blocked"))
    put(database, an_event(EventKind.DROP_CONFIRMED, "drop 2"), an_event(EventKind.REFILL_DEAD, "dead"))
    assert texts(listed(database, about_drops=True)) == ["drop 2", "drop 1"]
    assert texts(listed(database, about_drops=False)) == ["dead", "blocked"]
    assert texts(listed(database, limit=1, about_drops=True)) == ["drop 2"]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"alert": "lost"}, "ck_events_known_alert"),
        ({"status": "over"}, "ck_events_known_status"),
        ({"severity": "grave"}, "ck_events_known_severity"),
    ],
)
def test_the_database_refuses_an_impossible_event(
    database: Database, change: dict[str, str], constraint: str
) -> None:
    put(database, an_event(EventKind.DROP_HELD, "a"))
    text = ", ".join(f"{name} = '{value}'" for name, value in change.items())
    with pytest.raises(IntegrityError, match=constraint), database.write() as connection:
        connection.exec_driver_sql(f"UPDATE {table.name} SET {text}")
