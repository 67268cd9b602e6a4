"""On PostgreSQL the server's clock judges leases, so the clocks of the daemons may differ."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs.leases import Leases
from storage.engine import Database
from storage.server_time import shared_time
from tests.builders import DAY, HOUR, MINUTE, NOW
from tests.storage.lease_actions import claim, get
from tests.storage.shop import queue


def real() -> datetime:
    return datetime.now(UTC)


def claimed_for(database: Database, lease: timedelta) -> int:
    """A refill claimed at the server's time."""
    queue(database, "1")
    with database.read() as tx:
        now = shared_time(tx, NOW)
    (row,) = claim(database, now, lease=lease)
    return row.refill_id


def end_leases(database: Database, clock: datetime) -> None:
    """A round of the daemon whose clock says this."""
    Leases(database, lambda: clock, max_attempts=10).run_once()


@pytest.mark.parametrize("apart", [-6 * 365 * DAY, -10 * MINUTE, 10 * MINUTE, 2 * DAY, 6 * 365 * DAY])
def test_a_daemon_with_another_clock_never_ends_a_running_lease(
    postgresql: Database, apart: timedelta
) -> None:
    refill_id = claimed_for(postgresql, 30 * timedelta(seconds=1))
    end_leases(postgresql, real() + apart)
    assert get(postgresql, refill_id).state == "claimed"


@pytest.mark.parametrize("apart", [-2 * DAY, -10 * MINUTE, 10 * MINUTE])
def test_a_daemon_with_another_clock_ends_a_lease_that_is_over(
    postgresql: Database, apart: timedelta
) -> None:
    refill_id = claimed_for(postgresql, -HOUR)
    end_leases(postgresql, real() + apart)
    assert get(postgresql, refill_id).state == "queued"


def test_on_sqlite_the_clock_of_the_machine_judges(sqlite: Database) -> None:
    with sqlite.read() as tx:
        assert shared_time(tx, NOW) == NOW
