"""The simulated shop: its services and its sales. Times are in hours since the start of the simulation."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from random import Random

from monitor.model.target import Metric
from monitor.sources.simulated.decay import Decay, PlatformPurge

ORDERS_PER_PROFILE = 2.3
POSTS_PER_PROFILE = 3
DAYS_BETWEEN_PURGES = 18.0
_MEDIAN_UNITS, _MIN_UNITS, _MAX_UNITS = 400, 50, 100_000
_SIGMA = 1.3
"""Order sizes are lognormal with this sigma."""
_REACHED = 0.6
"""Probability that a purge affects a kind of service."""
_DAY = 24.0


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """A kind of service: metric, share of the sales, decay and price."""

    name: str
    metric: Metric
    share: float
    """Share of all orders."""
    scale: float
    """As in `Decay`, in hours."""
    shape: float
    depth: float
    """Mean of the share of an order that can be lost; the shares are beta-distributed."""
    price: float
    """Price of a thousand units in USD."""

    def decay(self, random: Random) -> Decay:
        """Draw the decay of one delivery."""
        return Decay(self.scale, self.shape, random.betavariate(4 * self.depth, 4 * (1 - self.depth)))


SERVICE_KINDS = (
    ServiceKind("followers, cheap", Metric.FOLLOWERS, 0.35, 240.0, 0.55, 0.35, 0.60),
    ServiceKind("followers, real", Metric.FOLLOWERS, 0.15, 480.0, 0.45, 0.15, 3.00),
    ServiceKind("likes", Metric.LIKES, 0.30, 240.0, 0.35, 0.12, 0.40),
    ServiceKind("views", Metric.VIEWS, 0.20, 720.0, 0.80, 0.08, 0.10),
)


@dataclass(frozen=True, slots=True)
class Sale:
    """A future order: its buyer, service, time, size and decay."""

    number: int
    at: float
    kind: ServiceKind
    service: str
    profile: int
    post: int
    units: int
    decay: Decay


@dataclass(frozen=True, slots=True)
class SimulatedShop:
    """Parameters of the simulated sales."""

    orders: int = 1_000
    """Orders under guarantee at any time of the simulation."""
    days: int = 30
    window: int = 30
    """Duration of a guarantee in days; sales start this long before the simulation."""
    services: tuple[tuple[str, Metric], ...] = ()
    """Services of a real shop by id; if empty, the names of the kinds are used."""

    @property
    def profiles(self) -> int:
        return max(1, round(self.orders / ORDERS_PER_PROFILE))

    def sales(self, seed: int) -> list[Sale]:
        """All sales until the end of the simulation, by time."""
        random = Random(f"{seed}:sales")
        number = round(self.orders * (self.window + self.days) / self.window)
        first, last = -self.window * _DAY, self.days * _DAY
        times = sorted(random.uniform(first, last) for _ in range(number))
        return [self._sale(number, at, random) for number, at in enumerate(times, start=1)]

    def _sale(self, number: int, at: float, random: Random) -> Sale:
        (kind,) = random.choices(SERVICE_KINDS, [kind.share for kind in SERVICE_KINDS])
        services = [name for name, metric in self.services if metric is kind.metric]
        units = random.lognormvariate(log(_MEDIAN_UNITS), _SIGMA)
        return Sale(
            number=number,
            at=at,
            kind=kind,
            service=random.choice(services) if services else kind.name,
            profile=random.randrange(self.profiles),
            post=random.randrange(POSTS_PER_PROFILE),
            units=int(min(max(round(units, -1), _MIN_UNITS), _MAX_UNITS)),
            decay=kind.decay(random),
        )

    def purges(self, seed: int) -> dict[str, Sequence[PlatformPurge]]:
        """All purges by kind of service; each affects a random part of the kinds."""
        random = Random(f"{seed}:waves")
        purges: dict[str, list[PlatformPurge]] = {kind.name: [] for kind in SERVICE_KINDS}
        start = -self.window * _DAY + random.expovariate(1 / DAYS_BETWEEN_PURGES) * _DAY
        while start < self.days * _DAY:
            strength = random.lognormvariate(log(0.25), 0.6)
            for kind in SERVICE_KINDS:
                if random.random() < _REACHED:
                    purges[kind.name].append(PlatformPurge(start, strength))
            start += random.expovariate(1 / DAYS_BETWEEN_PURGES) * _DAY
        return {name: tuple(found) for name, found in purges.items()}
