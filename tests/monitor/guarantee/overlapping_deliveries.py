"""A hidden world: one profile whose orders are delivered gradually and at the same time.

The world knows the true count at every moment and what was lost. The program sees start counts that are
given, missing or 0, creation times that are given or missing, orders that are imported late, and counts at
random moments. The given `Random` makes every choice, so that a seed always gives the same world.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from monitor.guarantee.order_update import state_after
from monitor.guarantee.start_counts import EarlierCount
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.link import Link, LinkKind
from monitor.model.order import Order, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from monitor.model.target import Metric, Target
from monitor.model.terms import BelowStart, Terms

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROFILE = Target(Link(LinkKind.PROFILE, "natgeo"), Metric.FOLLOWERS)
LAST_HOUR = 24 * 40


@dataclass(frozen=True)
class Arrival:
    """Units that arrive evenly between two hours."""

    units: int
    begins: int
    ends: int

    def arrived(self, hour: int) -> int:
        if hour >= self.ends:
            return self.units
        return max(0, self.units * (hour - self.begins) // (self.ends - self.begins))


@dataclass(frozen=True)
class Sale:
    """One order as it really was delivered; hours count from the first day."""

    order_id: str
    created: int
    delivery: Arrival
    completed: int
    known_from: int
    """When the program learns that it is completed."""
    start_count: int | None
    tells_creation: bool
    terms: Terms

    def order(self) -> Order:
        return Order(
            order_id=self.order_id,
            service="any",
            target=PROFILE,
            quantity=self.delivery.units,
            status=OrderStatus.COMPLETED,
            terms=self.terms,
            completed_at=DAY_ONE + self.completed * HOUR,
            start_count=self.start_count,
            created_at=DAY_ONE + self.created * HOUR if self.tells_creation else None,
        )


@dataclass
class Profile:
    """The true count of the profile."""

    level: int
    arrivals: list[Arrival] = field(default_factory=list)
    changes: list[tuple[int, int]] = field(default_factory=list)
    """Hour and units, of growth (positive) and losses (negative)."""

    def count(self, hour: int) -> int:
        came = sum(arrival.arrived(hour) for arrival in self.arrivals)
        return self.level + came + sum(units for at, units in self.changes if at <= hour)

    def lost(self, hour: int) -> int:
        return -sum(units for at, units in self.changes if at <= hour and units < 0)


@dataclass
class Shop:
    """The program's side: the orders it knows, evaluated count by count."""

    random: Random
    profile: Profile
    sales: list[Sale]
    states: list[OrderState] = field(default_factory=list)
    earlier: EarlierCount | None = None
    refilled: int = 0
    drops: int = 0

    def look(self, hour: int) -> tuple[Verdict, ...]:
        known = {state.order.order_id for state in self.states}
        self.states += [
            OrderState(sale.order())
            for sale in self.sales
            if sale.known_from <= hour and sale.order_id not in known
        ]
        self.states.sort(key=lambda state: (state.order.completed_at or DAY_ONE, state.order.order_id))
        count, now = self.profile.count(hour), DAY_ONE + hour * HOUR
        verdicts = evaluate_count(self.states, count, now, self.earlier)
        pairs = zip(self.states, verdicts, strict=True)
        self.states = [state_after(state, verdict) for state, verdict in pairs]
        self.earlier = EarlierCount(count, now)
        self.drops += sum(verdict.opened for verdict in verdicts)
        self.refilled += sum(one.quantity for verdict in verdicts for one in verdict.new_decisions)
        return verdicts

    def fulfil(self, hour: int) -> None:
        """A consumer claims, delivers and completes refills, each with its own delay."""
        self.states = [self._fulfilled(state, hour) for state in self.states]

    def _fulfilled(self, state: OrderState, hour: int) -> OrderState:
        refills = tuple(self._step(refill, state.order, hour) for refill in state.refills)
        return replace(state, refills=refills)

    def _step(self, refill: Refill, order: Order, hour: int) -> Refill:
        now = DAY_ONE + hour * HOUR
        if refill.state in {RefillState.QUEUED, RefillState.HELD} and self.random.random() < 0.3:
            settle = order.terms.settle // HOUR
            ends = hour + self.random.choice((1, 5, 30))
            self.profile.arrivals.append(Arrival(refill.quantity, hour, ends))
            done = max(hour, ends - self.random.randint(0, settle))
            completed = DAY_ONE + done * HOUR
            if completed <= now:
                return replace(refill, state=RefillState.COMPLETED, completed_at=now)
            return replace(refill, state=RefillState.CLAIMED, release_at=completed)
        if refill.state is RefillState.CLAIMED and refill.release_at is not None and now >= refill.release_at:
            return replace(refill, state=RefillState.COMPLETED, completed_at=now, release_at=None)
        return refill


