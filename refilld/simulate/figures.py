"""The figures of a run: what was found, how late, at what cost."""

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
from refilld.simulate.ages import Ages
from refilld.simulate.count_times import CountTimes, threshold
from refilld.simulate.run import SimulationRecord
from refilld.simulate.true_drops import Exact, TrueDrop, TrueDropEnd, true_drops
from refilld.simulate.world import KnowsTruth
from storage.order_history import History, PastDecision

LATE = 720.0
"""Hours that a missed drop counts beyond the end of its guarantee."""
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Figures:
    """One run in numbers; what needs the exact counts is None where the world does not tell them."""

    orders: int
    targets: int
    requests: int
    looks: int
    counts: int
    """Looks that ended in a number."""
    resumed: int
    """How often the simulated operator let a stopped source look again."""
    oldest_look_hours: float
    """The longest time that a target under guarantee went without a look."""
    mean_look_age_hours: float
    """How old the newest look at a target under guarantee was, on average."""
    drops: int
    """Drops that opened, suspicions included."""
    refills: int
    units_refilled: int
    """Delivered until the end of the simulation."""
    cost: dict[str, Decimal]
    """Of the units refilled, at what they were sold for, by currency."""
    units_without_price: int
    held: int
    """Refills that wait for an operator at the end."""
    truth: "Truth | None"


@dataclass(frozen=True, slots=True)
class Truth:
    """What can only be said of a world that tells its exact counts. Weights are the units lost."""

    true_drops: Counter[TrueDropEnd]
    seen: "Delays"
    missed_share: float | None
    """Weighted: of the crossings that were seen or missed."""
    hours_per_unit: float | None
    """Weighted hours that lost units stayed unseen; missed ones count to the guarantee's end and LATE."""
    false_refills: int
    """Refills decided where the exact count showed no drop."""
    units_too_many: int
    """Units of refills beyond what the exact count was missing."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Hours from a crossing to the look that saw it, weighted by the units lost."""

    mean: float | None
    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, seen: Sequence[TrueDrop]) -> "Delays":
        """The delays of the crossings that were seen."""
        pairs = sorted((c.hours, c.units) for c in seen)
        units = sum(weight for _, weight in pairs)
        mean = sum(hours * weight for hours, weight in pairs) / units if units else None
        return cls(mean, _quantile(pairs, 0.5), _quantile(pairs, 0.95))


def figures(happened: SimulationRecord) -> tuple[Figures, list[TrueDrop]]:
    """Measure a run; gives the crossings too, as far as the world tells its truth."""
    meter, past, plan = happened.meter, happened.histories, happened.plan
    found = list(_crossings(happened))
    ages = Ages.of(past, meter.looks, plan.begin, plan.end)
    delivered = [(h, r) for h in past for r in h.refills if r.state is RefillState.COMPLETED]
    cost, unpriced = _cost(past)
    truth = happened.world.truth
    return Figures(
        orders=sum(len(h.orders) for h in past),
        targets=len(past),
        requests=meter.requests,
        looks=sum(map(len, meter.looks.values())),
        counts=meter.counts,
        resumed=happened.resumed,
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


def _crossings(happened: SimulationRecord) -> Iterable[TrueDrop]:
    truth, plan = happened.world.truth, happened.plan
    if truth is not None:
        for history in happened.histories:
            yield from true_drops(history, exact(truth, history.target), plan.begin, plan.end)


def exact(truth: KnowsTruth, target: Target) -> Exact:
    """The exact counts of one target."""
    return partial(truth.truth, target)


def _truth(past: Iterable[History], found: Sequence[TrueDrop], truth: KnowsTruth) -> Truth:
    seen = [c for c in found if c.end is TrueDropEnd.SEEN]
    missed = [c for c in found if c.end is TrueDropEnd.MISSED]
    units = sum(c.units for c in (*seen, *missed))
    lost = sum(c.units for c in missed)
    hours = sum(c.hours * c.units for c in (*seen, *missed)) + LATE * lost
    false, too_many = _refilled_for_nothing(past, truth)
    return Truth(
        true_drops=Counter(c.end for c in found),
        seen=Delays.of(seen),
        missed_share=lost / units if units else None,
        hours_per_unit=hours / units if units else None,
        false_refills=false,
        units_too_many=too_many,
    )


def _refilled_for_nothing(past: Iterable[History], truth: KnowsTruth) -> tuple[int, int]:
    """The refills decided without a real drop, and the units of all that nobody was missing."""
    false = too_many = 0
    for history in past:
        moments, count = CountTimes(history), exact(truth, history.target)
        orders = {order.order_id: order for order in moments.orders}
        for decision in history.decisions:
            missing = _missing(moments, decision, count(decision.at))
            if decision.action is Action.REFILL and missing is not None:
                false += missing < threshold(orders[decision.order_id])
                too_many += max(0, decision.quantity - missing)
    return false, too_many


def _missing(moments: CountTimes, decision: PastDecision, count: int | None) -> int | None:
    """The claim that the exact count would have had; None where there was none to be seen."""
    if count is None:
        return None
    order_id = decision.order_id  # a held refill of its own is what is decided anew
    claim = claims_of(moments.watched(decision.at, order_id), count, decision.at).get(order_id)
    return None if claim is None else claim.units


def _cost(past: Iterable[History]) -> tuple[dict[str, Decimal], int]:
    """What the delivered units were sold for, by currency, and the units without a price."""
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
    """The least value that such a share of the weights does not exceed; `pairs` are sorted."""
    rest = share * sum(weight for _, weight in pairs)
    for value, weight in pairs:
        rest -= weight
        if rest <= 0:
            return value
    return None
