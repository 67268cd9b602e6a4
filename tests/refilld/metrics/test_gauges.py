"""Gauges show what the database holds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from monitor.cadence.schedule import Priority
from monitor.model.target import Metric
from monitor.sources.breaker import Breaker
from monitor.sources.budget import Purpose
from monitor.sources.rate_limit_state import RateLimitState
from refilld.metrics.gauges import GAUGES, SOURCE_STATES, quick_readings, slow_readings
from refilld.settings.sources import SourceSection
from storage import daemons, sources
from storage.daemons import DaemonMode
from storage.engine import Database
from tests.builders import DAY, HOUR, MINUTE, NOW, SECOND
from tests.notification_rows import tell
from tests.storage.shop import put_target, queue

ENABLED = {
    "graph": SourceSection(enabled=True, requests_per_hour=100, requests_per_day=1000, reserve=10),
    "instaloader": SourceSection(enabled=True, requests_per_hour=30, reserve=0),
}


def read(database: Database, gauge: str) -> dict[tuple[str, ...], float]:
    """The values of a gauge by its labels."""
    assert gauge in GAUGES
    with database.read() as tx:
        readings = [*quick_readings(tx, ENABLED, NOW), *slow_readings(tx)]
    return {one.labels: float(one.value) for one in readings if one.gauge == gauge}


def test_the_requests_left_are_those_of_routine_looks(database: Database) -> None:
    """Of the hour and of the day, without the reserve, and never below 0."""
    with database.write() as tx:
        for at, requests in ((NOW - 2 * HOUR, 500), (NOW - 59 * MINUTE, 40)):
            sources.note_requests(tx, "graph", at, requests)
        sources.note_requests(tx, "instaloader", NOW - MINUTE, 31, purpose=Purpose.CHECK)
    assert read(database, "refilld_source_requests_limit") == {
        ("graph", "hour"): 90, ("graph", "day"): 900, ("instaloader", "hour"): 30,
    }  # fmt: skip
    assert read(database, "refilld_source_requests_left") == {
        ("graph", "hour"): 50, ("graph", "day"): 360, ("instaloader", "hour"): 0,
    }  # fmt: skip


def save_breaker(breaker: Breaker) -> Callable[[Connection], None]:
    return lambda tx: sources.save_breaker(tx, "graph", breaker)


def save_wait(tx: Connection) -> None:
    sources.save_rate_limit_state(tx, "graph", RateLimitState(95, NOW, NOW + HOUR))


@pytest.mark.parametrize(
    ("cause", "state"),
    [
        (lambda _tx: None, "ready"),
        (save_breaker(Breaker(half_open=True)), "proving"),
        (save_wait, "waiting"),
        (save_breaker(Breaker(paused_until=NOW + HOUR, half_open=True)), "paused"),
        (save_breaker(Breaker(stopped=True)), "stopped"),
    ],
)
def test_a_source_is_in_one_state(database: Database, cause: Callable[[Connection], Any], state: str) -> None:
    with database.write() as tx:
        cause(tx)
    found = read(database, "refilld_source_state")
    assert {key: number for key, number in found.items() if number} == {
        ("graph", state): 1, ("instaloader", "ready"): 1,
    }  # fmt: skip
    assert len(found) == 2 * len(SOURCE_STATES)


def test_what_a_source_has_read_and_has_to_look_at(database: Database) -> None:
    """0 where there is nothing; a look that is due later is not overdue."""
    with database.write() as tx:
        reads = {("graph", Metric.LIKES): NOW - HOUR, ("graph", Metric.FOLLOWERS): NOW - MINUTE}
        sources.note_reads(tx, reads)
        put_target(tx, "nasa", NOW - 3 * HOUR, Priority.ROUTINE, source="graph")
        put_target(tx, "esa", NOW - HOUR, Priority.URGENT, source="graph")
        put_target(tx, "jaxa", NOW + HOUR, Priority.ROUTINE, source="instaloader", private_since=NOW)
    assert read(database, "refilld_source_last_count_timestamp_seconds") == {
        ("graph",): (NOW - MINUTE).timestamp(), ("instaloader",): 0,
    }  # fmt: skip
    assert read(database, "refilld_oldest_due_look_age_seconds") == {
        ("graph",): 3 * 3600, ("instaloader",): 0,
    }  # fmt: skip
    targets = read(database, "refilld_targets")
    assert (targets["readable",], targets["private",], targets["gone",]) == (2, 1, 0)


def test_open_refills_and_the_wait_of_the_first_that_is_ready(database: Database) -> None:
    """A refill that may not be claimed yet does not wait."""
    queue(database, "1", at=NOW - 2 * DAY, quantity=300)
    queue(database, "2", at=NOW - HOUR, quantity=200)
    with database.write() as tx:
        tx.exec_driver_sql(f"UPDATE refills SET available_at = {_micros(DAY)} WHERE order_id = '1'")
    assert read(database, "refilld_open_refills") == {("held",): 0, ("queued",): 2, ("claimed",): 0}
    assert read(database, "refilld_open_refill_units")["queued",] == 500
    assert read(database, "refilld_oldest_open_refill_age_seconds")["queued",] == 2 * 86_400
    assert read(database, "refilld_queue_wait_seconds") == {(): 3600}


def _micros(from_now: timedelta) -> int:
    return int((NOW + from_now).timestamp()) * 1_000_000


def test_alerts_wait_until_they_are_delivered(database: Database) -> None:
    assert read(database, "refilld_alerts_pending") == {(): 0}
    assert read(database, "refilld_oldest_pending_alert_age_seconds") == {(): 0}
    with database.write() as tx:
        for minutes in (5, 1):
            tell(tx, ["text"], NOW - minutes * MINUTE)
    assert read(database, "refilld_alerts_pending") == {(): 2}
    assert read(database, "refilld_oldest_pending_alert_age_seconds") == {(): 300}


def test_processes_count_while_they_are_alive(database: Database) -> None:
    """By what they do."""
    with database.write() as tx:
        for pid, mode, age in (
            (1, DaemonMode.RUN, 5 * SECOND),
            (2, DaemonMode.SERVE, 5 * SECOND),
            (3, DaemonMode.SERVE, 6 * MINUTE),
        ):
            daemons.register(tx, f"host {pid}", pid, "1.0", mode, NOW - age)
    assert read(database, "refilld_daemons") == {("run",): 1, ("serve",): 1}


def test_refund_reviews_are_counted_by_cause(database: Database) -> None:
    """Causes without one are 0."""
    assert read(database, "refilld_open_reviews") == {("short_delivery",): 0, ("refill_given_up",): 0}
