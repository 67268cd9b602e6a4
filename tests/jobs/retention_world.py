"""A world that has been running for a long time, and its retention."""

from collections.abc import Callable
from datetime import datetime, timedelta

from jobs.maintenance import Maintenance
from jobs.retention import DataRetention
from monitor.retention.policy import Retention
from storage import operating_days
from tests.builders import DAY
from tests.jobs.jobs_world import JobsWorld


def retention_of(
    world: JobsWorld,
    policy: Retention = Retention(),  # noqa: B008  # frozen
    wait: Callable[[timedelta], bool] = lambda _pause: False,
) -> DataRetention:
    return DataRetention(world.database, policy, world.heartbeat, wait)


def maintenance_of(world: JobsWorld, policy: Retention = Retention()) -> Maintenance:  # noqa: B008
    return Maintenance(world.database, world.clock, retention_of(world, policy), timedelta(days=2))


def operate(world: JobsWorld, start: datetime, end: datetime) -> None:
    """Make every day from start to end an operating day, except for the last one; set the clock to that."""
    with world.database.write() as tx:
        for number in range((end - start) // DAY):
            operating_days.note(tx, start + number * DAY)
    world.now = end