def shop(random: Random, *, losses: bool) -> Shop:
    """A profile with two to six orders, in a random state of knowledge."""
    profile = Profile(random.choice((0, 3, 50, 400, 2_000)))
    profile.changes = sorted(
        (random.randrange(LAST_HOUR), random.randint(1, 300)) for _ in range(random.choice((0, 0, 2, 5)))
    )
    plans = sorted(_plans(random, random.randint(2, 6)), key=lambda plan: plan[1])
    profile.arrivals = [delivery for _, _, delivery, _ in plans]
    for _ in range(random.randint(1, 6) if losses else 0):
        _lose(random, profile)
    given = random.choice((0.0, 0.3, 0.7, 1.0))
    told = random.choice((0.0, 0.5, 1.0))
    terms = _terms(random)
    names = random.sample(range(100, 999), len(plans))
    sales = [
        Sale(
            order_id=str(name),
            created=created,
            delivery=delivery,
            completed=completed,
            known_from=completed + random.choice((0, 0, 0, 1, 9, 50)),
            start_count=_start_count(random, max(0, profile.count(delivery.begins)), given),
            tells_creation=random.random() < told,
            terms=random.choice(terms),
        )
        for name, (created, _, delivery, completed) in zip(names, plans, strict=True)
    ]
    return Shop(random, profile, sales)


def _lose(random: Random, profile: Profile) -> None:
    """Add a loss of units that are there, also with all later losses."""
    hour = random.randrange(LAST_HOUR)
    least = min(profile.count(later) for later in range(hour, LAST_HOUR))
    if least > 0:
        profile.changes.append((hour, -random.randint(1, min(400, least))))


def _plans(random: Random, number: int) -> Iterator[tuple[int, int, Arrival, int]]:
    for _ in range(number):
        created = random.randrange(24 * 12)
        begins = created + random.choice((0, 1, 12))
        lasts = random.choice((1, 6, 30, 100, 200))
        units = random.choice((10, 50, 300, 1_000, random.randint(1, 500)))
        late = random.choice((0, 0, min(6, lasts)))
        yield created, begins, Arrival(units, begins, begins + lasts), begins + lasts - late


def _start_count(random: Random, true: int, given: float) -> int | None:
    if random.random() < given:
        return true
    return random.choice((None, None, 0))


def _terms(random: Random) -> list[Terms]:
    return [
        Terms(
            window=random.choice((timedelta(days=9), timedelta(days=30), None)),
            settle=random.choice((6, 12, 24)) * HOUR,
            min_drop_percent=random.choice((0, 5)),
            min_drop_units=random.choice((1, 10)),
            confirmations=random.choice((1, 2)),
            confirm_after=random.choice((0, 2)) * HOUR,
            cooldown=random.choice((0, 24)) * HOUR,
            max_refills=random.choice((0, 1, 3)),
            max_refill_percent=random.choice((100, 150)),
            below_start=random.choice((BelowStart.CAP, BelowStart.REVIEW, BelowStart.REFUSE)),
        )
        for _ in range(2)
    ]


def sequential_shop(random: Random, losses: int) -> Shop:
    """A profile whose orders follow each other, with known creation times and start counts.

    It loses so many times up to 20 units, each time after the first order was completed.
    """
    terms = Terms(
        window=None,
        settle=6 * HOUR,
        min_drop_percent=0,
        min_drop_units=1,
        confirmations=1,
        confirm_after=timedelta(0),
        cooldown=timedelta(0),
        max_refills=0,
        max_refill_percent=1000,
        below_start=BelowStart.CAP,
    )
    profile, sales, hour = Profile(random.choice((0, 500))), list[Sale](), 0
    plans = []
    for _ in range(random.randint(1, 5)):
        created = hour + random.choice((0, 3, 50))
        delivery = Arrival(random.randint(20 * losses, 2000), created, created + random.choice((1, 20)))
        plans.append(delivery)
        hour = delivery.ends
    profile.arrivals = list(plans)
    first = plans[0].ends
    lost = [(random.randrange(first, LAST_HOUR), -random.randint(1, 20)) for _ in range(losses)]
    profile.changes = sorted(lost)
    names = random.sample(range(100, 999), len(plans))
    for name, delivery in zip(names, plans, strict=True):
        start = profile.count(delivery.begins)
        sales.append(
            Sale(str(name), delivery.begins, delivery, delivery.ends, delivery.ends, start, True, terms)
        )
    return Shop(random, profile, sales)
