"""The figures of a simulation: what was found, how late, and at what cost."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from monitor.guarantee.claims import claims_of
from monitor.model.decision import Action
from monitor.model.order import Order
from monitor.model.refill import RefillState
from monitor.model.target import Target
from refilld.simulate.ages import LookAges
from refilld.simulate.past_states import PastStates, threshold
from refilld.simulate.run import SimulationRecord
from refilld.simulate.true_drops import ExactCount, TrueDrop, TrueDropEnd, true_drops
from refilld.simulate.world import HasExactCounts
from storage.order_history import History, PastDecision

LATE = 720.0
"""Hours added for a missed drop, beyond the end of its guarantee."""
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one simulation; `truth` is None when the world has no exact counts."""

    orders: int
    targets: int
    requests: int
    looks: int
    counts: int
    """Looks with a count."""
    resumed: int
    """How often the simulated operator resumed a stopped source."""
    oldest_look_hours: float
    """The longest time without a look at a target under guarantee."""
    mean_look_age_hours: float
    """The mean age of the newest look at a target under guarantee."""
    drops: int
    """Opened drops, suspected ones included."""
    refills: int
    units_refilled: int
    """Units delivered by the end of the simulation."""
    cost: dict[str, Decimal]
    """Of the refilled units at their sales price, by currency."""
    units_without_price: int
    held: int
    """Refills on hold at the end."""
    truth: "Truth | None"


@dataclass(frozen=True, slots=True)
class Truth:
    """Figures that need the exact counts of the world; weights are lost units."""

    true_drops: Counter[TrueDropEnd]
    seen: "Delays"
    missed_share: float | None
    """The weighted share of missed drops among those seen or missed."""
    hours_per_unit: float | None
    """Weighted hours until a lost unit was seen; for a missed drop, until the guarantee's end plus LATE."""
    false_refills: int
    """Refills decided while the exact count showed no drop."""
    units_too_many: int
    """Refilled units beyond the loss in the exact count."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Hours from a true drop to the look that saw it, weighted by lost units."""

    mean: float | None
    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, seen: Sequence[TrueDrop]) -> "Delays":
        """The delays of seen drops."""
        pairs = sorted((drop.hours, drop.units) for drop in seen)
        units = sum(weight for _, weight in pairs)
        mean = sum(hours * weight for hours, weight in pairs) / units if units else None
        return cls(mean, _quantile(pairs, 0.5), _quantile(pairs, 0.95))


def figures(record: SimulationRecord) -> tuple[Figures, list[TrueDrop]]:
    """Measure a simulation; also returns the true drops, if the world has exact counts."""
    meter, past, plan = record.meter, record.histories, record.plan
    found = list(_true_drops(record))
    ages = LookAges.of(past, meter.looks, plan.begin, plan.end)
    delivered = [(h, r) for h in past for r in h.refills if r.state is RefillState.COMPLETED]
    cost, unpriced = _cost(past)
    truth = record.world.truth
    return Figures(
        orders=sum(len(h.orders) for h in past),
        targets=len(past),
        requests=meter.requests,
        looks=sum(map(len, meter.looks.values())),
        counts=meter.counts,
        resumed=record.resumed,
        oldest_look_hours=ages.oldest,
        mean_look_age_hours=ages.mean,
        drops=sum(len(h.drops) for h in past),
        refills=sum(len(h.refills) for h in past),
        units_refilled=sum(r.quantity for _, r in delivered),
        cost=cost,
        units_without_price=unpriced,
        held=sum(r.state is RefillState.HELD for h in past for r in h.refills),
        truth=None if truth is None else _truth(past, found, truth),
    ), found


def _true_drops(record: SimulationRecord) -> Iterable[TrueDrop]:
    truth, plan = record.world.truth, record.plan
    if truth is not None:
        for history in record.histories:
            yield from true_drops(history, exact_count(truth, history.target), plan.begin, plan.end)


def exact_count(truth: HasExactCounts, target: Target) -> ExactCount:
    """The exact count of one target as a function of time."""
    return partial(truth.truth, target)


def _truth(past: Iterable[History], found: Sequence[TrueDrop], truth: HasExactCounts) -> Truth:
    seen = [drop for drop in found if drop.end is TrueDropEnd.SEEN]
    missed = [drop for drop in found if drop.end is TrueDropEnd.MISSED]
    units = sum(drop.units for drop in (*seen, *missed))
    lost = sum(drop.units for drop in missed)
    hours = sum(drop.hours * drop.units for drop in (*seen, *missed)) + LATE * lost
    false, too_many = _unneeded_refills(past, truth)
    return Truth(
        true_drops=Counter(drop.end for drop in found),
        seen=Delays.of(seen),
        missed_share=lost / units if units else None,
        hours_per_unit=hours / units if units else None,
        false_refills=false,
        units_too_many=too_many,
    )


def _unneeded_refills(past: Iterable[History], truth: HasExactCounts) -> tuple[int, int]:
    """The number of refills decided without a true drop, and the units refilled beyond the loss."""
    false = too_many = 0
    for history in past:
        states, count = PastStates(history), exact_count(truth, history.target)
        orders = {order.order_id: order for order in states.orders}
        for decision in history.decisions:
            missing = _missing(states, decision, count(decision.at))
            if decision.action is Action.REFILL and missing is not None:
                false += missing < threshold(orders[decision.order_id])
                too_many += max(0, decision.quantity - missing)
    return false, too_many


def _missing(states: PastStates, decision: PastDecision, count: int | None) -> int | None:
    """The claim under the exact count; None when the target could not be read."""
    if count is None:
        return None
    order_id = decision.order_id  # its own held refill is decided again, so it does not count
    claim = claims_of(states.states(decision.at, order_id), count, decision.at).get(order_id)
    return None if claim is None else claim.units


def _cost(past: Iterable[History]) -> tuple[dict[str, Decimal], int]:
    """The sales price of the delivered units by currency, and the number of units without a price."""
    cost: dict[str, Decimal] = {}
    unpriced = 0
    for history in past:
        orders = {order.order_id: order for order in history.orders}
        for refill in history.refills:
            price = _unit_price(orders[refill.order_id])
            if refill.state is RefillState.COMPLETED and price is None:
                unpriced += refill.quantity
            elif refill.state is RefillState.COMPLETED and price is not None:
                currency, each = price
                cost[currency] = cost.get(currency, Decimal(0)) + each * refill.quantity
    return {currency: cost[currency].quantize(_CENT) for currency in sorted(cost)}, unpriced


def _unit_price(order: Order) -> tuple[str, Decimal] | None:
    return None if order.price is None else (order.currency or "", order.price / order.quantity)


def _quantile(pairs: Sequence[tuple[float, int]], share: float) -> float | None:
    """The weighted quantile of sorted pairs of value and weight; None without pairs."""
    rest = share * sum(weight for _, weight in pairs)
    for value, weight in pairs:
        rest -= weight
        if rest <= 0:
            return value
    return None
