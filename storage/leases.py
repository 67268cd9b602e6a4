"""Leases: consumers claim refills, extend their leases, and give the refills back.

Delivery is at least once: a refill whose lease has ended is queued again, so `refill_id` is the
idempotency key that a consumer passes on. The newest lease token of a refill owns it. The same action
repeated with the same token gets the same answer; a completion with other values is refused.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import Connection

from monitor.events.refills import refill_dead
from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import events, lease_changes, lease_claim, lease_completion, lease_rows, order_states, reviews
from storage.claim_selection import BY_AGE, EVERYTHING, ClaimFilter, first_ready
from storage.column_types import instant, microseconds
from storage.errors import LeaseLostError, NotFoundError, RepeatDiffersError
from storage.lease_calls import (
    Complete,
    Extend,
    Fail,
    Failure,
    LeaseCall,
    Release,
    differences,
    followed,
    owns,
    repeats,
    why,
)
from storage.lease_changes import Move
from storage.lease_completion import Completed
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


Refusal: TypeAlias = LeaseLostError | NotFoundError | RepeatDiffersError


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
    claimed = lease_claim.claim(connection, now, wanted, limit, lease, consumer)
    if not claimed:
        require_here(connection, "this database")
    return [ClaimedRefill(*row.typed()) for row in claimed]


def complete_now(connection: Connection, call: Complete, now: datetime) -> LeaseAnswer | None:
    """Complete a refill with a single statement; None if the call does not: `act` tells why."""
    return _complete(connection, {0: call}, now).get(0)


def act_on_one(connection: Connection, call: LeaseCall, now: datetime) -> LeaseAnswer:
    """Carry out one call; raises a Refusal or MovedError."""
    (answer,) = act(connection, [call], now)
    if isinstance(answer, LeaseAnswer):
        return answer
    raise answer


def act(connection: Connection, calls: Sequence[LeaseCall], now: datetime) -> list[LeaseAnswer | Refusal]:
    """Carry out calls in their order, and answer each; one that is refused changes nothing, the others do.

    Raises MovedError when the work goes on in another database.
    """
    answers: dict[int, LeaseAnswer | Refusal] = {}
    for turn in _turns(calls):
        answers |= _complete(connection, turn, now)
        others = {place: call for place, call in turn.items() if place not in answers}
        if others:
            answers |= zip(others, _follow(connection, list(others.values()), now), strict=True)
    return [answers[place] for place in range(len(calls))]


def expire(connection: Connection, now: datetime, max_attempts: int, limit: int = 500) -> int:
    """Queue the refills whose lease has ended again, or make them dead; returns their number."""
    before = lease_rows.ended(connection, now, limit)
    after = [_expired(row, now, max_attempts) for row in before]
    moves = [Move(row, RefillState(new.state), _EXPIRED) for row, new in zip(before, after, strict=True)]
    _save(connection, after, moves, now)
    return len(before)


def _turns(calls: Sequence[LeaseCall]) -> list[dict[int, LeaseCall]]:
    """The calls by their places, in groups with one call on a refill each; its next one is in the next."""
    turns: list[dict[int, LeaseCall]] = []
    number = Counter[int]()
    for place, call in enumerate(calls):
        if number[call.refill_id] == len(turns):
            turns.append({})
        turns[number[call.refill_id]][place] = call
        number[call.refill_id] += 1
    return turns


def _complete(connection: Connection, calls: dict[int, LeaseCall], now: datetime) -> dict[int, LeaseAnswer]:
    """The answers, by their places, to the calls that complete a refill now; all refills are locked."""
    places = {call.refill_id: place for place, call in calls.items()}
    wanted = [call for call in calls.values() if isinstance(call, Complete)]
    if not wanted:
        return {}
    done = lease_completion.complete(connection, wanted, list(places), now)
    state = RefillState.COMPLETED
    return {
        places[row.refill_id]: LeaseAnswer(row.refill_id, state, True, Metric(row.metric), _units(row))
        for row in done
    }


def _follow(connection: Connection, calls: list[LeaseCall], now: datetime) -> list[LeaseAnswer | Refusal]:
    """Carry out calls on different refills, none of which completes one now."""
    rows = lease_rows.locked(connection, [call.refill_id for call in calls])
    _require_here(connection, list(rows.values()))
    changed, moves = list[LeaseRow](), list[Move]()
    answers = [_answer(call, rows.get(call.refill_id), changed, moves, now) for call in calls]
    withdrawn = _save(connection, changed, moves, now)
    return [
        replace(answer, state=RefillState.CANCELLED)
        if isinstance(answer, LeaseAnswer) and answer.refill_id in withdrawn
        else answer
        for answer in answers
    ]


def _answer(
    call: LeaseCall, row: LeaseRow | None, changed: list[LeaseRow], moves: list[Move], now: datetime
) -> LeaseAnswer | Refusal:
    """The answer to a call; if it changes the refill, the new row and its move are added."""
    refill_id = call.refill_id
    if row is None:
        return NotFoundError(f"there is no refill {refill_id}")
    if owns(call, row):
        new = followed(call, row, now)
        state = RefillState(new.state)
        changed.append(new)
        if new.state != row.state:
            moves.append(Move(row, state, why(call)))
        return LeaseAnswer(refill_id, state, True, Metric(row.metric), 0)
    if repeats(call, row) and row.done_state is not None:
        differing = differences(call, row)
        if differing:
            return RepeatDiffersError(f"refill {refill_id} is completed already", differing)
        units = _units(row) if row.state == RefillState.COMPLETED else 0
        return LeaseAnswer(refill_id, RefillState(row.done_state), False, Metric(row.metric), units)
    under = " under another token" if row.state == RefillState.CLAIMED else ""
    return LeaseLostError(f"the lease on refill {refill_id} is lost: the refill is {row.state}{under}")


def _units(row: LeaseRow | Completed) -> int:
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
