"""One refill of an action on many: refused if it has changed since it was shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.guarantee.queue_rules import QueueRules
from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from storage import held_refills, operator_actions, refill_moves, refills, targets
from storage.engine import Transaction
from storage.errors import WrongStateError
from storage.event_actor import by
from storage.refills import RefillRow


@dataclass(frozen=True, slots=True)
class ExpectedRefill:
    """A refill as it was shown."""

    state: RefillState
    reason: Reason
    units: int
    """The most units that may be queued; 0 if the action was shown to end the refill."""

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "ExpectedRefill":
        """The refill from fields named like its own; raises KeyError or ValueError."""
        return cls(RefillState(fields["state"]), Reason(fields["reason"]), int(fields["units"]))


def act_on_refill(
    tx: Transaction,
    action: BulkAction,
    refill_id: int,
    expected: ExpectedRefill,
    rules: QueueRules,
    now: datetime,
) -> RefillRow:
    """Carry out an action; raises what `operator_actions.act` raises, and WrongStateError after a change."""
    targets.of_order(tx, refills.get(tx, refill_id).order_id, lock=True)  # no evaluation until the commit
    before = refills.get(tx, refill_id)
    if (before.state, before.reason) != (expected.state, expected.reason):
        who = by(refill_moves.last_by(tx, before.order_id, refill_id))
        state = f"{before.state} ({before.reason}) now"
        raise WrongStateError(f"refill {refill_id} has changed: it is {state}{who}")
    row = _acted(tx, action, before, rules, now)
    if row.state is RefillState.QUEUED and row.quantity > expected.units:  # the transaction is rolled back
        shown = f"{expected.units:,} were shown"
        raise WrongStateError(
            f"refill {refill_id} has changed: it is owed {row.quantity:,} units now, {shown}"
        )
    return row


def _acted(
    tx: Transaction, action: BulkAction, before: RefillRow, rules: QueueRules, now: datetime
) -> RefillRow:
    if action is BulkAction.RELEASE:
        return held_refills.release(
            tx, before.refill_id, before.reason, now, caps=rules.caps, shadow=rules.shadow
        )
    if action is BulkAction.DISCARD:
        return held_refills.discard(tx, before.refill_id, before.reason, now)
    return operator_actions.act(tx, before.refill_id, action.operator_action, now, shadow=rules.shadow)
