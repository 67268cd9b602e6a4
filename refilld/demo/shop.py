"""The shop of the demo: a few hundred delivered orders, and how their counts develop."""

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
"""The lost share of the delivered units as a function of the seconds since the beginning."""


def keep_all(_seconds: float) -> float:
    return 0.0


def lose_slowly(seconds: float) -> float:
    """One percent every 1.5 seconds, from the fifth second on."""
    return min(0.16, max(0.0, seconds - 5) / 150)


def lose_suddenly(seconds: float) -> float:
    return 0.4 if seconds > 9 else 0.0


def lose_more_than_delivered(seconds: float) -> float:
    """The profile also loses followers that it had before the order."""
    return 1.3 if seconds > 12 else 0.0


def lose_and_recover(seconds: float) -> float:
    """The count recovers before a second look can confirm the drop."""
    return 0.2 if 3 < seconds % 9 < 5 else 0.0


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """One order of the demo."""

    order_id: int
    service: str
    link: str
    start: int
    quantity: int
    completed_at: datetime

    @property
    def row(self) -> tuple[object, ...]:
        """The row in a panel's export."""
        completed = f"{self.completed_at:%Y-%m-%dT%H:%M:%SZ}"
        delivered = (
            self.order_id,
            self.link,
            self.start,
            self.quantity,
            self.service,
            "Completed",
            0,
            completed,
        )
        provider = PROVIDERS[self.order_id % len(PROVIDERS)]
        return *delivered, provider, f"customer-{self.order_id % 40}", f"{self.quantity * 0.002:.2f}", "USD"


HEADINGS = (
    "ID", "Link", "Start count", "Quantity", "Service", "Status", "Remains", "Completed at",
    "Provider", "Customer", "Price", "Currency",
)  # fmt: skip
PROVIDERS = ("alpha", "beta", "gamma")
PROFILE_KINDS: tuple[tuple[str, int, Loss], ...] = (
    ("steady", 110, keep_all),
    ("leaking", 60, lose_slowly),
    ("crashing", 25, lose_suddenly),
    ("sinking", 3, lose_more_than_delivered),
    ("flapping", 4, lose_and_recover),
)
"""Profiles with one order for followers: name, how many, their loss."""


@dataclass(slots=True)
class DemoShop:
    """The orders, and the counts of their targets; refills add to the counts."""

    began: datetime
    clock: Callable[[], datetime]
    orders: list[DemoOrder] = field(default_factory=list)
    _refilled: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _lost: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _sold_as: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def world(self, random: Random) -> DemoInstagram:
        """Sell the orders, and return an Instagram with their targets."""
        world = DemoInstagram(self.clock)
        for name, many, loss in PROFILE_KINDS:
            for number in range(1, many + 1):
                self._profile(world, random, f"{name}.{number}", 1, loss)
        for number in range(1, 21):
            self._profile(world, random, f"overlap.{number}", 2, lose_suddenly)
        self._profile(world, random, "shy.1", 1, lose_suddenly)
        for number in range(1, 21):
            self._post(world, random, f"DemoPost{number:02}", hidden=number == 1)
        return world

    def deliver(self, link: str, quantity: int) -> None:
        """Deliver a refill: the count behind the link rises."""
        with self._lock:
            self._refilled[self._sold_as.get(link, link)] += quantity

    def rename(self, link: str, new: str) -> None:
        """Deliver what is ordered for a new link to the profile that was sold under the earlier one."""
        self._sold_as[new] = link

    def lose(self, link: str, quantity: int) -> None:
        """Take units away: the count behind the link falls."""
        with self._lock:
            self._lost[link] += quantity

    def lose_everywhere(self, *, back: bool = False) -> None:
        """Take a fifth of what was sold from all profiles, or give it back."""
        for order in self.orders:
            if order.service == "followers":
                self.lose(order.link, -(order.quantity // 5) if back else order.quantity // 5)

    def write(self, path: Path) -> None:
        """Write the orders file in the format of a panel's export."""
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
        world.posts[code] = Post(likes=self._count(link, sold, lose_slowly), hidden=hidden)

    def _sell(self, random: Random, service: str, link: str, start: int, orders: int) -> Iterator[DemoOrder]:
        """Sell consecutive orders on one link."""
        completed = self.began - timedelta(seconds=random.randrange(180, 500))
        for _ in range(orders):
            order_id, quantity = 1000 + len(self.orders), random.choice((200, 300, 500, 1000))
            sold = DemoOrder(order_id, service, link, start, quantity, completed)
            self.orders.append(sold)
            yield sold
            start += quantity
            completed += timedelta(seconds=30)

    def _count(self, link: str, sold: list[DemoOrder], loss: Loss) -> Callable[[datetime], int]:
        delivered = sum(order.quantity for order in sold)

        def count(now: datetime) -> int:
            gone = int(loss((now - self.began).total_seconds()) * delivered)
            return max(0, sold[0].start + delivered - gone + self._refilled[link] - self._lost[link])

        return count
