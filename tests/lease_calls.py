"""Single calls of a consumer, in the transaction of a test."""

from datetime import datetime

from sqlalchemy import Connection

from monitor.model.refill import RefillState
from storage.leases import Complete, Extend, Fail, Failure, Release, act_on_one


def extend(connection: Connection, refill_id: int, token: str, until: datetime) -> None:
    act_on_one(connection, Extend(refill_id, token, until), until)


def complete(
    connection: Connection,
    refill_id: int,
    token: str,
    now: datetime,
    external_id: str | None = None,
    delivered: int | None = None,
) -> RefillState:
    return act_on_one(connection, Complete(refill_id, token, external_id, delivered), now).state


def fail(
    connection: Connection, refill_id: int, token: str, now: datetime, failure: Failure, max_attempts: int
) -> RefillState:
    return act_on_one(connection, Fail(refill_id, token, failure, max_attempts), now).state


def release(connection: Connection, refill_id: int, token: str, now: datetime) -> RefillState:
    return act_on_one(connection, Release(refill_id, token), now).state
