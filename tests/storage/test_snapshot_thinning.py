"""Thinning of snapshots: which are deleted, in which batches, and from where a pass goes on."""

from collections.abc import Iterable
from datetime import datetime

import pytest
from sqlalchemy import update

from monitor.model.snapshot import Outcome, Snapshot
from storage import snapshot_thinning, snapshots
from storage.engine import Database
from storage.schema import orders, targets
from storage.snapshot_thinning import Batch
from tests.builders import DAY, HOUR, NOW, a_failed_look, a_look, an_order
from tests.storage.shop import owe, rows_of, sell

DAYS = 5
MIDNIGHT = NOW.replace(hour=0)
UNTIL = MIDNIGHT + (DAYS - 1) * DAY


def ids(database: Database) -> list[int]:
    return [row.target_id for row in rows_of(database, "targets")]


def look(database: Database, looks: Iterable[Snapshot], number: int = 0) -> None:
    """Store looks at the target of this number."""
    target_id = ids(database)[number]
    with database.write() as connection:
        snapshots.add_all(connection, [(target_id, one) for one in looks])


def hourly(days: int = DAYS) -> list[Snapshot]:
    return [a_look(at=MIDNIGHT + hour * HOUR) for hour in range(24 * days)]


def shop_of(database: Database, *profiles: str) -> None:
    """Targets with an order each, looked at every hour for five days."""
    sell(database, *(an_order(str(number), profile) for number, profile in enumerate(profiles, 1)))
    for number in range(len(profiles)):
        look(database, hourly(), number)


def thin(database: Database, until: datetime = UNTIL, targets: int = 50, looks: int = 500) -> list[int]:
    """Run one pass; return the number of deleted rows of each batch."""
    numbers: list[int] = []
    with database.write() as connection:
        snapshot_thinning.begin_pass(connection, until)
    while (batch := next_batch(database, targets, looks)) is not None:
        with database.write() as connection:
            numbers.append(snapshot_thinning.delete_batch(connection, batch))
        assert len(numbers) < 1000
    return numbers


def next_batch(database: Database, targets: int = 50, looks: int = 500) -> Batch | None:
    with database.read() as connection:
        return snapshot_thinning.next_batch(connection, targets, looks)


def times(database: Database, number: int = 0) -> list[datetime]:
    target_id = ids(database)[number]
    return [row.at for row in rows_of(database, "snapshots") if row.target_id == target_id]


LEFT = [MIDNIGHT + day * DAY + 23 * HOUR for day in range(DAYS - 1)] + [
    UNTIL + hour * HOUR for hour in range(24)
]
"""One look a day, and every look of the last day."""


@pytest.mark.parametrize(("most_targets", "most_looks"), [(50, 500), (1, 500), (2, 30), (3, 2), (50, 96)])
def test_every_past_day_keeps_its_last_count(database: Database, most_targets: int, most_looks: int) -> None:
    """At every target, and however the batches are cut."""
    names = ["anna", "berta", "carla"]
    shop_of(database, *names)
    deleted = thin(database, UNTIL, most_targets, most_looks)
    days_cut = most_looks < 24  # a day that does not fit into a batch may keep one look of each
    for number in range(3):
        found = times(database, number)
        assert set(LEFT) <= set(found)
        assert days_cut or found == LEFT
    assert max(deleted) <= most_looks


def test_a_pass_begins_where_the_last_one_ended(database: Database) -> None:
    """Snapshots before that are not read again."""
    shop_of(database, "anna")
    thin(database, UNTIL - DAY)
    look(database, [a_look(at=MIDNIGHT + HOUR / 2)])
    assert sum(thin(database)) == 23
    assert times(database)[0] == MIDNIGHT + HOUR / 2


def test_a_second_pass_up_to_the_same_time_does_nothing(database: Database) -> None:
    shop_of(database, "anna")
    thin(database)
    assert thin(database) == []
    assert thin(database, UNTIL - DAY) == []


def test_looks_that_a_drop_or_a_decision_refers_to_are_kept(database: Database) -> None:
    """And those that an order refers to; the drop opened at NOW."""
    shop_of(database, "anna", "berta")
    opened, settled = MIDNIGHT + 5 * HOUR, MIDNIGHT + 6 * HOUR
    with database.write() as connection:
        owe(connection, "1", at=opened)
        connection.execute(update(orders).where(orders.c.order_id == "1").values(settled_look_at=settled))
    thin(database)
    first_day = MIDNIGHT + DAY
    assert [at for at in times(database) if at < first_day] == [opened, settled, NOW, LEFT[0]]
    assert [at for at in times(database, 1) if at < first_day] == [LEFT[0]]


def test_a_target_that_is_absent_keeps_the_looks_that_show_it(database: Database) -> None:
    """Whether it was not found is asked from the stored looks, however old they are."""
    sell(database, an_order())
    absent = MIDNIGHT + HOUR
    outcomes = (Outcome.NOT_FOUND, Outcome.UNAVAILABLE, Outcome.UNAVAILABLE)
    look(database, [a_failed_look(one, absent + n * HOUR) for n, one in enumerate(outcomes)])
    with database.write() as connection:
        connection.execute(update(targets).values(absent_since=absent))
    thin(database)
    assert times(database) == [absent, absent + 2 * HOUR]
    with database.read() as connection:
        assert snapshots.any_since(connection, ids(database)[0], absent, Outcome.NOT_FOUND)


def test_without_a_pass_nothing_is_thinned(database: Database) -> None:
    shop_of(database, "anna")
    assert next_batch(database) is None
    assert len(times(database)) == 24 * DAYS


def test_a_batch_that_another_process_has_deleted_changes_nothing(database: Database) -> None:
    """Two daemons read the same batch: the second one deletes nothing, and does not set the pass back."""
    shop_of(database, "anna")
    with database.write() as connection:
        snapshot_thinning.begin_pass(connection, UNTIL)
    first, second = next_batch(database), next_batch(database)
    assert first is not None
    assert second is not None
    with database.write() as connection:
        assert snapshot_thinning.delete_batch(connection, first) > 0
    before = rows_of(database, "retention_progress")
    with database.write() as connection:
        assert snapshot_thinning.delete_batch(connection, second) == 0
    assert rows_of(database, "retention_progress") == before
