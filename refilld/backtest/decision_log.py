"""Decision log: writes every decision of a replay, and sums them up."""

import json
from collections import Counter
from collections.abc import Callable

from monitor.model.decision import Action, Decision, Reason
from monitor.model.instants import rfc3339
from monitor.model.order import Order
from refilld.backtest.refill_cost import RefillCost

Write = Callable[[str], object]


class DecisionLog:
    """Sums up decisions; `write`, if given, is called with each one as a line of JSON."""

    def __init__(self, write: Write | None) -> None:
        self._write = write
        self.refills = 0
        self.units = 0
        self.refused: Counter[Reason] = Counter()
        self.cost = RefillCost()

    def record(self, order: Order, decision: Decision) -> None:
        """Write a decision, and add it to the sums."""
        if self._write is not None:
            self._write(_json_line(decision))
        if decision.action is Action.REFILL:
            self.record_refill(order, decision.quantity)
        elif decision.action is Action.REFUSE:
            self.refused[decision.reason] += decision.claim

    def record_refill(self, order: Order, units: int) -> None:
        """Add a refill of the order."""
        self.refills += 1
        self.units += units
        self.cost.add(order, units)


def _json_line(decision: Decision) -> str:
    return json.dumps(
        {
            "at": rfc3339(decision.at),
            "order_id": decision.order_id,
            "decision": decision.action,
            "reason": decision.reason,
            "quantity": decision.quantity,
            "count": decision.count,
            "line": decision.line,
            "claim": decision.claim,
        }
    )
