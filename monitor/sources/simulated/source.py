"""The source of `refilld simulate`: a synthetic shop, deterministic for a seed.

In addition to the contract of a source it delivers orders, accepts refills, and returns exact counts. It only
reads targets that it has sold itself, never real ones. Curves and shares are synthetic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading
from monitor.sources.simulated.decay import Parcel
from monitor.sources.simulated.shop import Sale, SimulatedShop
from monitor.sources.simulated.target import AccessChanges, OrganicDrift, SimulatedTarget

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_DAY = 24.0
_COUNT_KINDS = {Metric.FOLLOWERS: "follower_count", Metric.LIKES: "like_count", Metric.VIEWS: "play_count"}
_MEDIAN_COUNTS = {Metric.FOLLOWERS: 5_000.0, Metric.LIKES: 300.0, Metric.VIEWS: 3_000.0}


@dataclass(frozen=True, slots=True)
class FaultRates:
    """Rates of failures and wrong counts."""

    glitches: float = 0.01
    """Share of looks with a wrong count: half of them a day old, half too low."""
    days_between_outages: float = 12.0
    longest_outage: float = 6.0
    """In hours."""
    private: float = 0.01
    """Share of profiles that are private for some days."""
    deleted: float = 0.003
    """Share of profiles that are deleted."""


class SimulatedSource:
    """Simulated profiles with followers, and posts with likes and views."""

    name = "simulated"
    metrics = frozenset(Metric)
    batch = 50

    def __init__(
        self,
        shop: SimulatedShop | None = None,
        seed: int = 1,
        fault_rates: FaultRates | None = None,
        begin: datetime = BEGIN,
    ) -> None:
        self._shop = shop or SimulatedShop()
        self._seed = seed
        self._fault_rates = fault_rates or FaultRates()
        self._begin = begin
        self._purges = self._shop.purges(seed)
        self._sales = self._shop.sales(seed)
        self._sold = 0
        self._of_order: dict[str, Sale] = {}
        self._targets: dict[Target, SimulatedTarget] = {}
        self._outages = _outages(Random(f"{seed}:outages"), self._fault_rates, self._shop.days * _DAY)

    def request_key(self, target: Target) -> str | None:
        """Return the key of the target's page; None if it was not sold here."""
        return f"{target.link.kind}:{target.link.key}" if target in self._targets else None

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Read targets; each page is one request."""
        pages = {target.link for target in targets}
        return Reading(tuple(self._look(target, now) for target in targets), len(pages))

    def orders(self, now: datetime) -> Iterator[Mapping[str, str]]:
        """Yield the orders delivered since the last call, as rows of an orders file."""
        t = self._hours(now)
        while self._sold < len(self._sales) and self._sales[self._sold].at <= t:
            sale = self._sales[self._sold]
            self._sold += 1
            yield self._deliver(sale)

    def refilled(self, order_id: str, target: Target, units: int, now: datetime) -> None:
        """Add the units of a refill, with a decay of their own."""
        sale, t = self._of_order[order_id], self._hours(now)
        decay = sale.kind.decay(Random(f"{self._seed}:refill:{order_id}:{t}"))
        self._targets[target].parcels.append(Parcel(t, units, decay, self._purges[sale.kind.name]))

    def truth(self, target: Target, now: datetime) -> int | None:
        """The exact count; None while the target cannot be read."""
        simulated, t = self._targets[target], self._hours(now)
        return simulated.count(t) if simulated.access.at(t) is Outcome.COUNT else None

    def _deliver(self, sale: Sale) -> Mapping[str, str]:
        """Add an order's units to its target; return the order's row."""
        target = _target(sale)
        simulated = self._targets.get(target) or self._new_target(target, sale.profile)
        start = simulated.count(sale.at)
        order_id = f"S{sale.number:06}"
        parcel = Parcel(sale.at, sale.units, sale.decay, self._purges[sale.kind.name])
        simulated.parcels.append(parcel)
        if sale.at < 0:  # sold before the simulation, and refilled at its start
            lost = round(sale.units - parcel.left(0.0))
            simulated.parcels.append(Parcel(0.0, lost, sale.decay, parcel.purges))
        self._of_order[order_id] = sale
        at = self._begin + sale.at * _HOUR
        return {
            "order_id": order_id,
            "service": sale.service,
            "link": target.link.url,
            "metric": str(target.metric),
            "owner": target.owner or "",
            "quantity": str(sale.units),
            "status": "Completed",
            "completed_at": at.isoformat(),
            "start_count": str(start),
            "price": f"{sale.units * sale.kind.price / 1000:.4f}",
            "currency": "USD",
        }

    def _new_target(self, target: Target, profile: int) -> SimulatedTarget:
        shop, rates = self._shop, self._fault_rates
        random = Random(f"{self._seed}:{target.link}:{target.metric}")
        base = _MEDIAN_COUNTS[target.metric] * random.lognormvariate(0, 1.2)
        access = Random(f"{self._seed}:doors:{profile}")  # the same for all pages of the profile
        simulated = self._targets[target] = SimulatedTarget(
            OrganicDrift.drawn(random, base, -shop.window, shop.days),
            AccessChanges.drawn(access, rates.private, rates.deleted, shop.days * _DAY),
        )
        return simulated

    def _look(self, target: Target, now: datetime) -> Snapshot:
        t = self._hours(now)
        failure = next((outcome for start, end, outcome in self._outages if start <= t < end), None)
        outcome = failure or self._targets[target].access.at(t)
        if outcome is not Outcome.COUNT:
            return Snapshot(target, now, outcome, self.name, detail="simulated")
        return Snapshot(
            target, now, outcome, self.name, self._shown_count(target, t), _COUNT_KINDS[target.metric]
        )

    def _shown_count(self, target: Target, t: float) -> int:
        """The count that a look at this time shows, which may be wrong."""
        simulated = self._targets[target]
        random = Random(f"{self._seed}:{target.link}:{target.metric}:{t}")
        if random.random() >= self._fault_rates.glitches:
            return simulated.count(t)
        if random.random() < 0.5:  # noqa: PLR2004 - half of them
            return simulated.count(t - _DAY)
        return int(simulated.count(t) * random.uniform(0.5, 0.95))

    def _hours(self, now: datetime) -> float:
        return (now - self._begin) / _HOUR


def _target(sale: Sale) -> Target:
    owner = f"shop.customer.{sale.profile:06}"
    if sale.kind.metric is Metric.FOLLOWERS:
        return Target(Link(LinkKind.PROFILE, owner), Metric.FOLLOWERS)
    return Target(Link(LinkKind.POST, f"Sim{sale.profile:06}p{sale.post}"), sale.kind.metric, owner)


def _outages(random: Random, rates: FaultRates, last: float) -> tuple[tuple[float, float, Outcome], ...]:
    """Draw the outages of the whole source: start, end and outcome."""
    found: list[tuple[float, float, Outcome]] = []
    start = 0.0
    while True:
        start += random.expovariate(1 / rates.days_between_outages) * _DAY
        if start >= last:
            return tuple(found)
        outcome = random.choice((Outcome.TRANSIENT, Outcome.TRANSIENT, Outcome.RATE_LIMITED))
        found.append((start, start + random.uniform(0.5, rates.longest_outage), outcome))
