"""The ledger: every decision of a replay, written out as it falls, and what they add up to."""

import json
from collections import Counter
from collections.abc import Callable

from monitor.model.decision import Action, Decision, Reason
from monitor.model.order import Order
from refilld.backtest.refill_cost import RefillCost
from refilld.time_format import rfc3339

Write = Callable[[str], object]


class DecisionLog:
    """Counts what was decided; `write` gets each decision as a line of JSON, where anybody reads it."""

    def __init__(self, write: Write | None) -> None:
        self._write = write
        self.refills = 0
        self.units = 0
        self.refused: Counter[Reason] = Counter()
        self.cost = RefillCost()

    def decided(self, order: Order, decision: Decision) -> None:
        if self._write is not None:
            self._write(_line(decision))
        if decision.action is Action.REFILL:
            self.owed(order, decision.quantity)
        elif decision.action is Action.REFUSE:
            self.refused[decision.reason] += decision.claim

    def owed(self, order: Order, units: int) -> None:
        """A refill goes out to the order."""
        self.refills += 1
        self.units += units
        self.cost.add(order, units)


def _line(decision: Decision) -> str:
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
