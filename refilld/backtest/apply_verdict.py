"""Aftermath: what a verdict, a flag or a delivery changes of an order, as the database would keep it."""

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.guarantee.verdicts import Verdict
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.order import Flag
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from refilld.backtest.decision_log import DecisionLog


class Aftermath:
    """Carries out what follows, and puts each new decision into the ledger.

    What it remembers itself is what the drops' rows remember: the last word on an open drop, and the
    drops whose refill is held.
    """

    def __init__(self, hold: timedelta, decision_log: DecisionLog) -> None:
        self._hold = hold
        self._decision_log = decision_log
        self._last_word: dict[str, tuple[Action, Reason]] = {}
        self._held: dict[str, Drop] = {}

    def of_verdict(self, before: OrderState, verdict: Verdict) -> OrderState:
        """The order after one judged count."""
        after = before
        if verdict.start_count is not None:
            order = replace(before.order, start_count=verdict.start_count, start_measured=True)
            after = replace(after, order=order)
        if verdict.request_answered:
            after = replace(after, request_pending=False)
        if verdict.drop is not None:
            after = self._dropped(after, verdict.drop, verdict.decision)
        if verdict.release is not None and verdict.release.action is not Action.WAIT:
            after = self._released(after, verdict.release)
        return after

    def of_flag(self, before: OrderState, flag: Flag) -> OrderState:
        """The order once it is flagged: its drop is closed, its refill cancelled (RULES 4)."""
        self._forget(before.order.order_id)
        return replace(before, flags=before.flags | {flag}, drop=None, refills=_closed(before))

    def of_completion(self, before: OrderState, at: datetime) -> OrderState:
        """The order once its open refill is delivered; a held one must have been released for that."""
        if before.held_units:
            self._decision_log.owed(before.order, before.held_units)
        self._held.pop(before.order.order_id, None)
        return replace(before, refills=tuple(_completed(refill, at) for refill in before.refills))

    def _dropped(self, before: OrderState, drop: Drop, decision: Decision | None) -> OrderState:
        order_id = before.order.order_id
        after = replace(before, drop=drop if drop.state.open else None)
        if decision is not None and self._last_word.get(order_id) != (decision.action, decision.reason):
            self._last_word[order_id] = decision.action, decision.reason
            self._decision_log.decided(before.order, decision)
            after = self._given(after, drop, decision)
        if not drop.state.open:
            self._last_word.pop(order_id, None)
        return after

    def _given(self, before: OrderState, drop: Drop, decision: Decision) -> OrderState:
        """The order with the refill that a decision gives, queued or held."""
        if decision.action not in {Action.REFILL, Action.HOLD}:
            return before
        state, release_at = RefillState.QUEUED, None
        if decision.action is Action.HOLD:
            state = RefillState.HELD
            if decision.reason is Reason.MASS_DROP:
                release_at = decision.at + self._hold
                self._held[decision.order_id] = drop
        refill = Refill(decision.order_id, decision.quantity, state, release_at=release_at)
        return replace(before, refills=(*before.refills, refill))

    def _released(self, before: OrderState, decision: Decision) -> OrderState:
        """The order after its held refill was decided anew (RULES 6)."""
        self._decision_log.decided(before.order, decision)
        held = self._held.pop(decision.order_id)
        if decision.action is Action.REFUSE:
            after = replace(before, refills=_closed(before))
            return after if decision.reason is Reason.RECOVERED else self._refused(after, held)
        queued = decision.action is Action.REFILL
        refills = tuple(_let_go(refill, decision) if queued else _kept(refill) for refill in before.refills)
        return replace(before, refills=refills)

    def _refused(self, before: OrderState, held: Drop) -> OrderState:
        """The order whose drop is refused until it has recovered, as when an operator rejects its refill."""
        self._last_word.pop(before.order.order_id, None)
        return replace(before, drop=replace(held, state=DropState.REFUSED, closed_at=None))

    def _forget(self, order_id: str) -> None:
        self._last_word.pop(order_id, None)
        self._held.pop(order_id, None)


def _closed(state: OrderState) -> tuple[Refill, ...]:
    """The order's refills without the open one: one that came to nothing counts for nothing."""
    return tuple(refill for refill in state.refills if not refill.state.open)


def _completed(refill: Refill, at: datetime) -> Refill:
    if not refill.state.open:
        return refill
    return replace(refill, state=RefillState.COMPLETED, completed_at=at, release_at=None)


def _let_go(refill: Refill, decision: Decision) -> Refill:
    if refill.state is not RefillState.HELD:
        return refill
    return replace(refill, state=RefillState.QUEUED, quantity=decision.quantity, release_at=None)


def _kept(refill: Refill) -> Refill:
    return replace(refill, release_at=None) if refill.state is RefillState.HELD else refill
