"""Leases: how consumers take refills, keep them, and give them back.

Delivery is at least once: a refill whose lease has ended is queued again, so `refill_id` is the
idempotency key that a consumer passes on. Who holds the newest lease token of a refill owns it; the
same verb twice with the same token is answered the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import Connection, Update, bindparam, select, text, update

from monitor.alerts.alert import dead_refill_alert
from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import order_states, outbox, reviews
from storage.column_types import AnyRow
from storage.errors import LeaseLostError
from storage.refills import LISTED, add_events, get, withdraw
from storage.schema import orders, refills, targets

_r = refills.c
BACKOFF = timedelta(minutes=1)
"""Wait after the first failure; doubled after each further one, up to LONGEST_BACKOFF."""
LONGEST_BACKOFF = timedelta(hours=6)

_QUEUED = text("refills.state = 'queued'")  # spelled as the partial index spells it, so that it is used
_CLAIMED = text("refills.state = 'claimed'")
_CLAIMABLE = (
    select(_r.refill_id)
    .join(orders, orders.c.order_id == _r.order_id)
    .join(targets, targets.c.target_id == orders.c.target_id)
    .where(_QUEUED, _r.available_at <= bindparam("now"))
    .where(_r.metric.in_(bindparam("metrics", expanding=True)))
    # nothing is refilled until the profile is public, or the link leads somewhere, again
    .where(targets.c.private_since.is_(None), targets.c.gone_at.is_(None))
)
_IN_ORDER = _CLAIMABLE.order_by(_r.available_at, _r.refill_id)
_FIRST_READY = _IN_ORDER.limit(1)  # not EXISTS, which PostgreSQL may answer by reading the whole table
_READY = _IN_ORDER.limit(bindparam("limit")).with_for_update(skip_locked=True, of=refills)
_CLAIM = (
    update(refills)
    .where(_r.refill_id == bindparam("id"), _QUEUED)
    .values(
        state=RefillState.CLAIMED,
        attempt=_r.attempt + 1,
        lease_token=bindparam("token"),
        leased_until=bindparam("until"),
        consumer=bindparam("who"),
    )
)
_ENDED = (
    select(_r.refill_id, _r.order_id, _r.quantity, _r.attempt)
    .where(_CLAIMED, _r.leased_until <= bindparam("now"))
    .order_by(_r.leased_until)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a consumer says of a refill that it could not deliver."""

    reason: str
    retryable: bool = True
    retry_after: timedelta | None = None


def anything_ready(connection: Connection, now: datetime, metrics: Iterable[Metric] = tuple(Metric)) -> bool:
    """Whether a claim could take anything now; it only reads, so many may wait and ask."""
    return connection.execute(_FIRST_READY, {"now": now, "metrics": list(metrics)}).first() is not None


def claim(
    connection: Connection,
    now: datetime,
    *,
    limit: int,
    lease: timedelta,
    metrics: Iterable[Metric] = tuple(Metric),
    consumer: str = "",
) -> list[AnyRow]:
    """Take up to `limit` refills that are ready, oldest first, each under a lease token of its own."""
    query = {"now": now, "metrics": list(metrics), "limit": limit}
    ready = list(connection.execute(_READY, query).scalars())
    if not ready:
        return []
    until = now + lease
    taken = [{"id": i, "token": token_urlsafe(18), "until": until, "who": consumer} for i in ready]
    connection.execute(_CLAIM, taken)
    add_events(connection, ready, RefillState.CLAIMED, now, consumer or "claimed")
    rows = connection.execute(LISTED.where(_r.refill_id.in_(ready)).order_by(_r.available_at, _r.refill_id))
    return list(rows)


def extend(connection: Connection, refill_id: int, token: str, until: datetime) -> datetime:
    """Keep a refill longer; raises LeaseLostError when it is no longer the token's."""
    change = _owned(refill_id, token).values(leased_until=until)
    if connection.execute(change).rowcount == 0:
        get(connection, refill_id)
        raise _lost(refill_id)
    return until


