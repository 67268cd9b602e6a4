"""Deliveries: each channel takes each alert once; a channel that comes or goes changes nothing for others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from monitor.alerts.retries import GIVE_UP_AFTER, LONGEST_LIMIT, MAX_ATTEMPTS
from monitor.alerts.routes import DEFAULT
from storage import alert_list, deliveries, notifications
from storage.alert_list import AlertFilter, AlertRow
from storage.alert_tables import deliveries as table
from storage.deliveries import DueDelivery
from storage.engine import Database
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW
from tests.notification_rows import tell
from tests.pages import rows_of_list
from tests.storage.shop import alerts_of, at_once, rows_of


def put(database: Database, *texts: str, channels: Sequence[str] | None = ("a", "b")) -> None:
    """Add alerts, and their deliveries to these channels; no deliveries yet if None."""
    with database.write() as tx:
        tell(tx, texts, NOW)
    if channels is not None:
        plan(database, *channels)


def plan(database: Database, *channels: str) -> None:
    with database.write() as tx:
        deliveries.register(tx, channels, NOW)
        notifications.plan(tx, {DEFAULT: channels}, NOW)


def due(database: Database, channel: str, now: Any = NOW) -> list[DueDelivery]:
    with database.read() as tx:
        return deliveries.due(tx, channel, now, 100)


def texts(database: Database, channel: str) -> list[str]:
    return [row.event.payload["text"] for row in due(database, channel)]


def take(database: Database, channel: str, *taken: str) -> None:
    with database.write() as tx:
        due_rows = deliveries.due(tx, channel, NOW, 100)
        rows = [row for row in due_rows if row.event.payload["text"] in taken]
        deliveries.sent(tx, channel, rows, NOW)


def states(database: Database) -> list[str]:
    return [row.alert for row in alerts_of(database)]


def alerts(database: Database) -> list[AlertRow]:
    with database.read() as tx:
        return rows_of_list(alert_list.page, tx, AlertFilter())


def test_every_channel_gets_every_alert(database: Database) -> None:
    """Also when the job comes by twice."""
    put(database, "1", "2")
    plan(database, "a", "b")
    assert (texts(database, "a"), texts(database, "b")) == (["1", "2"], ["1", "2"])


def test_an_alert_is_sent_when_no_channel_is_left_that_is_still_to_take_it(database: Database) -> None:
    """And nothing is due a second time at a channel that has taken it."""
    put(database, "1")
    take(database, "a", "1")
    assert (states(database), texts(database, "a"), texts(database, "b")) == (["pending"], [], ["1"])
    take(database, "b", "1")
    (row,) = alerts(database)
    assert (row.state, row.sent_at, row.next_try_at) == ("sent", NOW, None)


def test_a_new_channel_gets_only_new_alerts(database: Database) -> None:
    """Those that wait for another channel are not new."""
    put(database, "old")
    put(database, "new", channels=("a", "b", "c"))
    assert texts(database, "c") == ["new"]


def test_a_removed_channel_holds_no_alert_up(database: Database) -> None:
    """What another one has taken is sent; what it still has to take is pending there only."""
    put(database, "taken", "pending")
    take(database, "a", "taken")
    plan(database, "a")
    assert (states(database), texts(database, "a"), texts(database, "b")) == (
        ["sent", "pending"], ["pending"], [],
    )  # fmt: skip


def test_an_alert_that_no_channel_has_taken_goes_to_the_ones_that_replace_them(database: Database) -> None:
    """An operator who corrects the only URL gets what it had refused."""
    put(database, "1", channels=["mistyped"])
    plan(database, "right")
    assert texts(database, "right") == ["1"]


def test_without_a_channel_alerts_are_kept(database: Database) -> None:
    """Also those that the last channel had not taken; a channel configured later does not send them."""
    put(database, "1")
    plan(database)
    put(database, "2", channels=())
    assert states(database) == ["kept", "kept"]
    plan(database, "a")
    assert texts(database, "a") == []


def test_a_channel_is_reserved_for_one_process(database: Database) -> None:
    """Until the end of its round, or the time given."""
    put(database, "1")

    def taken(_: int) -> int | None:
        with database.write() as tx:
            return deliveries.take_channel(tx, "a", NOW, NOW + MINUTE)

    assert sorted(map(str, at_once(4, taken))) == ["0", "None", "None", "None"]
    with database.write() as tx:
        assert deliveries.take_channel(tx, "a", NOW + MINUTE - INSTANT, NOW + HOUR) is None
        assert deliveries.take_channel(tx, "b", NOW, NOW + HOUR) == 0
        assert deliveries.take_channel(tx, "a", NOW + MINUTE, NOW + HOUR) == 0


def test_a_channel_rests_after_its_round_and_knows_its_failures(database: Database) -> None:
    """A time that only a wrong clock can have set does not count."""
    put(database, "1")
    with database.write() as tx:
        deliveries.release_channel(tx, "a", NOW + MINUTE, 3, "no")
        assert deliveries.take_channel(tx, "a", NOW, NOW + HOUR) is None
        assert deliveries.take_channel(tx, "a", NOW + MINUTE, NOW + HOUR) == 3
        deliveries.release_channel(tx, "a", NOW + LONGEST_LIMIT + INSTANT)
        assert deliveries.take_channel(tx, "a", NOW, NOW + HOUR) == 0


def test_an_alert_that_is_refused_alone_waits_longer_each_time_and_is_given_up(database: Database) -> None:
    """30 seconds, then twice as long each time; its other channel has taken it, so it counts as sent."""
    put(database, "1")
    now, waits = NOW, []
    while rows := due(database, "a", now):
        with database.write() as tx:
            deliveries.refused(tx, "a", rows[0], "no", now)
        (row, _) = rows_of(database, "deliveries")
        waits.append(row.next_try_at and (row.next_try_at - now).total_seconds())
        now = row.next_try_at or now + 365 * DAY
    assert waits == [30 * 2**i for i in range(MAX_ATTEMPTS - 1)] + [None]
    assert (row.state, row.attempts, row.last_error) == ("failed", MAX_ATTEMPTS, "no")
    assert states(database) == ["pending"]
    take(database, "b", "1")
    assert states(database) == ["sent"]


def test_an_alert_that_every_channel_has_given_up_is_failed(database: Database) -> None:
    """It shows the error."""
    put(database, "1", channels=["a"])
    row = replace(due(database, "a")[0], attempts=MAX_ATTEMPTS - 1)
    with database.write() as tx:
        deliveries.refused(tx, "a", row, "no", NOW)
    (alert,) = alerts(database)
    assert (alert.state, alert.last_error, alert.next_try_at) == ("failed", "no", None)


def test_a_refused_message_shows_in_its_alerts(database: Database) -> None:
    """How often, why, and when it is tried again."""
    put(database, "1", channels=["a"])
    with database.write() as tx:
        deliveries.note_error(tx, "a", due(database, "a")[:1], "no")
        deliveries.release_channel(tx, "a", NOW + MINUTE, 1, "no")
    (alert,) = alerts(database)
    assert (alert.state, alert.attempts, alert.last_error, alert.next_try_at) == (
        "pending", 1, "no", NOW + MINUTE,
    )  # fmt: skip


def test_what_was_tried_last_comes_last(database: Database) -> None:
    """So that one bad alert is not always the first."""
    put(database, "1", "2", channels=["a"])
    with database.write() as tx:
        deliveries.put_last(tx, "a", due(database, "a")[:1], "no", NOW + INSTANT)
    assert [row.event.payload["text"] for row in due(database, "a", NOW + INSTANT)] == ["2", "1"]


def test_only_what_a_channel_refuses_for_days_is_given_up(database: Database) -> None:
    """Other channels keep it."""
    put(database, "1")
    with database.write() as tx:
        assert deliveries.give_up_old(tx, "a", "no", NOW + GIVE_UP_AFTER) == 0
        assert deliveries.give_up_old(tx, "a", "no", NOW + GIVE_UP_AFTER + INSTANT) == 1
    assert (texts(database, "a"), texts(database, "b")) == ([], ["1"])


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"state": "lost", "next_try_at": None}, "ck_deliveries_known_state"),
        ({"next_try_at": None}, "ck_deliveries_pending_has_a_time"),
        ({"state": "sent", "next_try_at": None}, "ck_deliveries_sent_has_a_time"),
    ],
)
def test_the_database_refuses_an_impossible_delivery(
    database: Database, change: dict[str, Any], constraint: str
) -> None:
    """Pending has a time to try, sent has a time of sending, and there are no other states."""
    put(database, "1", channels=["a"])
    with pytest.raises(IntegrityError, match=constraint), database.write() as tx:
        tx.execute(update(table).values(change))
