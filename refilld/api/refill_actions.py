"""What is done with single refills, inside of a transaction: by consumers under a lease, and by operators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.model.target import Metric
from refilld.api.schemas import CompleteBody, ExtendBody, FailBody, LeaseBody
from storage import leases, operator_actions, refills
from storage.engine import Transaction, after_commit
from storage.server_time import shared_time


@dataclass(frozen=True, slots=True)
class RefillActions:
    """The actions; the clock is read inside the transaction, after the wait for it."""

    clock: Callable[[], datetime]
    max_attempts: int
    shadow: bool
    """In shadow mode no operator can queue a refill."""
    refilled: Callable[[Metric, int], None]
    """Called with the units of each refill that is completed, after the commit."""

    def now(self, tx: Transaction) -> datetime:
        """The time that judges leases, by the clock that all processes share."""
        return shared_time(tx, self.clock())

    def move(self, tx: Transaction, refill_id: int, body: LeaseBody) -> dict[str, object]:
        """What a consumer does, by the type of the body; returns the fields of the answer."""
        found = _MOVES[type(body).verb](self, tx, refill_id, body)
        return {"refill_id": refill_id, **found}

    def extend(self, tx: Transaction, refill_id: int, body: ExtendBody) -> dict[str, object]:
        until = leases.extend(tx, refill_id, body.lease_token, self.now(tx) + body.lease)
        return {"leased_until": until}

    def complete(self, tx: Transaction, refill_id: int, body: CompleteBody) -> dict[str, object]:
        now, external_id, delivered = self.now(tx), body.external_id, body.delivered
        token = body.lease_token
        state = leases.complete(tx, refill_id, token, now, external_id=external_id, delivered=delivered)
        row = refills.get(tx, refill_id)
        if row.completed_at == now:  # else this is a repeated call
            after_commit(tx, lambda: self.refilled(row.metric, row.units))
        return {"state": state}

    def fail(self, tx: Transaction, refill_id: int, body: FailBody) -> dict[str, object]:
        now = self.now(tx)
        return {"state": leases.fail(tx, refill_id, body.lease_token, now, body.failure, self.max_attempts)}

    def release(self, tx: Transaction, refill_id: int, body: LeaseBody) -> dict[str, object]:
        return {"state": leases.release(tx, refill_id, body.lease_token, self.now(tx))}

    def operate(self, tx: Transaction, refill_id: int, action: str) -> dict[str, object]:
        """What an operator does."""
        row = operator_actions.act(tx, refill_id, action, self.now(tx), shadow=self.shadow)
        return {"refill_id": refill_id, "state": row.state, "quantity": row.quantity}


_MOVES: Mapping[str, Callable[[RefillActions, Transaction, int, Any], dict[str, object]]] = {
    "extend": RefillActions.extend,
    "complete": RefillActions.complete,
    "fail": RefillActions.fail,
    "release": RefillActions.release,
}
