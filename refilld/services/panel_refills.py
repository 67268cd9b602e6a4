"""Refills as panels ask for them: a request of a customer, and what has become of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.terms import RefillMode
from refilld.orders_file.rows import possible_id
from refilld.services.buyer_links import ask_for_refill
from storage import claim_columns, order_states, requests, targets
from storage.engine import Transaction
from storage.requests import RequestResult


class PanelFault(StrEnum):
    """Errors in the words that panels use."""

    INVALID_KEY = "Invalid API key"
    INCORRECT_REQUEST = "Incorrect request"
    INCORRECT_ORDER = "Incorrect order ID"
    REFILL_NOT_FOUND = "Refill not found"
    REFILL_DISABLED = "Refill is disabled for this service"
    REFILL_OPEN = "The refill task is not completed for this order"
    NOT_ELIGIBLE = "Order not eligible for refill."
    """No guarantee is in force, or there were too many requests today."""
    TOO_MANY = "Too many requests, please try again later"
    """More than the key may send in a minute."""
    UNAVAILABLE = "Temporarily unavailable, please try again later"
    """The database cannot be reached; nothing was changed."""
    FAILED = "Internal error"
    """A defect, which is in the log."""


class RefillWord(StrEnum):
    """The status of a refill, as panels write it."""

    PENDING = "Pending"
    IN_PROGRESS = "In progress"
    COMPLETED = "Completed"
    REJECTED = "Rejected"
    ERROR = "Error"


_WORDS = {
    RefillState.HELD: RefillWord.PENDING,
    RefillState.QUEUED: RefillWord.PENDING,
    RefillState.CLAIMED: RefillWord.IN_PROGRESS,
    RefillState.COMPLETED: RefillWord.COMPLETED,
    RefillState.DEAD: RefillWord.ERROR,
    RefillState.REJECTED: RefillWord.REJECTED,
    RefillState.CANCELLED: RefillWord.REJECTED,
}


def possible(order_ids: Iterable[str]) -> list[str]:
    """Those that can be ids of orders, each once."""
    return list(filter(possible_id, dict.fromkeys(order_ids)))


def ask(tx: Transaction, order_ids: Sequence[str], now: datetime) -> dict[str, int | PanelFault]:
    """Record a request for each order; the id of the request, or why it is refused, by order."""
    wanted = possible(order_ids)
    known = targets.ids_of_orders(tx, wanted)
    targets.lock(tx, sorted(set(known.values())))
    states = _states(tx, known.values())
    asked = {order_id: _ask(tx, states[order_id], now) for order_id in wanted if order_id in known}
    return dict.fromkeys(order_ids, PanelFault.INCORRECT_ORDER) | asked


def _ask(tx: Transaction, state: OrderState, now: datetime) -> int | PanelFault:
    order_id = state.order.order_id
    if state.order.terms.refill is RefillMode.NEVER:
        return PanelFault.REFILL_DISABLED
    if any(refill.state.open for refill in state.refills) or (state.request_pending and state.covered(now)):
        claim_columns.ask_for(tx, order_id, now)
        return PanelFault.REFILL_OPEN
    if not ask_for_refill(tx, order_id, now) or not state.covered(now):
        return PanelFault.NOT_ELIGIBLE
    return requests.newest_id(tx, order_id)


def statuses(tx: Transaction, request_ids: Sequence[int], now: datetime) -> dict[int, RefillWord]:
    """The status of the refills that were asked for, by id of the request; unknown ids are skipped."""
    results = requests.results(tx, request_ids)
    open_ids = {one.request.order_id for one in results.values() if _undecided(one)}
    states = _states(tx, targets.ids_of_orders(tx, sorted(open_ids)).values())
    covered = {order_id for order_id in open_ids if states[order_id].covered(now)}
    return {number: _word(result, covered) for number, result in results.items()}


def _undecided(result: RequestResult) -> bool:
    return result.refill is None and result.request.answered_at is None


def _word(result: RequestResult, covered: set[str]) -> RefillWord:
    """A request is rejected if no refill came of it, or none can come any more."""
    if result.refill is not None:
        return _WORDS[result.refill]
    pending = _undecided(result) and result.request.order_id in covered
    return RefillWord.PENDING if pending else RefillWord.REJECTED


def _states(tx: Transaction, target_ids: Iterable[int]) -> dict[str, OrderState]:
    """The states of all orders of targets, by order."""
    groups = order_states.of_targets(tx, sorted(set(target_ids)))
    return {state.order.order_id: state for group in groups.values() for state in group}
