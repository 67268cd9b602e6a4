"""The demo's shop: a few hundred delivered orders, and the fates that befall their counts."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Lock

from refilld.demo.instagram import DemoInstagram, Post, Profile

Loss = Callable[[float], float]
"""Share of the delivered units that is gone, so many seconds after the demo began."""


def stays(_seconds: float) -> float:
    return 0.0


def leaks(seconds: float) -> float:
    """A slow leak: a hundredth every second and a half, from the fifth second on."""
    return min(0.16, max(0.0, seconds - 5) / 150)


def crashes(seconds: float) -> float:
    return 0.4 if seconds > 9 else 0.0


def sinks(seconds: float) -> float:
    """More is lost than was delivered: the account loses followers of its own, too."""
    return 1.3 if seconds > 12 else 0.0


def flaps(seconds: float) -> float:
    """Falls and comes back before a second look could confirm it."""
    return 0.2 if 3 < seconds % 9 < 5 else 0.0


@dataclass(frozen=True, slots=True)
class Sold:
    """One order of the demo."""

    order_id: int
    service: str
    link: str
    start: int
    quantity: int
    completed_at: datetime

    @property
    def row(self) -> tuple[object, ...]:
        """As the panel's export writes it."""
        completed = f"{self.completed_at:%Y-%m-%dT%H:%M:%SZ}"
        return self.order_id, self.link, self.start, self.quantity, self.service, "Completed", 0, completed


HEADINGS = ("ID", "Link", "Start count", "Quantity", "Service", "Status", "Remains", "Completed at")
FATES: tuple[tuple[str, int, Loss], ...] = (
    ("steady", 110, stays), ("leaking", 60, leaks), ("crashing", 25, crashes), ("sinking", 3, sinks),
    ("flapping", 4, flaps),
)  # fmt: skip
"""What befalls single follower orders: name, how many, how they lose."""


@dataclass(slots=True)
class DemoShop:
    """The orders, and the world they were delivered into; refills add to the counts."""

    began: datetime
    clock: Callable[[], datetime]
    orders: list[Sold] = field(default_factory=list)
    _refilled: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _lock: Lock = field(default_factory=Lock)

    def world(self, random: Random) -> DemoInstagram:
        """Sell the orders and build the world in which they were delivered."""
        world = DemoInstagram(self.clock)
        for name, many, loss in FATES:
            for number in range(1, many + 1):
                self._profile(world, random, f"{name}.{number}", 1, loss)
        for number in range(1, 21):
            self._profile(world, random, f"overlap.{number}", 2, crashes)
        self._profile(world, random, "shy.1", 1, crashes)
        for number in range(1, 21):
            self._post(world, random, f"DemoPost{number:02}", hidden=number == 1)
        return world

    def deliver(self, link: str, quantity: int) -> None:
        """Fulfilment delivers: the count behind the link rises."""
        with self._lock:
            self._refilled[link] += quantity

    def write(self, path: Path) -> None:
        """Write the orders file as a panel exports it."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADINGS)
            writer.writerows(order.row for order in self.orders)

    def _profile(self, world: DemoInstagram, random: Random, name: str, orders: int, loss: Loss) -> None:
        start, link = random.randrange(200, 5_000), f"https://www.instagram.com/{name}/"
        sold = list(self._sell(random, "followers", link, start, orders))
        world.profiles[name] = Profile(self._count(link, sold, loss))

    def _post(self, world: DemoInstagram, random: Random, code: str, *, hidden: bool) -> None:
        start, link = random.randrange(50, 500), f"https://www.instagram.com/p/{code}/"
        sold = list(self._sell(random, "likes", link, start, 1))
        world.posts[code] = Post(likes=self._count(link, sold, leaks), hidden=hidden)

    def _sell(self, random: Random, service: str, link: str, start: int, orders: int) -> Iterator[Sold]:
        """Sell orders on one link, one after the other."""
        completed = self.began - timedelta(seconds=random.randrange(180, 500))
        for _ in range(orders):
            order_id, quantity = 1000 + len(self.orders), random.choice((200, 300, 500, 1000))
            sold = Sold(order_id, service, link, start, quantity, completed)
            self.orders.append(sold)
            yield sold
            start += quantity
            completed += timedelta(seconds=30)

    def _count(self, link: str, sold: list[Sold], loss: Loss) -> Callable[[datetime], int]:
        delivered = sum(order.quantity for order in sold)

        def count(now: datetime) -> int:
            gone = int(loss((now - self.began).total_seconds()) * delivered)
            return max(0, sold[0].start + delivered - gone + self._refilled[link])

        return count
