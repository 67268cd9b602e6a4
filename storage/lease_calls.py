"""Calls of a consumer on a refill that it has claimed: what each makes of the refill."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.model.backoff import Backoff
from monitor.model.refill import RefillState
from storage.column_types import microseconds
from storage.lease_rows import LeaseRow

_BACKOFF = Backoff()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a consumer could not deliver a refill, and whether and when to retry."""

    reason: str
    retryable: bool = True
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class LeaseCall:
    """A call on one refill, under the token of its lease."""

    refill_id: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Extend(LeaseCall):
    """The consumer needs more time."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Complete(LeaseCall):
    """The refill was delivered."""

    external_id: str | None = None
    delivered: int | None = None


@dataclass(frozen=True, slots=True)
class Fail(LeaseCall):
    """The refill could not be delivered: it is queued again, or dead if it must not be retried."""

    failure: Failure
    max_attempts: int
    backoff: Backoff = _BACKOFF
    jitter: float = 1.0
    """Drawn from 0 to 1; it counts where the consumer does not say when to retry."""


@dataclass(frozen=True, slots=True)
class Release(LeaseCall):
    """The refill was not delivered, and is claimable at once."""


_ACTIONS: dict[type[LeaseCall], str] = {
    Extend: "extend",
    Complete: "complete",
    Fail: "fail",
    Release: "release",
}


def owns(call: LeaseCall, row: LeaseRow) -> bool:
    """Whether the call has the token of the refill's present lease."""
    return row.state == RefillState.CLAIMED and row.lease_token == call.token


def repeats(call: LeaseCall, row: LeaseRow) -> bool:
    """Whether the same call with the same token ended the refill's newest lease that was ended by a call."""
    return (row.done_token, row.done_action) == (call.token, _ACTIONS[type(call)])


def differences(call: LeaseCall, row: LeaseRow) -> dict[str, str]:
    """The fields of a repeated completion that contradict what was recorded, which is told.

    None states nothing; a refill that was completed without a number has its quantity.
    """
    if not isinstance(call, Complete):
        return {}
    delivered = row.quantity if row.delivered is None else row.delivered
    found = dict[str, str]()
    if call.delivered not in {None, delivered}:
        found["delivered"] = f"{delivered} was recorded, and stays"
    if call.external_id not in {None, row.external_id}:
        recorded = "none" if row.external_id is None else repr(row.external_id)
        found["external_id"] = f"{recorded} was recorded, and stays"
    return found


def why(call: LeaseCall) -> str:
    """Why a refill enters a state, for its history."""
    return (call.failure.reason if isinstance(call, Fail) else "") or _ACTIONS[type(call)]


def followed(call: LeaseCall, row: LeaseRow, now: datetime) -> LeaseRow:
    """The refill after a call by the owner of its lease; `lease_completion` completes refills."""
    if isinstance(call, Extend):
        return row._replace(leased_until=microseconds(call.until))
    at = microseconds(now)
    if isinstance(call, Fail):
        wait = call.failure.retry_after
        if wait is None:
            wait = call.backoff.wait(row.attempt, call.jitter)
        available_at = microseconds(now + wait)
        dead = not call.failure.retryable or row.attempt >= call.max_attempts
        row = row._replace(last_error=call.failure.reason, available_at=available_at)
        return _ended(call, row, RefillState.DEAD if dead else RefillState.QUEUED)
    row = row._replace(available_at=at, attempt=row.attempt - 1)
    return _ended(call, row, RefillState.QUEUED)


def _ended(call: LeaseCall, row: LeaseRow, state: RefillState) -> LeaseRow:
    return row._replace(
        state=str(state),
        lease_token=None,
        leased_until=None,
        done_token=call.token,
        done_action=_ACTIONS[type(call)],
        done_state=str(state),
    )
