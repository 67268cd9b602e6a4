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


class NotGranted(StrEnum):
    """Why a request for a refill was not granted."""

    UNKNOWN_ORDER = "unknown_order"
    NO_REFILLS = "no_refills"
    """The order was sold without refills."""
    OPEN = "open"
    """A refill is open, or an earlier request is pending."""
    NOT_ELIGIBLE = "not_eligible"
    """No guarantee is in force, or there were too many requests today."""


def possible(order_ids: Iterable[str]) -> list[str]:
    """Those that can be ids of orders, each once."""
    return list(filter(possible_id, dict.fromkeys(order_ids)))


def ask(tx: Transaction, order_ids: Sequence[str], now: datetime) -> dict[str, int | NotGranted]:
    """Record a request for each order; the id of the request, or why it was not granted, by order."""
    wanted = possible(order_ids)
    known = targets.ids_of_orders(tx, wanted)
    targets.lock(tx, sorted(set(known.values())))
    states = _states(tx, known.values())
    asked = {order_id: _ask(tx, states[order_id], now) for order_id in wanted if order_id in known}
    return dict.fromkeys(order_ids, NotGranted.UNKNOWN_ORDER) | asked


def _ask(tx: Transaction, state: OrderState, now: datetime) -> int | NotGranted:
    order_id = state.order.order_id
    if state.order.terms.refill is RefillMode.NEVER:
        return NotGranted.NO_REFILLS
    if any(refill.state.open for refill in state.refills) or (state.request_pending and state.covered(now)):
        claim_columns.ask_for(tx, order_id, now)
        return NotGranted.OPEN
    if not ask_for_refill(tx, order_id, now) or not state.covered(now):
        return NotGranted.NOT_ELIGIBLE
    return requests.newest_id(tx, order_id)


def statuses(tx: Transaction, request_ids: Sequence[int], now: datetime) -> dict[int, RefillState | None]:
    """What became of requests, by their ids; None if that is open. Unknown ids are skipped."""
    results = requests.results(tx, request_ids)
    open_ids = {one.request.order_id for one in results.values() if _undecided(one)}
    states = _states(tx, targets.ids_of_orders(tx, sorted(open_ids)).values())
    covered = {order_id for order_id in open_ids if states[order_id].covered(now)}
    return {number: _state(result, covered) for number, result in results.items()}


def _undecided(result: RequestResult) -> bool:
    return result.refill is None and result.request.answered_at is None


def _state(result: RequestResult, covered: set[str]) -> RefillState | None:
    """A request is rejected if no refill came of it, or none can come any more."""
    if result.refill is not None:
        return result.refill
    pending = _undecided(result) and result.request.order_id in covered
    return None if pending else RefillState.REJECTED


def _states(tx: Transaction, target_ids: Iterable[int]) -> dict[str, OrderState]:
    """The states of all orders of targets, by order."""
    groups = order_states.of_targets(tx, sorted(set(target_ids)))
    return {state.order.order_id: state for group in groups.values() for state in group}
