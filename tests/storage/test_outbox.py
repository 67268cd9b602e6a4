"""The outbox: alerts are rows first, sent at least once, given up after so many failures."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from monitor.alerts.alert import Alert, AlertKind
from storage import outbox
from storage.engine import Database
from storage.outbox import AlertRow
from storage.schema import outbox as table
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW
from tests.storage.shop import at_once, rows_of

UNTIL = NOW + 5 * MINUTE


def put(database: Database, *texts: str, at: datetime = NOW, kind: AlertKind = AlertKind.DROP_HELD) -> None:
    with database.write() as connection:
        for text in texts:
            outbox.add(connection, Alert(kind, text), at)


def claim_due(database: Database, now: datetime = NOW, limit: int = 100) -> list[AlertRow]:
    with database.write() as connection:
        return outbox.take_due(connection, now, UNTIL, limit)


def texts(rows: list[AlertRow]) -> list[str]:
    return [row.text for row in rows]


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_of_alert_survives_the_round_trip(database: Database, kind: AlertKind) -> None:
    """With text, order and link, due at once."""
    alert = Alert(kind, "what happened, and what to do", order_id="17", link="https://example.com/")
    with database.write() as connection:
        outbox.add(connection, alert, NOW)
    (row,) = claim_due(database)
    assert Alert(row.kind, row.text, row.order_id, row.link) == alert
    assert (row.state, row.attempts, row.created_at, row.next_try_at) == ("pending", 0, NOW, NOW)


def test_the_longest_overdue_alerts_go_first_up_to_the_limit(database: Database) -> None:
    """The rest stays due."""
    for minutes in (2, 3, 1):
        put(database, f"{minutes} minutes old", at=NOW - minutes * MINUTE)
    assert texts(claim_due(database, limit=2)) == ["3 minutes old", "2 minutes old"]
    assert texts(claim_due(database, limit=2)) == ["1 minutes old"]


def test_an_alert_is_due_at_its_time_and_not_before(database: Database) -> None:
    """The time itself is included."""
    put(database, "later", at=NOW + HOUR)
    assert claim_due(database, NOW + HOUR - INSTANT) == []
    assert texts(claim_due(database, NOW + HOUR)) == ["later"]


def test_a_claimed_alert_is_claimed_again_after_its_time(database: Database) -> None:
    """A process killed while sending loses no alert."""
    put(database, "a")
    assert texts(claim_due(database)) == ["a"]
    assert claim_due(database, UNTIL - INSTANT) == []
    assert texts(claim_due(database, UNTIL)) == ["a"]


def test_concurrent_processes_never_claim_the_same_alert(database: Database) -> None:
    """Each alert is sent by one of them."""
    put(database, *(f"alert {i}" for i in range(60)))
    taken = [text for rows in at_once(6, lambda _: claim_due(database, limit=10)) for text in texts(rows)]
    assert sorted(taken) == sorted({*taken})
    assert sorted(taken + texts(claim_due(database))) == sorted(f"alert {i}" for i in range(60))


def test_a_sent_alert_is_kept_and_never_sent_again(database: Database) -> None:
    """With the time it went out."""
    put(database, "a", "b")
    rows = claim_due(database)
    with database.write() as connection:
        outbox.sent(connection, [rows[0].alert_id], NOW + MINUTE)
    first = rows_of(database, "outbox")[0]
    assert (first.state, first.sent_at, first.next_try_at) == ("sent", NOW + MINUTE, None)
    assert texts(claim_due(database, NOW + DAY)) == ["b"]


def test_an_alert_without_a_channel_is_kept(database: Database) -> None:
    """A channel configured later does not send it."""
    put(database, "a")
    with database.write() as connection:
        outbox.kept(connection, [row.alert_id for row in outbox.take_due(connection, NOW, UNTIL, 10)])
    assert [row.state for row in rows_of(database, "outbox")] == ["kept"]
    assert claim_due(database, NOW + DAY) == []


def test_an_empty_round_changes_no_row(database: Database) -> None:
    """An empty round touches no row."""
    put(database, "a", at=NOW + DAY)
    before = rows_of(database, "outbox")
    with database.write() as connection:
        assert outbox.take_due(connection, NOW, UNTIL, 10) == []
        outbox.sent(connection, [], NOW)
        outbox.kept(connection, [])
        outbox.failed(connection, [], "no", NOW)
    assert rows_of(database, "outbox") == before


def test_a_failed_alert_is_retried_with_growing_waits_and_then_given_up(database: Database) -> None:
    """30 seconds, then twice as long after each further failure; after the twelfth it is given up."""
    put(database, "a")
    waits: list[timedelta] = []
    now = NOW
    while rows := claim_due(database, now):
        with database.write() as connection:
            outbox.failed(connection, rows, f"failure {len(waits) + 1}", now)
        (row,) = rows_of(database, "outbox")
        waits.append(row.next_try_at and (row.next_try_at - now).total_seconds())
        now = row.next_try_at or now + 365 * DAY
    assert waits == [30 * 2**i for i in range(11)] + [None]
    assert (row.state, row.attempts, row.last_error) == ("failed", 12, "failure 12")


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
