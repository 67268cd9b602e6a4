"""How many targets, requests and orders each source has."""

import pytest
from sqlalchemy import update

from monitor.cadence.schedule import Priority
from monitor.model.order import Flag
from monitor.model.target import Metric
from storage import flags, target_counts
from storage.engine import Database
from storage.schema import targets
from storage.target_counts import TargetCounts
from tests.builders import NOW, a_pending_order, a_post, a_profile, an_order
from tests.storage.shop import put_target, sell

LIKES, VIEWS = Metric.LIKES, Metric.VIEWS
CONFIGURED = ("graph", "instaloader")


def watch(database: Database, name: str, source: str | None = None, **changes: object) -> None:
    with database.write() as connection:
        put_target(connection, name, NOW, Priority.ROUTINE, source=source, **changes)


def of(database: Database, source: str) -> TargetCounts:
    with database.read() as connection:
        return target_counts.of_source(connection, source)


def without(database: Database, *metrics: Metric) -> TargetCounts:
    with database.read() as connection:
        found = target_counts.of_no_source(connection, CONFIGURED, metrics)
        assert target_counts.number_of_no_source(connection, CONFIGURED, metrics) == found.targets
        return found


def test_targets_are_counted_per_source(database: Database) -> None:
    """Those of disabled sources count as unrouted."""
    watch(database, "a", "graph")
    watch(database, "b", "graph")
    watch(database, "c", "instaloader")
    watch(database, "d")
    watch(database, "e", "disabled")
    assert (of(database, "graph").targets, of(database, "instaloader").targets) == (2, 1)
    assert without(database, *Metric).targets == 2


def test_a_target_that_no_source_can_read_is_not_counted(database: Database) -> None:
    """It is routed to no source, so it needs no budget."""
    watch(database, "a", "")
    watch(database, "b")
    watch(database, "c", "", next_due_at=None)
    assert without(database, *Metric).targets == 1
    with database.read() as connection:
        assert target_counts.number_unseen(connection) == 1


def test_targets_due_by_date_and_by_virtual_time_are_counted(database: Database) -> None:
    """A target that is due by neither is not counted."""
    watch(database, "virtual", "graph", next_due_at=None, virtual_due=3.5)
    watch(database, "over", "graph", next_due_at=None)
    assert of(database, "graph").targets == 1


def test_targets_with_one_request_key_are_one_request(database: Database) -> None:
    """Three targets, two requests."""
    watch(database, "a", "graph", request_key="page of shop", target=a_post("C0deAAAAAAA"))
    watch(database, "b", "graph", request_key="page of shop", target=a_post("C0deBBBBBBB"))
    watch(database, "c", "graph", request_key="page of other", target=a_post("C0deCCCCCCC"))
    assert (of(database, "graph").targets, of(database, "graph").asks) == (3, 2)


def test_unrouted_targets_of_one_link_are_one_request(database: Database) -> None:
    """A post's likes and views are on one page."""
    watch(database, "a", target=a_post())
    watch(database, "a", target=a_post(metric=VIEWS))
    watch(database, "b")
    found = without(database, *Metric)
    assert (found.targets, found.asks) == (3, 2)


def test_targets_without_a_source_are_counted_by_metric(database: Database) -> None:
    """For a source that can count only some of them."""
    watch(database, "a")
    watch(database, "b", target=a_post())
    watch(database, "c", target=a_post("C0deCCCCCCC", VIEWS))
    assert without(database, LIKES, VIEWS).targets == 2
    assert without(database, VIEWS).targets == 1
    assert without(database) == TargetCounts()


def test_delivered_orders_without_flags_are_counted(database: Database) -> None:
    """Two orders on one target are two; a pending one has no guarantee yet."""
    sell(database, an_order("1"), an_order("2"), an_order("3"), a_pending_order("4"))
    sell(database, an_order("5", target=a_profile("other")))
    with database.write() as connection:
        connection.execute(update(targets).values(source="graph"))
        flags.set_flag(connection, "3", Flag.ABUSE, NOW)
        flags.set_flag(connection, "2", Flag.HOLD, NOW)
    with database.write() as connection:
        connection.execute(update(targets).values(next_due_at=NOW))
    assert of(database, "graph") == TargetCounts(targets=2, asks=2, orders=2)


def test_orders_of_an_unscheduled_target_are_not_counted(database: Database) -> None:
    """They need no looks any more."""
    sell(database, an_order("1"))
    with database.write() as connection:
        connection.execute(update(targets).values(source="graph", next_due_at=None))
    assert of(database, "graph") == TargetCounts()


def test_counts_of_routed_and_unrouted_targets_add_up() -> None:
    """The sum is what a source will have to read."""
    assert TargetCounts(1, 2, 3) + TargetCounts(10, 20, 30) == TargetCounts(11, 22, 33)


@pytest.mark.parametrize("source", CONFIGURED)
def test_an_empty_database_has_zero_counts(database: Database, source: str) -> None:
    """Not an error."""
    assert of(database, source) == TargetCounts()