def complete(
    connection: Connection,
    refill_id: int,
    token: str,
    now: datetime,
    *,
    external_id: str | None = None,
    delivered: int | None = None,
) -> RefillState:
    """Finish a refill that was delivered."""
    values = {"completed_at": now, "external_id": external_id, "delivered": delivered}
    _move(connection, refill_id, token, now, "complete", RefillState.COMPLETED, values)
    return _answered(connection, refill_id, token, "complete")


def fail(
    connection: Connection, refill_id: int, token: str, now: datetime, failure: Failure, max_attempts: int
) -> RefillState:
    """Give a refill back after a failure: queued again later, or dead when there is no use in it."""
    row = get(connection, refill_id)
    dead = not failure.retryable or row.attempt >= max_attempts
    state = RefillState.DEAD if dead else RefillState.QUEUED
    wait = failure.retry_after if failure.retry_after is not None else _backoff(row.attempt)
    values = {"last_error": failure.reason, "available_at": now + wait}
    moved = _move(connection, refill_id, token, now, "fail", state, values)
    if moved and dead:
        _tell_dead(connection, row, failure.reason, now)
    return _answered(connection, refill_id, token, "fail")


def release(connection: Connection, refill_id: int, token: str, now: datetime) -> RefillState:
    """Give a refill back untouched; it can be claimed again at once."""
    values = {"available_at": now, "attempt": _r.attempt - 1}
    _move(connection, refill_id, token, now, "release", RefillState.QUEUED, values)
    return _answered(connection, refill_id, token, "release")


def expire(connection: Connection, now: datetime, max_attempts: int, limit: int = 500) -> int:
    """Queue again, or give up, the refills whose lease has ended; gives how many."""
    ended = list(connection.execute(_ENDED, {"now": now, "limit": limit}))
    for row in ended:
        dead = row.attempt >= max_attempts
        state = RefillState.DEAD if dead else RefillState.QUEUED
        free = {"state": state, "lease_token": None, "leased_until": None, "available_at": now}
        error = {"last_error": "the lease ended"}
        connection.execute(update(refills).where(_r.refill_id == row.refill_id).values(free | error))
        add_events(connection, [row.refill_id], state, now, "the lease ended")
        if dead:
            _tell_dead(connection, row, "the lease ended", now)
    withdraw(connection, [row.refill_id for row in ended], now)
    return len(ended)


def _move(
    connection: Connection,
    refill_id: int,
    token: str,
    now: datetime,
    action: str,
    state: RefillState,
    values: Mapping[str, object],
) -> bool:
    """Move a claimed refill on, if the token owns it; says whether this call did it."""
    done = {"state": state, "done_token": token, "done_action": action, "done_state": state}
    free = {"lease_token": None, "leased_until": None}
    if connection.execute(_owned(refill_id, token).values(done | free | dict(values))).rowcount == 0:
        return False
    add_events(connection, [refill_id], state, now, str(values.get("last_error") or action))
    if state is RefillState.QUEUED:
        withdraw(connection, [refill_id], now)
    return True


def _answered(connection: Connection, refill_id: int, token: str, action: str) -> RefillState:
    """What the verb came to, now or when it was first called; raises LeaseLostError if it never did."""
    row = get(connection, refill_id)
    if (row.done_token, row.done_action) == (token, action):
        return RefillState(row.done_state)
    raise _lost(refill_id)


def _owned(refill_id: int, token: str) -> Update:
    return update(refills).where(_r.refill_id == refill_id, _CLAIMED, _r.lease_token == token)


def _lost(refill_id: int) -> LeaseLostError:
    return LeaseLostError(f"the lease on refill {refill_id} is lost: it ended, or another holds it now")


def _backoff(attempt: int) -> timedelta:
    return min(BACKOFF * (1 << min(max(attempt - 1, 0), 16)), LONGEST_BACKOFF)


def _tell_dead(connection: Connection, row: AnyRow, error: str, now: datetime) -> None:
    """Tell the operator of a refill that is given up, and have a refund weighed (RULES 1)."""
    outbox.add(connection, dead_refill_alert(row.refill_id, row.order_id, row.quantity, error), now)
    order = order_states.one_order(connection, row.order_id)
    review = review_of(order, ReviewCause.REFILL_GIVEN_UP, row.quantity, row.refill_id)
    reviews.open_review(connection, review, order, now)
