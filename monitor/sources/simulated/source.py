"""The eye of `refilld simulate`: a made-up shop in a made-up world, pure and the same for the same seed.

Beyond what every source does it sells orders, takes refills, and tells the exact counts. It knows only the
links that it sold itself, so that it can never be asked for a real one. Curves and shares are synthetic.
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
_COUNTED = {Metric.FOLLOWERS: "follower_count", Metric.LIKES: "like_count", Metric.VIEWS: "play_count"}
_BASES = {Metric.FOLLOWERS: 5_000.0, Metric.LIKES: 300.0, Metric.VIEWS: 3_000.0}


@dataclass(frozen=True, slots=True)
class FaultRates:
    """What goes wrong beside the losses."""

    glitches: float = 0.01
    """Share of looks whose number is wrong: half of them a day old, half too low."""
    days_between_outages: float = 12.0
    longest_outage: float = 6.0
    """Hours."""
    private: float = 0.01
    """Share of profiles that are private for some days."""
    deleted: float = 0.003


class SimulatedSource:
    """A profile's followers on its page, a post's likes and views together on its own."""

    name = "simulated"
    metrics = frozenset(Metric)
    batch = 50

    def __init__(
        self,
        shop: SimulatedShop | None = None,
        seed: int = 1,
        troubles: FaultRates | None = None,
        begin: datetime = BEGIN,
    ) -> None:
        self._shop = shop or SimulatedShop()
        self._seed = seed
        self._troubles = troubles or FaultRates()
        self._begin = begin
        self._waves = self._shop.purges(seed)
        self._sales = self._shop.sales(seed)
        self._sold = 0
        self._of_order: dict[str, Sale] = {}
        self._places: dict[Target, SimulatedTarget] = {}
        self._outages = _outages(Random(f"{seed}:outages"), self._troubles, self._shop.days * _DAY)

    def request_key(self, target: Target) -> str | None:
        """Name the target's page; None for one that was not sold here."""
        return f"{target.link.kind}:{target.link.key}" if target in self._places else None

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Look at targets; each page costs a request."""
        pages = {target.link for target in targets}
        return Reading(tuple(self._look(target, now) for target in targets), len(pages))

    def orders(self, now: datetime) -> Iterator[Mapping[str, str]]:
        """What was sold and delivered until now and was not told before, as rows of an orders file."""
        t = self._hours(now)
        while self._sold < len(self._sales) and self._sales[self._sold].at <= t:
            sale = self._sales[self._sold]
            self._sold += 1
            yield self._deliver(sale)

    def refilled(self, order_id: str, target: Target, units: int, now: datetime) -> None:
        """Take the units of a refill: they raise the count, and decay in their turn."""
        sale, t = self._of_order[order_id], self._hours(now)
        decay = sale.kind.decay(Random(f"{self._seed}:refill:{order_id}:{t}"))
        self._places[target].parcels.append(Parcel(t, units, decay, self._waves[sale.kind.name]))

    def truth(self, target: Target, now: datetime) -> int | None:
        """The exact count, or None while nobody can see it."""
        place, t = self._places[target], self._hours(now)
        return place.count(t) if place.doors.at(t) is Outcome.COUNT else None

    def _deliver(self, sale: Sale) -> Mapping[str, str]:
        """Put an order's units where they were sold to, and tell the order."""
        target = _target(sale)
        place = self._places.get(target) or self._new_place(target, sale.profile)
        start = place.count(sale.at)
        order_id = f"S{sale.number:06}"
        parcel = Parcel(sale.at, sale.units, sale.decay, self._waves[sale.kind.name])
        place.parcels.append(parcel)
        if sale.at < 0:  # sold before the world began, and refilled until then
            place.parcels.append(Parcel(0.0, round(sale.units - parcel.left(0.0)), sale.decay, parcel.purges))
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

    def _new_place(self, target: Target, profile: int) -> SimulatedTarget:
        shop, troubles = self._shop, self._troubles
        random = Random(f"{self._seed}:{target.link}:{target.metric}")
        base = _BASES[target.metric] * random.lognormvariate(0, 1.2)
        doors = Random(f"{self._seed}:doors:{profile}")  # one for all pages of the profile
        place = self._places[target] = SimulatedTarget(
            OrganicDrift.drawn(random, base, -shop.window, shop.days),
            AccessChanges.drawn(doors, troubles.private, troubles.deleted, shop.days * _DAY),
        )
        return place

    def _look(self, target: Target, now: datetime) -> Snapshot:
        t = self._hours(now)
        refused = next((outcome for start, end, outcome in self._outages if start <= t < end), None)
        outcome = refused or self._places[target].doors.at(t)
        if outcome is not Outcome.COUNT:
            return Snapshot(target, now, outcome, self.name, detail="simulated")
        return Snapshot(target, now, outcome, self.name, self._seen(target, t), _COUNTED[target.metric])

    def _seen(self, target: Target, t: float) -> int:
        """The number that a look shows; now and then a wrong one, whoever looks at that time."""
        place = self._places[target]
        random = Random(f"{self._seed}:{target.link}:{target.metric}:{t}")
        if random.random() >= self._troubles.glitches:
            return place.count(t)
        if random.random() < 0.5:  # noqa: PLR2004 - half of them
            return place.count(t - _DAY)
        return int(place.count(t) * random.uniform(0.5, 0.95))

    def _hours(self, now: datetime) -> float:
        return (now - self._begin) / _HOUR


def _target(sale: Sale) -> Target:
    owner = f"shop.customer.{sale.profile:06}"
    if sale.kind.metric is Metric.FOLLOWERS:
        return Target(Link(LinkKind.PROFILE, owner), Metric.FOLLOWERS)
    return Target(Link(LinkKind.POST, f"Sim{sale.profile:06}p{sale.post}"), sale.kind.metric, owner)


def _outages(random: Random, troubles: FaultRates, last: float) -> tuple[tuple[float, float, Outcome], ...]:
    """Times in which the whole source answers nothing: start, end, and what it says instead."""
    found: list[tuple[float, float, Outcome]] = []
    start = 0.0
    while True:
        start += random.expovariate(1 / troubles.days_between_outages) * _DAY
        if start >= last:
            return tuple(found)
        outcome = random.choice((Outcome.TRANSIENT, Outcome.TRANSIENT, Outcome.RATE_LIMITED))
        found.append((start, start + random.uniform(0.5, troubles.longest_outage), outcome))
