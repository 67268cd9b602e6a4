"""Retention of bulk actions: those that ended are deleted like the events that tell of them."""

from datetime import datetime

import pytest

from jobs import retention
from monitor.model.bulk_action import BulkAction, ItemResult
from monitor.retention.policy import Retention
from storage import bulk_actions
from storage.bulk_actions import NewBulkAction, NewBulkItem
from tests.builders import DAY, START
from tests.jobs.jobs_world import JobsWorld
from tests.jobs.retention_world import maintenance_of, operate

YEAR = Retention(alerts=365 * DAY)


def confirmed(world: JobsWorld, rows: int, at: datetime) -> int:
    """A bulk action of so many rows, of which the first is refused and the others are done."""
    new = NewBulkAction(BulkAction.CHECK, {}, "", more=False, expires_at=at + DAY)
    with world.database.write() as tx:
        number = bulk_actions.add(tx, new, [NewBulkItem(f"{i}", {}) for i in range(rows)], at)
        bulk_actions.confirm(tx, number, at)
    return number


def finished(world: JobsWorld, rows: int, at: datetime) -> int:
    number = confirmed(world, rows, at)
    with world.database.write() as tx:
        while (item := bulk_actions.take_item(tx, number)) is not None:
            bulk_actions.settle_item(tx, item.item_id, ItemResult.DONE, "a look is due")
        bulk_actions.finish(tx, number, at)
    return number


def stopped(world: JobsWorld, rows: int, at: datetime) -> int:
    number = confirmed(world, rows, at)
    with world.database.write() as tx:
        bulk_actions.stop(tx, number, at)
    return number


def kept(world: JobsWorld) -> list[int]:
    return sorted(set(world.rows("bulk_actions", "bulk_action_id")))


def test_actions_that_ended_are_deleted_after_the_period_of_the_events(world: JobsWorld) -> None:
    """With their rows, in batches; those that still run, and newer ones, are kept."""
    finished(world, retention.ROWS + 1, START)
    stopped(world, retention.ROWS, START)
    running = confirmed(world, 1, START)
    newer = finished(world, 2, START + 2 * DAY)
    operate(world, START, START + 366 * DAY)
    maintenance_of(world, YEAR).run_once()
    assert kept(world) == [running, newer]
    assert sorted(world.rows("bulk_items", "bulk_action_id")) == [running, newer, newer]


def test_a_round_deletes_no_more_rows_than_its_batches(
    world: JobsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The action itself goes with its last row."""
    monkeypatch.setattr(retention, "ROWS", 2)
    monkeypatch.setattr(retention, "BATCHES", 2)
    number = finished(world, 5, START)
    operate(world, START, START + 366 * DAY)
    maintenance_of(world, YEAR).run_once()
    assert kept(world) == [number]
    assert len(world.rows("bulk_items", "item_id")) == 1
    maintenance_of(world, YEAR).run_once()
    assert kept(world) == []


def test_without_a_period_they_are_kept(world: JobsWorld) -> None:
    number = finished(world, 1, START)
    operate(world, START, START + 2000 * DAY)
    maintenance_of(world, Retention(alerts=None)).run_once()
    assert kept(world) == [number]
