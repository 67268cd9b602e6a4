"""Answers to customers who ask about an order: the word and the numbers (RULES 5, end).

The sentences are in `refilld.answers`, by word and variant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.guarantee.claims import Claim, claims_of
from monitor.guarantee.gone_detection import ABSENT
from monitor.guarantee.hold_release import case_unheld
from monitor.guarantee.start_counts import with_start_counts
from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag, Order
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.terms import RefillMode

STANDS = timedelta(hours=1)
"""How long an answer stands that was given from a count."""
STANDS_UNREAD = timedelta(minutes=5)
"""How long an answer stands that was given without a new count."""
FROM_COUNT = frozenset({"no_drop", "below_threshold", "awaiting_confirmation", *Reason})
"""Words that follow from the newest count."""


@dataclass(frozen=True, slots=True)
class LastLook:
    """The newest count and the newest outcome of the order's target."""

    count: int | None
    """Newest admitted count."""
    at: datetime | None
    """When it was read."""
    outcome: Outcome | None
    """Outcome of the newest look."""
    gone: bool = False
    """The target is gone; see `monitor.guarantee.gone_detection`."""
    looked_at: datetime | None = None
    """When the newest look was taken."""
    private_since: datetime | None = None
    """Since when the profile is private; it stays until a count is read."""
    absent_since: datetime | None = None
    """Since when the target was not found or not available; None once it was seen again."""
    was_not_found: bool = False
    """A look since then did not find it; the newest look may have failed in another way."""
    obstacle: str | None = None
    """Why no source can look at the target at present, for the operator; None if one can."""

    @property
    def private(self) -> bool:
        return self.outcome is Outcome.PRIVATE or self.private_since is not None

    @property
    def not_found(self) -> bool:
        """Whether a look did not find the target, and none has shown since that it exists."""
        return self.outcome is Outcome.NOT_FOUND or self.was_not_found

    @property
    def absent(self) -> bool:
        """Whether the target was not found or not available, and not seen since."""
        return self.gone or self.not_found or self.absent_since is not None or self.outcome in ABSENT

    @property
    def since(self) -> datetime | None:
        """Since when the target is absent or private."""
        since = self.absent_since if self.absent else self.private_since
        return (since or self.looked_at) if self.absent or self.private else None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request."""

    order: Order
    look: LastLook
    word: str
    """One of the fixed answers of RULES 5, or a decision's reason."""
    variant: str = ""
    """Which sentence, where a word has several."""
    line: int | None = None
    missing: int | None = None
    """Missing units that the order pays for, including those of its open refill."""
    quantity: int | None = None
    """Units of the queued or claimed refill; None without one."""
    next_refill_at: datetime | None = None
    """End of the cooldown after the last completed refill; without one, it is over."""

    @property
    def order_id(self) -> str:
        return self.order.order_id

    @property
    def count(self) -> int | None:
        return self.look.count

    @property
    def counted_at(self) -> datetime | None:
        return self.look.at

    @property
    def threshold(self) -> int:
        return self.order.terms.threshold(self.order.delivered)

    @property
    def stale(self) -> bool:
        """Whether the answer follows from a count and there is no newer one."""
        unread = self.look.outcome is not Outcome.COUNT or self.look.obstacle is not None
        return self.word in FROM_COUNT and unread


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
    return claims_of(with_start_counts(siblings, count, at), count, at).get(state.order.order_id)


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
    cooldown = state.order.terms.cooldown
    return Answer(
        order=state.order,
        look=look,
        word=word,
        variant=_variant(word, state, look, claim),
        line=claim.line if claim else None,
        missing=_missing(state, siblings, look, claim),
        quantity=_on_its_way(state),
        next_refill_at=max(state.completed_refills, default=now - cooldown) + cooldown,
    )


def _missing(
    state: OrderState, siblings: Sequence[OrderState], look: LastLook, claim: Claim | None
) -> int | None:
    """Missing units of the order at the newest count, as if its open refill had not been made."""
    if claim is None or look.count is None or look.at is None:
        return None
    case = case_unheld(
        with_start_counts(siblings, look.count, look.at), state.order.order_id, look.count, look.at
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
    waits = look.gone or look.private
    return _unreadable(look) if waits and not claimed else "refill"


def _expired(state: OrderState, now: datetime) -> bool:
    ends_at = state.order.ends_at
    return ends_at is not None and now >= ends_at and not state.covered(now)


def _unreadable(look: LastLook) -> str | None:
    if look.gone or look.not_found:
        return "target_not_found"
    if look.absent:
        return "not_readable"
    if look.private:
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


def _variant(word: str, state: OrderState, look: LastLook, claim: Claim | None) -> str:
    """Which sentence of a word is true; empty for the usual one."""
    if word == "no_drop" and claim is not None and look.count is not None and look.count < claim.line:
        return "refilled" if look.at is not None and state.in_flight(look.at) else "other_order"
    if word == "no_guarantee":
        return _unguaranteed(state.order)
    if word in {"target_not_found", "not_readable"}:
        return "unavailable" if look.absent and not look.not_found else ""
    if word == Reason.BELOW_START_COUNT:
        return "refused" if state.drop is not None and state.drop.state is DropState.REFUSED else ""
    if word == Reason.AWAITING_REQUEST:
        return "" if state.request_pending else "not_asked"
    return ""


def _unguaranteed(order: Order) -> str:
    """Why an order that no longer waits for delivery has no guarantee; empty if it is its status."""
    if order.terms.refill is RefillMode.NEVER:
        return "never"
    return "" if order.delivered else "nothing_delivered"


def _on_its_way(state: OrderState) -> int | None:
    """Units of the order's queued or claimed refill; a held one is not on its way yet."""
    moving = {RefillState.QUEUED, RefillState.CLAIMED}
    return next((refill.quantity for refill in state.refills if refill.state in moving), None)
