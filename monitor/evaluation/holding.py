"""Holding: which refills of an evaluation are held, and until when (RULES 6, 8 and 9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias

from monitor.evaluation.admission import AdmittedLook
from monitor.guarantee.daily_caps import CapScope, DailyCaps, DayUsage, day_of, queued_of, used_with
from monitor.guarantee.verdicts import Verdict
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import DropState
from monitor.model.instants import EPOCH
from monitor.model.order import Order
from monitor.model.order_state import OrderState

Usage: TypeAlias = Mapping[date, DayUsage]
"""What is used of each day."""


@dataclass(frozen=True, slots=True)
class CapReached:
    """A cap that holds a refill, which another day may have room for."""

    scope: CapScope
    at: datetime


@dataclass(frozen=True, slots=True)
class CappedLooks:
    """The looks after the caps, what is used then, and the caps that hold a refill."""

    looks: list[AdmittedLook]
    usage: Usage
    reached: tuple[CapReached, ...]


@dataclass(frozen=True, slots=True)
class _Queueing:
    """A decision that would queue a refill."""

    look: int
    order: Order
    decision: Decision
    held_since: datetime | None
    """None for a new refill."""

    @property
    def key(self) -> tuple[int, str, bool]:
        return self.look, self.order.order_id, self.held_since is not None


def with_hold_times(look: AdmittedLook, hold: timedelta) -> AdmittedLook:
    """Return the look with the end of each hold for a mass drop."""

    def timed(verdict: Verdict) -> Verdict:
        decision = verdict.decision
        if decision is None or decision.reason is not Reason.MASS_DROP:
            return verdict
        return replace(verdict, decision=replace(decision, release_at=decision.at + hold))

    return replace(look, verdicts=tuple(map(timed, look.verdicts)))


def queueing_days(looks: Sequence[AdmittedLook]) -> frozenset[date]:
    """The days on which a refill would be queued."""
    return frozenset(day_of(one.decision.at) for one in _queueing(looks))


def in_shadow(looks: Sequence[AdmittedLook]) -> list[AdmittedLook]:
    """Hold every refill that would be queued, because of shadow mode."""
    held = {one.key: _held(one.decision, Reason.SHADOW) for one in _queueing(looks)}
    return _with_held(looks, held)


def under_caps(looks: Sequence[AdmittedLook], caps: DailyCaps, usage: Usage) -> CappedLooks:
    """Hold every refill that exceeds a cap; those held before come first, the oldest of them at first."""
    after, reached, capped = dict(usage), list[CapReached](), dict[tuple[int, str, bool], Decision]()
    for one in sorted(_queueing(looks), key=_oldest_first):
        decision, wanted = one.decision, queued_of(one.order, one.decision.quantity)
        day = day_of(decision.at)
        exceeded = caps.exceeded(wanted, after.get(day, {}))
        if not exceeded:
            after[day] = used_with(after.get(day, {}), [wanted])
            continue
        capped[one.key] = _held(decision, Reason.DAILY_CAP, caps.release_at(wanted, decision.at))
        if not caps.too_large(wanted):
            reached += [CapReached(scope, decision.at) for scope in exceeded]
    return CappedLooks(_with_held(looks, capped), after, tuple(reached))


def _queueing(looks: Sequence[AdmittedLook]) -> Iterator[_Queueing]:
    for number, look in enumerate(looks):
        for state, verdict in zip(look.orders, look.verdicts, strict=False):
            order = verdict.measured or state.order
            if verdict.release is not None and verdict.release.action is Action.REFILL:
                yield _Queueing(number, order, verdict.release, _held_since(state))
            if verdict.decision is not None and verdict.decision.action is Action.REFILL:
                yield _Queueing(number, order, verdict.decision, None)


def _held_since(state: OrderState) -> datetime:
    return max((one.created_at for one in state.refills if one.state.open and one.created_at), default=EPOCH)


def _oldest_first(one: _Queueing) -> tuple[bool, datetime, str]:
    if one.held_since is None:
        return True, one.decision.at, one.order.order_id
    return False, one.held_since, one.order.order_id


def _held(decision: Decision, reason: Reason, release_at: datetime | None = None) -> Decision:
    return replace(decision, action=Action.HOLD, reason=reason, release_at=release_at)


def _with_held(
    looks: Sequence[AdmittedLook], held: Mapping[tuple[int, str, bool], Decision]
) -> list[AdmittedLook]:
    return [_replaced(number, look, held) for number, look in enumerate(looks)]


def _replaced(
    number: int, look: AdmittedLook, held: Mapping[tuple[int, str, bool], Decision]
) -> AdmittedLook:
    def replaced(verdict: Verdict) -> Verdict:
        release = held.get((number, verdict.order_id, True), verdict.release)
        decision = held.get((number, verdict.order_id, False))
        if decision is None or verdict.drop is None:
            return replace(verdict, release=release)
        last_decision = decision.action, decision.reason
        drop = replace(verdict.drop, state=DropState.HELD, last_decision=last_decision)
        return replace(verdict, release=release, decision=decision, drop=drop)

    return replace(look, verdicts=tuple(map(replaced, look.verdicts)))
