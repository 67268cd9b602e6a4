"""Lease actions of consumers, each in a transaction of its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import update

from monitor.model.refill import RefillState
from storage import leases, refills
from storage.engine import Database
from storage.leases import ClaimedRefill, Failure
from storage.refills import RefillRow
from storage.schema import refills as table
from tests import lease_calls
from tests.builders import HOUR, MINUTE, NOW
from tests.storage.shop import ATTEMPTS

LATER = NOW + 10 * MINUTE


RETRY = Failure("the panel is down")


HOPELESS = Failure("no such user", retryable=False)


ACTIONS = ["complete", "fail", "release"]


def claim(database: Database, now: datetime = NOW, limit: int = 100, **how: Any) -> list[ClaimedRefill]:
    with database.write() as connection:
        return leases.claim(connection, now, limit=limit, **{"lease": HOUR, **how})


def ids(rows: list[ClaimedRefill]) -> list[int]:
    return [row.refill_id for row in rows]


def get(database: Database, refill_id: int) -> RefillRow:
    with database.read() as connection:
        return refills.get(connection, refill_id)


def events(database: Database, refill_id: int) -> list[tuple[RefillState, str]]:
    with database.read() as connection:
        return [(row.state, row.detail) for row in refills.events_of(connection, refill_id)]


def fail(
    database: Database, refill_id: int, token: str, failure: Failure = RETRY, now: datetime = LATER
) -> RefillState:
    with database.write() as connection:
        return lease_calls.fail(connection, refill_id, token, now, failure, ATTEMPTS)


def expire(database: Database, now: datetime, limit: int = 500) -> int:
    with database.write() as connection:
        return leases.expire(connection, now, ATTEMPTS, limit)


def finish(database: Database, action: str, refill_id: int, token: str, now: datetime = LATER) -> RefillState:
    """End a lease with an action of its consumer."""
    if action == "fail":
        return fail(database, refill_id, token, now=now)
    with database.write() as connection:
        act = lease_calls.complete if action == "complete" else lease_calls.release
        return act(connection, refill_id, token, now)


def fail_repeatedly(database: Database, refill_id: int, times: int) -> None:
    """Set the number of attempts."""
    with database.write() as connection:
        change = update(table).where(table.c.refill_id == refill_id)
        connection.execute(change.values(attempt=times))
