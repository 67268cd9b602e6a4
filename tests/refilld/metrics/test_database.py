"""The gauges of the database are read at most once in some seconds, and a fault of it leaves them out."""

import shutil
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from refilld.metrics.database import QUICK_FOR, SLOW_FOR, DatabaseCollector
from refilld.metrics.gauges import GAUGES
from refilld.services.database_check import DatabaseCheck
from refilld.settings.sources import SourceSection
from storage.engine import Database
from tests.builders import NOW
from tests.full_disk import small_disk
from tests.migrated_database import migrated_database
from tests.refilld.metrics.samples import value
from tests.storage.shop import queue


class Clock:
    """A monotonic clock that is set by the test."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def registered(database: Database, clock: Clock | None = None) -> CollectorRegistry:
    enabled = {"graph": SourceSection(enabled=True)}
    registry, ready = CollectorRegistry(), DatabaseCheck(database).require_ready
    registry.register(DatabaseCollector(database, ready, enabled, _now, clock or Clock()))
    return registry


def _now() -> datetime:
    return NOW


def test_every_gauge_is_read(database: Database) -> None:
    """From an empty database as well, so that no alert rule misses its data."""
    registry = registered(database)
    names = {family.name for family in registry.collect() if family.samples}
    assert names == {*GAUGES, "refilld_database_up", "refilld_database_writable"}
    assert value(registry, "database_up") == value(registry, "database_writable") == 1


def test_values_are_kept_for_some_seconds(database: Database) -> None:
    """Those for which all targets are read are kept for longer."""
    clock = Clock()
    registry = registered(database, clock)
    assert value(registry, "open_refills", state="queued") == 0
    queue(database, "1")
    found = []
    for seconds in (QUICK_FOR - 0.1, 0.2, SLOW_FOR - QUICK_FOR):
        clock.seconds += seconds
        refills = value(registry, "open_refills", state="queued")
        found.append((refills, value(registry, "targets", state="readable")))
    assert found == [(0, 0), (1, 0), (1, 1)]


def test_a_database_that_was_moved_leaves_its_gauges_out(database: Database) -> None:
    """Values of a moment ago are not shown either."""
    assert database.path is not None
    registry = registered(database)
    shutil.move(database.path, database.path.with_name("moved.db"))
    with capture_logs() as logs:
        found = {family.name for family in registry.collect() if family.samples}
        assert value(registry, "database_up") == 0
    assert found == {"refilld_database_up", "refilld_database_writable"}
    assert {line["event"] for line in logs} == {"metrics.database_unavailable"}


def test_a_full_disk_is_shown(tmp_path: Path) -> None:
    """The last write has failed."""
    with small_disk(tmp_path / "disk") as disk, migrated_database(disk.folder / "refilld.db") as database:
        registry = registered(database)
        assert value(registry, "database_writable") == 1
        disk.fill()
        database.probe_space()
        assert value(registry, "database_writable") == 0


def test_a_defect_leaves_the_gauges_out_and_is_logged(database: Database) -> None:
    """The other metrics are still answered."""
    registry = CollectorRegistry()

    def broken() -> datetime:
        raise ZeroDivisionError

    registry.register(DatabaseCollector(database, lambda: None, {}, broken, Clock()))
    with capture_logs() as logs:
        assert value(registry, "database_up") == 0
    assert {line["event"] for line in logs} == {"metrics.failed"}
