"""Answers to customers who ask about an order, with the numbers (RULES 5, end)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.guarantee.claims import Claim, claims_of
from monitor.guarantee.hold_release import case_unheld
from monitor.guarantee.start_counts import measure_start_counts
from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.duration import format_duration
from monitor.model.order import Flag, Order
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.terms import RefillMode

STANDS = timedelta(hours=1)
"""How long an answer stands that was given from a count."""
STANDS_UNREAD = timedelta(minutes=5)
"""How long an answer stands that was given without a new count."""


@dataclass(frozen=True, slots=True)
class LastLook:
    """The newest count and the newest outcome of the order's target."""

    count: int | None
    """Newest admitted count."""
    at: datetime | None
    """When it was read."""
    outcome: Outcome | None
    """Outcome of the newest look; `private` stays until a count is read."""
    gone: bool = False
    """The target is gone; see `monitor.guarantee.gone_detection`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request; `word` is one of the fixed answers or a decision's reason."""

    order_id: str
    word: str
    sentence: str
    count: int | None = None
    counted_at: datetime | None = None
    line: int | None = None
    missing: int | None = None
    """Missing units that the order pays for, including those of its open refill."""
    threshold: int | None = None
    quantity: int | None = None
    """Units of the queued or claimed refill; None without one."""


_SENTENCES = {
    "refill": "A refill of {quantity} is on its way.",
    "no_drop": "Nothing is missing: the count is {count}, and the order is whole at {line}.",
    "below_threshold": "{missing} are missing of {delivered}; refills start at {threshold}.",
    "not_settled": "The delivery is too fresh to be judged; that starts {settles}.",
    "window_expired": "The guarantee of this order ended {ends}.",
    "profile_private": "The profile is private; please make it public, then we check again.",
    "target_not_found": "The link leads to no public count any more; please check it.",
    "counts_hidden": "The count is not shown to visitors; please show it, then we check again.",
    "not_delivered": "The order is not delivered yet ({status}).",
    "no_guarantee": "An order {uncovered} carries no guarantee.",
    "not_readable": "No count could be read since the delivery settled; we keep trying.",
    "awaiting_confirmation": "{missing} seem to be missing; a second look confirms it before we refill.",
    "suspended:hold": "The guarantee is suspended while the order is on hold.",
    Reason.REFILL_LIMIT_REACHED: "All {max_refills} refills of this order have been delivered.",
    Reason.REFILL_ALLOWANCE_SPENT: "Refills of this order have reached {max_percent}% of what was delivered.",
    Reason.COOLDOWN: "{missing} are missing; the next refill starts when the last one is {cooldown} old.",
    Reason.BELOW_START_COUNT: "The count is below what it was before the order; an operator looks at it.",
    Reason.REFILL_IN_PROGRESS: "{missing} are missing; a refill is under way already.",
    Reason.AWAITING_REQUEST: "{missing} are missing; your request is noted and is decided at the next look.",
    Reason.DROP_CONFIRMED: "A drop is confirmed: {missing} are missing.",
    Reason.RECOVERED: "What was missing has come back.",
    Reason.DECLINED: "A refill for this drop was looked at by an operator and declined.",
    Reason.MASS_DROP: "Many counts fell at once; we wait to see whether the platform gives them back.",
}
_VOID = "The guarantee is void: {flag}."
_COVERED_ELSEWHERE = (
    "The count is {count}, and the order is whole at {line}; what is missing is on its way already, "
    "or another order on the same link pays for it."
)


def stands(asked_at: datetime, looked_at: datetime | None, outcome: Outcome | None, now: datetime) -> bool:
    """Whether the answer to a request of `asked_at` still stands, so that a new request needs no look.

    It stands for an hour if a count was read, and for five minutes otherwise: the customer may have made
    the profile public meanwhile.
    """
    if looked_at is None or looked_at < asked_at:
        return False
    return now - asked_at < (STANDS if outcome is Outcome.COUNT else STANDS_UNREAD)


def claim_at(
    state: OrderState, siblings: Sequence[OrderState], count: int | None, at: datetime | None
) -> Claim | None:
    """The claim of an order at the newest count of its target; None when that did not judge the order."""
    if count is None or at is None or state.order.start_count is None:
        return None
    return claims_of(measure_start_counts(siblings, count, at), count, at).get(state.order.order_id)


def answer(
    state: OrderState,
    siblings: tuple[OrderState, ...],
    look: LastLook,
    reason: Reason | None,
    now: datetime,
) -> Answer:
    """Answer for one order.

    `siblings` are all orders of its target. `reason` is the last reason of its open drop, or that of its held
    refill.
    """
    claim = claim_at(state, siblings, look.count, look.at)
    word = _word(state, look, claim, reason, now)
    missing = _missing(state, siblings, look, claim)
    sentence = _sentence(word, look, claim).format(**_facts(state, look, claim) | {"missing": missing})
    return Answer(
        order_id=state.order.order_id,
        word=word,
        sentence=sentence,
        count=look.count,
        counted_at=look.at,
        line=claim.line if claim else None,
        missing=missing,
        threshold=state.order.terms.threshold(state.order.delivered),
        quantity=_on_its_way(state),
    )


