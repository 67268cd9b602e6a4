"""Leases: consumers claim refills, extend their leases, and give the refills back.

Delivery is at least once: a refill whose lease has ended is queued again, so `refill_id` is the
idempotency key that a consumer passes on. The newest lease token of a refill owns it. The same action
repeated with the same token gets the same answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import Connection, Update, bindparam, select, text, update

from monitor.events.refills import refill_dead
from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import events, order_states, refill_moves, reviews
from storage.errors import LeaseLostError
from storage.refills import LISTED, RefillRow, get, withdraw
from storage.revision import require_here
from storage.schema import orders, refills, targets


@dataclass(frozen=True, slots=True)
class ClaimedRefill(RefillRow):
    """A refill under a lease, as its consumer gets it."""

    lease_token: str = field(repr=False)
    leased_until: datetime


_r = refills.c
BACKOFF = timedelta(minutes=1)
"""Delay after the first failure; doubled after each further one, up to LONGEST_BACKOFF."""
LONGEST_BACKOFF = timedelta(hours=6)

_QUEUED = text("refills.state = 'queued'")  # the literal condition of the partial index, so that it is used
_CLAIMED = text("refills.state = 'claimed'")
_CLAIMABLE = (
    select(_r.refill_id)
    .join(orders, orders.c.order_id == _r.order_id)
    .join(targets, targets.c.target_id == orders.c.target_id)
    .where(_QUEUED, _r.available_at <= bindparam("now"))
    .where(_r.metric.in_(bindparam("metrics", expanding=True)))
    # no refill while the profile is private or the link is gone
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
    """Why a consumer could not deliver a refill, and whether and when to retry."""

    reason: str
    retryable: bool = True
    retry_after: timedelta | None = None


def anything_ready(connection: Connection, now: datetime, metrics: Iterable[Metric] = tuple(Metric)) -> bool:
    """Whether a claim could take a refill now; reads only, so it may be polled."""
    return connection.execute(_FIRST_READY, {"now": now, "metrics": list(metrics)}).first() is not None


def waiting_since(connection: Connection, now: datetime) -> datetime | None:
    """Since when the refill is ready that a claim would take first; None if none is."""
    query = _FIRST_READY.with_only_columns(_r.available_at)
    return connection.execute(query, {"now": now, "metrics": list(Metric)}).scalar()


def claim(
    connection: Connection,
    now: datetime,
    *,
    limit: int,
    lease: timedelta,
    metrics: Iterable[Metric] = tuple(Metric),
    consumer: str = "",
) -> list[ClaimedRefill]:
    """Claim up to `limit` refills that are ready, oldest first, each under its own lease token.

    Raises MovedError when the work goes on in another database.
    """
    query = {"now": now, "metrics": list(metrics), "limit": limit}
    ready = list(connection.execute(_READY, query).scalars())
    if not ready:
        return []
    require_here(connection, "this database")
    until = now + lease
    taken = [{"id": i, "token": token_urlsafe(18), "until": until, "who": consumer} for i in ready]
    connection.execute(_CLAIM, taken)
    refill_moves.add(connection, ready, RefillState.CLAIMED, now, consumer or "claimed")
    rows = connection.execute(LISTED.where(_r.refill_id.in_(ready)).order_by(_r.available_at, _r.refill_id))
    return [ClaimedRefill(**row._asdict()) for row in rows]


def extend(connection: Connection, refill_id: int, token: str, until: datetime) -> datetime:
    """Extend a lease; raises LeaseLostError if the token no longer owns the refill, or NotFoundError."""
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
    """Complete a refill that was delivered; raises LeaseLostError or NotFoundError."""
    values = {"completed_at": now, "external_id": external_id, "delivered": delivered, "last_error": None}
    _move(connection, refill_id, token, now, "complete", RefillState.COMPLETED, values)
    return _answered(connection, refill_id, token, "complete")


def fail(
    connection: Connection, refill_id: int, token: str, now: datetime, failure: Failure, max_attempts: int
) -> RefillState:
    """Give a refill back after a failure: queued again, or dead if it must not be retried.

    Raises LeaseLostError or NotFoundError.
    """
    row = get(connection, refill_id)
    dead = not failure.retryable or row.attempt >= max_attempts
    state = RefillState.DEAD if dead else RefillState.QUEUED
    wait = failure.retry_after if failure.retry_after is not None else _backoff(row.attempt)
    values = {"last_error": failure.reason, "available_at": now + wait}
    moved = _move(connection, refill_id, token, now, "fail", state, values)
    if moved and dead:
        _report_dead(connection, refill_id, row.order_id, row.quantity, failure.reason, now)
    return _answered(connection, refill_id, token, "fail")


def release(connection: Connection, refill_id: int, token: str, now: datetime) -> RefillState:
    """Give a refill back undelivered, claimable at once; raises LeaseLostError or NotFoundError."""
    values = {"available_at": now, "attempt": _r.attempt - 1}
    _move(connection, refill_id, token, now, "release", RefillState.QUEUED, values)
    return _answered(connection, refill_id, token, "release")


def expire(connection: Connection, now: datetime, max_attempts: int, limit: int = 500) -> int:
    """Queue the refills whose lease has ended again, or make them dead; returns their number."""
    ended = list(connection.execute(_ENDED, {"now": now, "limit": limit}))
    for row in ended:
        dead = row.attempt >= max_attempts
        state = RefillState.DEAD if dead else RefillState.QUEUED
        free = {"state": state, "lease_token": None, "leased_until": None, "available_at": now}
        error = {"last_error": "the lease ended"}
        connection.execute(update(refills).where(_r.refill_id == row.refill_id).values(free | error))
        refill_moves.add(connection, [row.refill_id], state, now, "the lease ended")
        if dead:
            _report_dead(connection, row.refill_id, row.order_id, row.quantity, "the lease ended", now)
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
    """Change the state of a claimed refill if the token owns it; returns whether this call did."""
    require_here(connection, "this database")
    done = {"state": state, "done_token": token, "done_action": action, "done_state": state}
    free = {"lease_token": None, "leased_until": None}
    if connection.execute(_owned(refill_id, token).values(done | free | dict(values))).rowcount == 0:
        return False
    refill_moves.add(connection, [refill_id], state, now, str(values.get("last_error") or action))
    if state is RefillState.QUEUED:
        withdraw(connection, [refill_id], now)
    return True


def _answered(connection: Connection, refill_id: int, token: str, action: str) -> RefillState:
    """The state that the action led to, now or in an earlier call; raises LeaseLostError if it never did."""
    row = get(connection, refill_id)
    if row.done_state is not None and (row.done_token, row.done_action) == (token, action):
        return row.done_state
    raise _lost(refill_id)


def _owned(refill_id: int, token: str) -> Update:
    return update(refills).where(_r.refill_id == refill_id, _CLAIMED, _r.lease_token == token)


def _lost(refill_id: int) -> LeaseLostError:
    return LeaseLostError(f"the lease on refill {refill_id} is lost: it ended, or another holds it now")


def _backoff(attempt: int) -> timedelta:
    return min(BACKOFF * (1 << min(max(attempt - 1, 0), 16)), LONGEST_BACKOFF)


def _report_dead(
    connection: Connection, refill_id: int, order_id: str, quantity: int, error: str, now: datetime
) -> None:
    """Store an event and open a refund review for a refill that is dead (RULES 1)."""
    order = order_states.one_order(connection, order_id)
    events.add(connection, refill_dead(order, refill_id, quantity, error), now)
    review = review_of(order, ReviewCause.REFILL_GIVEN_UP, quantity, refill_id)
    reviews.open_review(connection, review, order, now)
