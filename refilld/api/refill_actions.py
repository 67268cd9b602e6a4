"""What is done with single refills, inside of a transaction: by consumers under a lease, and by operators."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import random

from monitor.errors import RefilldError
from monitor.model.target import Metric
from refilld.api.schemas import ClaimBody, CompleteBody, ExtendBody, FailBody, LeaseBody
from refilld.settings.settings import QueueSection
from storage import leases, operator_actions
from storage.claim_selection import ClaimFilter
from storage.engine import Transaction, after_commit
from storage.lease_calls import Complete, Extend, Fail, LeaseCall, Release
from storage.leases import ClaimedRefill, LeaseAnswer, Refusal
from storage.shared_clock import SharedClock


@dataclass(frozen=True, slots=True)
class RefillActions:
    """The actions; the clock is read inside the transaction, after the wait for it."""

    clock: SharedClock
    queue: QueueSection
    shadow: bool
    """In shadow mode no operator can queue a refill."""
    refilled: Callable[[Metric, int], None]
    """Called with the units of each refill that is completed, after the commit."""
    jitter: Callable[[], float] = random

    def now(self, tx: Transaction) -> datetime:
        """The time that judges leases, by the clock that all processes share."""
        return self.clock.shared(tx)

    def wanted(self, body: ClaimBody) -> ClaimFilter:
        """The refills that a consumer claims, in the configured order."""
        return body.wanted(buyers_first=self.queue.buyers_first)

    def claim(self, tx: Transaction, now: datetime, body: ClaimBody) -> list[ClaimedRefill]:
        """What a consumer claims."""
        return leases.claim(
            tx,
            now,
            limit=body.limit,
            lease=body.lease,
            wanted=self.wanted(body),
            consumer=body.consumer or "",
        )

    def complete(self, tx: Transaction, refill_id: int, body: CompleteBody) -> dict[str, object] | None:
        """Complete a refill with a single statement; None if that does not complete it."""
        call = _completion(refill_id, body)
        found = leases.complete_now(tx, call, self.now(tx))
        if found is None:
            return None
        after_commit(tx, lambda: self._count([found]))
        return _fields(call, found)

    def move(self, tx: Transaction, refill_id: int, body: LeaseBody) -> dict[str, object]:
        """What a consumer does, by the type of the body; returns the fields of the answer."""
        (found,) = self.move_many(tx, [(refill_id, body)])
        if isinstance(found, RefilldError):
            raise found
        return found

    def move_many(
        self, tx: Transaction, wanted: Sequence[tuple[int, LeaseBody]]
    ) -> list[dict[str, object] | Refusal]:
        """What consumers do with many refills, in this order; what is refused changes nothing."""
        now = self.now(tx)
        calls = [self._call(refill_id, body, now) for refill_id, body in wanted]
        answers = list(zip(calls, leases.act(tx, calls, now), strict=True))
        completed = [
            found
            for call, found in answers
            if isinstance(call, Complete) and isinstance(found, LeaseAnswer) and found.changed
        ]
        after_commit(tx, lambda: self._count(completed))
        return [_fields(call, found) if isinstance(found, LeaseAnswer) else found for call, found in answers]

    def _call(self, refill_id: int, body: LeaseBody, now: datetime) -> LeaseCall:
        token = body.lease_token
        match body:
            case ExtendBody():
                return Extend(refill_id, token, now + body.lease)
            case CompleteBody():
                return _completion(refill_id, body)
            case FailBody():
                limits = self.queue.max_attempts, self.queue.waits
                return Fail(refill_id, token, body.failure, *limits, self.jitter())
            case _:
                return Release(refill_id, token)

    def _count(self, completed: Iterable[LeaseAnswer]) -> None:
        for one in completed:
            self.refilled(one.metric, one.units)

    def operate(self, tx: Transaction, refill_id: int, action: str) -> dict[str, object]:
        """What an operator does."""
        row = operator_actions.act(tx, refill_id, action, self.now(tx), shadow=self.shadow)
        return {"refill_id": refill_id, "state": row.state, "quantity": row.quantity}


def _completion(refill_id: int, body: CompleteBody) -> Complete:
    return Complete(refill_id, body.lease_token, body.external_id, body.delivered)


def _fields(call: LeaseCall, found: LeaseAnswer) -> dict[str, object]:
    """The answer to a call that was carried out."""
    if isinstance(call, Extend):
        return {"refill_id": call.refill_id, "leased_until": call.until}
    return {"refill_id": call.refill_id, "state": found.state}