def _missing(
    state: OrderState, siblings: Sequence[OrderState], look: LastLook, claim: Claim | None
) -> int | None:
    """Missing units of the order at the newest count, as if its open refill had not been made."""
    if claim is None or look.count is None or look.at is None:
        return None
    case = case_unheld(
        measure_start_counts(siblings, look.count, look.at), state.order.order_id, look.count, look.at
    )
    return claim.units if case is None else case.claim.units


def _word(
    state: OrderState, look: LastLook, claim: Claim | None, reason: Reason | None, now: datetime
) -> str:
    return (
        _without_guarantee(state)
        or _refill_on_its_way(state, look)
        or ("window_expired" if _expired(state, now) else None)
        or _unreadable(look)
        or ("not_settled" if not state.settled(now) else None)
        or _from_claim(state, claim, reason)
    )


def _without_guarantee(state: OrderState) -> str | None:
    order = state.order
    if order.status.waiting:
        return "not_delivered"
    if not order.guaranteed:
        return "no_guarantee"
    void = sorted(flag for flag in state.flags if flag.voids)
    if void:
        return f"void:{void[0]}"
    return "suspended:hold" if Flag.HOLD in state.flags else None


def _refill_on_its_way(state: OrderState, look: LastLook) -> str | None:
    """The word for a refill on its way; a queued one waits until the target is readable again."""
    if _on_its_way(state) is None:
        return None
    claimed = any(refill.state is RefillState.CLAIMED for refill in state.refills)
    waits = look.gone or look.outcome is Outcome.PRIVATE
    return _unreadable(look) if waits and not claimed else "refill"


def _expired(state: OrderState, now: datetime) -> bool:
    ends_at = state.order.ends_at
    return ends_at is not None and now >= ends_at and not state.covered(now)


def _unreadable(look: LastLook) -> str | None:
    if look.gone:
        return "target_not_found"
    if look.outcome is Outcome.PRIVATE:
        return "profile_private"
    return "counts_hidden" if look.outcome is Outcome.HIDDEN else None


def _from_claim(state: OrderState, claim: Claim | None, reason: Reason | None) -> str:
    if claim is None:
        return "not_readable"
    decided = state.drop is not None and state.drop.state is not DropState.SUSPECTED
    held = any(refill.state is RefillState.HELD for refill in state.refills)
    if reason is not None and (decided or held):
        return reason
    if claim.units == 0:
        return "no_drop"
    small = claim.units < state.order.terms.threshold(state.order.delivered)
    return "below_threshold" if small else "awaiting_confirmation"


def _sentence(word: str, look: LastLook, claim: Claim | None) -> str:
    """The sentence of a word; `no_drop` has a second one for an order below its line that is owed nothing."""
    if word == "no_drop" and claim is not None and look.count is not None and look.count < claim.line:
        return _COVERED_ELSEWHERE
    return _VOID if word.startswith("void:") else _SENTENCES[word]


def _uncovered(order: Order) -> str:
    """Why an order that is no longer waiting for delivery carries no guarantee."""
    if order.terms.refill is RefillMode.NEVER:
        return "sold without refill"
    return "of which nothing was delivered" if not order.delivered else f"of status {order.status}"


def _on_its_way(state: OrderState) -> int | None:
    """Units of the order's queued or claimed refill; a held one is not on its way yet."""
    moving = {RefillState.QUEUED, RefillState.CLAIMED}
    return next((refill.quantity for refill in state.refills if refill.state in moving), None)


def _facts(state: OrderState, look: LastLook, claim: Claim | None) -> dict[str, object]:
    order: Order = state.order
    settles = None if order.completed_at is None else order.completed_at + order.terms.settle
    return {
        "quantity": _on_its_way(state),
        "count": look.count,
        "line": claim.line if claim else None,
        "delivered": order.delivered,
        "threshold": order.terms.threshold(order.delivered),
        "settles": f"{settles:%Y-%m-%d %H:%M} UTC" if settles else "later",
        "ends": f"{order.ends_at:%Y-%m-%d %H:%M} UTC" if order.ends_at else "",
        "status": order.status,
        "uncovered": _uncovered(order),
        "max_refills": order.terms.max_refills,
        "max_percent": order.terms.max_refill_percent,
        "cooldown": format_duration(order.terms.cooldown),
        "flag": ", ".join(sorted(flag for flag in state.flags if flag.voids)),
    }
