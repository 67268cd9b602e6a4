"""The simulated shop: its services, and what is sold when. Times are hours since the world began."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from random import Random

from monitor.model.target import Metric
from monitor.sources.simulated.decay import Decay, PlatformPurge

ORDERS_PER_PROFILE = 2.3
POSTS_PER_PROFILE = 3
DAYS_BETWEEN_PURGES = 18.0
_SIGMA = 1.3
_MEDIAN, _LEAST, _MOST = 400, 50, 100_000
_REACHED = 0.6
_DAY = 24.0


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """A kind of service: what it counts, how it decays, what it costs."""

    name: str
    metric: Metric
    share: float
    """Of all orders."""
    scale: float
    """As in Decay: hours."""
    shape: float
    depth: float
    """Mean share of an order that can be lost; each order has its own, beta-distributed about it."""
    price: float
    """Of a thousand units, USD."""

    def decay(self, random: Random) -> Decay:
        """How one delivery of this kind decays."""
        return Decay(self.scale, self.shape, random.betavariate(4 * self.depth, 4 * (1 - self.depth)))


SERVICE_KINDS = (
    ServiceKind("followers, cheap", Metric.FOLLOWERS, 0.35, 240.0, 0.55, 0.35, 0.60),
    ServiceKind("followers, real", Metric.FOLLOWERS, 0.15, 480.0, 0.45, 0.15, 3.00),
    ServiceKind("likes", Metric.LIKES, 0.30, 240.0, 0.35, 0.12, 0.40),
    ServiceKind("views", Metric.VIEWS, 0.20, 720.0, 0.80, 0.08, 0.10),
)


@dataclass(frozen=True, slots=True)
class Sale:
    """One order to come: who buys what, when, and how it will decay."""

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
    """How much is sold."""

    orders: int = 1_000
    """Under guarantee at any time, once the world has begun."""
    days: int = 30
    window: int = 30
    """Days that a guarantee lasts; orders are sold from that long before the beginning on."""
    services: tuple[tuple[str, Metric], ...] = ()
    """The shop's own services by id; without any, the kinds' names are those of services."""

    @property
    def profiles(self) -> int:
        return max(1, round(self.orders / ORDERS_PER_PROFILE))

    def sales(self, seed: int) -> list[Sale]:
        """Everything that will have been sold when the world ends, in order of time."""
        random = Random(f"{seed}:sales")
        number = round(self.orders * (self.window + self.days) / self.window)
        first, last = -self.window * _DAY, self.days * _DAY
        times = sorted(random.uniform(first, last) for _ in range(number))
        return [self._sale(number, at, random) for number, at in enumerate(times, start=1)]

    def _sale(self, number: int, at: float, random: Random) -> Sale:
        (kind,) = random.choices(SERVICE_KINDS, [kind.share for kind in SERVICE_KINDS])
        mine = [name for name, metric in self.services if metric is kind.metric]
        units = random.lognormvariate(log(_MEDIAN), _SIGMA)
        return Sale(
            number=number,
            at=at,
            kind=kind,
            service=random.choice(mine) if mine else kind.name,
            profile=random.randrange(self.profiles),
            post=random.randrange(POSTS_PER_PROFILE),
            units=int(min(max(round(units, -1), _LEAST), _MOST)),
            decay=kind.decay(random),
        )

    def purges(self, seed: int) -> dict[str, Sequence[PlatformPurge]]:
        """The purges of the whole time by kind; each reaches about so many of the kinds."""
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
