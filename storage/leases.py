"""Leases: consumers claim refills, extend their leases, and give the refills back.

Delivery is at least once: a refill whose lease has ended is queued again, so `refill_id` is the
idempotency key that a consumer passes on. The newest lease token of a refill owns it. The same action
repeated with the same token gets the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import TypeAlias

from sqlalchemy import Connection

from monitor.events.refills import refill_dead
from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import events, lease_changes, lease_rows, order_states, reviews
from storage.claim_selection import BY_AGE, EVERYTHING, ClaimFilter, first_ready
from storage.column_types import instant, microseconds
from storage.errors import LeaseLostError, NotFoundError
from storage.lease_calls import (
    Complete,
    Extend,
    Fail,
    Failure,
    LeaseCall,
    Release,
    followed,
    owns,
    repeats,
    why,
)
from storage.lease_changes import Move
from storage.lease_rows import LeaseRow
from storage.refills import RefillRow, withdraw
from storage.revision import require_here

__all__ = ["Complete", "Extend", "Fail", "Failure", "LeaseCall", "Release"]

_EXPIRED = "the lease ended"


@dataclass(frozen=True, slots=True)
class ClaimedRefill(RefillRow):
    """A refill under a lease, as its consumer gets it."""

    lease_token: str = field(repr=False)
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """What became of a call on a refill."""

    refill_id: int
    state: RefillState
    """The state that the call led to, now or when it was first made."""
    changed: bool
    """Whether this call changed the refill; a repeated one does not."""
    metric: Metric
    units: int
    """Units that were completed; 0 unless it is completed."""


Refusal: TypeAlias = LeaseLostError | NotFoundError


def anything_ready(connection: Connection, now: datetime, wanted: ClaimFilter = EVERYTHING) -> bool:
    """Whether a claim could take a refill now; reads only, so it may be polled."""
    return first_ready(connection, now, wanted) is not None


def waiting_since(connection: Connection, now: datetime) -> datetime | None:
    """Since when the refill is ready that waits longest, without those of paused parts; None if none is."""
    return instant(first_ready(connection, now, BY_AGE))


def claim(
    connection: Connection,
    now: datetime,
    *,
    limit: int,
    lease: timedelta,
    wanted: ClaimFilter = EVERYTHING,
    consumer: str = "",
) -> list[ClaimedRefill]:
    """Claim up to `limit` refills that are ready, oldest first, each under its own lease token.

    Raises MovedError when the work goes on in another database.
    """
    ready = lease_rows.ready(connection, now, wanted, limit)
    if not ready:
        return []
    _require_here(connection, ready)
    state, until = RefillState.CLAIMED, microseconds(now + lease)
    claimed = [
        row._replace(
            state=str(state),
            attempt=row.attempt + 1,
            lease_token=token_urlsafe(18),
            leased_until=until,
            consumer=consumer,
        )
        for row in ready
    ]
    moves = [Move(row, state, consumer or "claimed") for row in ready]
    lease_changes.save(connection, claimed, moves, now)
    return [ClaimedRefill(*row.typed()) for row in claimed]


def extend(connection: Connection, refill_id: int, token: str, until: datetime) -> datetime:
    """Extend a lease; raises LeaseLostError if the token no longer owns the refill, or NotFoundError.

    Raises MovedError when the work goes on in another database.
    """
    act_on_one(connection, Extend(refill_id, token, until), until)
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
    return act_on_one(connection, Complete(refill_id, token, external_id, delivered), now).state


def fail(
    connection: Connection, refill_id: int, token: str, now: datetime, failure: Failure, max_attempts: int
) -> RefillState:
    """Give a refill back after a failure: queued again, or dead if it must not be retried.

    Raises LeaseLostError or NotFoundError.
    """
    return act_on_one(connection, Fail(refill_id, token, failure, max_attempts), now).state


def release(connection: Connection, refill_id: int, token: str, now: datetime) -> RefillState:
    """Give a refill back undelivered, claimable at once; raises LeaseLostError or NotFoundError."""
    return act_on_one(connection, Release(refill_id, token), now).state


def act_on_one(connection: Connection, call: LeaseCall, now: datetime) -> LeaseAnswer:
    """Carry out one call; raises LeaseLostError, NotFoundError or MovedError."""
    (answer,) = act(connection, [call], now)
    if isinstance(answer, LeaseAnswer):
        return answer
    raise answer


def act(connection: Connection, calls: Sequence[LeaseCall], now: datetime) -> list[LeaseAnswer | Refusal]:
    """Carry out calls in their order, and answer each; one that is refused changes nothing, the others do.

    Raises MovedError when the work goes on in another database.
    """
    before = lease_rows.locked(connection, {call.refill_id for call in calls})
    _require_here(connection, list(before.values()))
    after, moves = dict(before), list[Move]()
    answers = [_answer(call, after, moves, now) for call in calls]
    changed = [row for refill_id, row in after.items() if row is not before[refill_id]]
    withdrawn = _save(connection, changed, moves, now)
    return [
        replace(answer, state=RefillState.CANCELLED)
        if isinstance(answer, LeaseAnswer) and answer.refill_id in withdrawn
        else answer
        for answer in answers
    ]


def expire(connection: Connection, now: datetime, max_attempts: int, limit: int = 500) -> int:
    """Queue the refills whose lease has ended again, or make them dead; returns their number."""
    before = lease_rows.ended(connection, now, limit)
    after = [_expired(row, now, max_attempts) for row in before]
    moves = [Move(row, RefillState(new.state), _EXPIRED) for row, new in zip(before, after, strict=True)]
    _save(connection, after, moves, now)
    return len(before)


def _answer(
    call: LeaseCall, rows: dict[int, LeaseRow], moves: list[Move], now: datetime
) -> LeaseAnswer | Refusal:
    """The answer to a call; if it changes the refill, the new row is put in the place of the old one."""
    refill_id = call.refill_id
    row = rows.get(refill_id)
    if row is None:
        return NotFoundError(f"there is no refill {refill_id}")
    if owns(call, row):
        new = rows[refill_id] = followed(call, row, now)
        state = RefillState(new.state)
        if new.state != row.state:
            moves.append(Move(row, state, why(call)))
        return LeaseAnswer(refill_id, state, True, Metric(row.metric), _completed_units(new))
    if repeats(call, row) and row.done_state is not None:
        state = RefillState(row.done_state)
        return LeaseAnswer(refill_id, state, False, Metric(row.metric), _completed_units(row))
    return LeaseLostError(f"the lease on refill {refill_id} is lost: it ended, or another holds it now")


def _completed_units(row: LeaseRow) -> int:
    if row.state != RefillState.COMPLETED:
        return 0
    return row.quantity if row.delivered is None else min(row.delivered, row.quantity)


def _expired(row: LeaseRow, now: datetime, max_attempts: int) -> LeaseRow:
    state = RefillState.DEAD if row.attempt >= max_attempts else RefillState.QUEUED
    return row._replace(
        state=str(state),
        lease_token=None,
        leased_until=None,
        available_at=microseconds(now),
        last_error=_EXPIRED,
    )


def _save(
    connection: Connection, changed: Sequence[LeaseRow], moves: Sequence[Move], now: datetime
) -> set[int]:
    """Save refills and all that follows; returns those that are not queued again but withdrawn."""
    if changed:
        lease_changes.save(connection, changed, moves, now)
    for move in moves:
        if move.state is RefillState.DEAD:
            _report_dead(connection, move, now)
    queued = {move.row.refill_id: move.row.order_id for move in moves if move.state is RefillState.QUEUED}
    return withdraw(connection, queued, now)


def _require_here(connection: Connection, rows: Sequence[LeaseRow]) -> None:
    if not rows or rows[0].moved:
        require_here(connection, "this database")


def _report_dead(connection: Connection, move: Move, now: datetime) -> None:
    """Store an event and open a refund review for a refill that is dead (RULES 1)."""
    refill_id, quantity = move.row.refill_id, move.row.quantity
    order = order_states.one_order(connection, move.row.order_id)
    events.add(connection, refill_dead(order, refill_id, quantity, move.why), now)
    review = review_of(order, ReviewCause.REFILL_GIVEN_UP, quantity, refill_id)
    reviews.open_review(connection, review, order, now)
