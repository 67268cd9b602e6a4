"""The outbox: alerts are rows first; each waits for its deliveries."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from monitor.alerts.alert import Alert, AlertKind
from storage import outbox
from storage.alert_tables import outbox as table
from storage.engine import Database
from storage.outbox import AlertRow
from tests.builders import NOW
from tests.storage.shop import rows_of


def put(database: Database, *texts: str, at: datetime = NOW, kind: AlertKind = AlertKind.DROP_HELD) -> None:
    with database.write() as connection:
        for text in texts:
            outbox.add(connection, Alert(kind, text), at)


def texts(rows: list[AlertRow]) -> list[str]:
    return [row.text for row in rows]


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_of_alert_survives_the_round_trip(database: Database, kind: AlertKind) -> None:
    """With text, order and link, due at once."""
    alert = Alert(kind, "what happened, and what to do", order_id="17", link="https://example.com/")
    with database.write() as connection:
        outbox.add(connection, alert, NOW)
        (row,) = outbox.listed(connection, limit=9, about_drops=kind.startswith("drop."))
    assert Alert(row.kind, row.text, row.order_id, row.link) == alert
    assert (row.state, row.attempts, row.created_at, row.next_try_at) == ("pending", 0, NOW, NOW)


def test_a_kept_alert_is_pending_no_more(database: Database) -> None:
    """There was no channel."""
    put(database, "a")
    with database.write() as connection:
        outbox.kept(connection, [rows_of(database, "outbox")[0].alert_id])
    assert [(row.state, row.next_try_at) for row in rows_of(database, "outbox")] == [("kept", None)]


def test_alerts_about_drops_and_others_are_listed_separately_newest_first(database: Database) -> None:
    """So that alerts about drops do not hide those about sources."""
    put(database, "drop 1")
    put(database, "blocked", kind=AlertKind.SOURCE_BLOCKED)
    put(database, "drop 2", kind=AlertKind.DROP_CONFIRMED)
    put(database, "dead", kind=AlertKind.REFILL_DEAD)
    with database.read() as connection:
        assert texts(outbox.listed(connection, limit=10, about_drops=True)) == ["drop 2", "drop 1"]
        assert texts(outbox.listed(connection, limit=10, about_drops=False)) == ["dead", "blocked"]
        assert texts(outbox.listed(connection, limit=1, about_drops=True)) == ["drop 2"]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"state": "lost", "next_try_at": None}, "ck_outbox_known_state"),
        ({"next_try_at": None}, "ck_outbox_pending_has_a_time"),
        ({"state": "kept"}, "ck_outbox_pending_has_a_time"),
        ({"state": "sent", "next_try_at": None}, "ck_outbox_sent_has_a_time"),
        ({"sent_at": NOW}, "ck_outbox_sent_has_a_time"),
    ],
)
def test_the_database_refuses_an_impossible_alert(
    database: Database, change: dict[str, Any], constraint: str
) -> None:
    """Pending has a time to try, sent has a time of sending, and there are no other states."""
    put(database, "a")
    with pytest.raises(IntegrityError, match=constraint), database.write() as connection:
        connection.execute(update(table).values(change))
