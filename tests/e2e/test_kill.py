"""A daemon that is killed at random times has the same result as an undisturbed one."""

from random import Random
from threading import Event
from typing import Any

import pytest

from tests.e2e.installation import Installation, Sold, until
from tests.e2e.queue_client import QueueClient

SEED = 20260301
KILLS = 2
LOST = {f"loser.{n:02}": 20 + 7 * n for n in range(1, 13)}
"""One order each, and its loss of 400 units."""
SHARED = {f"shared.{n}": 350 + n for n in range(1, 5)}
"""Two overlapping orders of 300 and 200 each: the one whose guarantee ends first pays first."""
SLIGHT = {f"slight.{n}": 19 for n in range(1, 4)}
"""Losses that are no drop: the threshold is 20."""
STEADY = {f"steady.{n}": 0 for n in range(1, 6)}
OWED = LOST | {
    f"{name}/{part}": owed
    for name, lost in SHARED.items()
    for part, owed in (("first", 300), ("second", lost - 300))
}


def each(state: str) -> list[tuple[str, str]]:
    """Every order with a refill, once, in this state."""
    return sorted((order_id, state) for order_id in OWED)


def enough(refills: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return refills if len(refills) >= len(OWED) else []


def orders() -> list[Sold]:
    single = [Sold(name, name, 1000, 400) for name in (*LOST, *SLIGHT, *STEADY)]
    first = [Sold(f"{name}/first", name, 1000, 300) for name in SHARED]
    return [*single, *first, *(Sold(f"{name}/second", name, 1300, 200) for name in SHARED)]


def run_until_killed(place: Installation, random: Random) -> None:
    """Run the daemon until a random time within a round of looks."""
    with place.daemon() as daemon:
        wanted = place.looks() + random.randint(1, 45)
        until(lambda: place.looks() >= wanted, "looks")
        Event().wait(random.uniform(0, 0.02))
        daemon.kill()
    assert place.expire_look_claims() <= 1, "a kill costs one look at most"


def deliver(place: Installation, client: QueueClient, number: int) -> None:
    """Complete so many refills, a few at a time."""
    while number > 0:
        for refill in client.until_claimed(limit=5):
            name = refill["link"].strip("/").rpartition("/")[2]
            place.count(name, place.followers(name) + refill["quantity"])
            assert client.complete(refill).status == 200
            number -= 1


@pytest.fixture
def random() -> Random:
    return Random(SEED)


@pytest.fixture
def token(place: Installation) -> str:
    """The token of a consumer, in a shop with many losses."""
    place.settings["terms.default.below_start"] = "cap"
    place.sell(orders())
    for name, lost in {**LOST, **SHARED, **SLIGHT, **STEADY}.items():
        place.count(name, place.followers(name) - lost)
    return place.here("token", "create", "--scope", "refills:consume").strip()


def deliver_all_owed(place: Installation, client: QueueClient) -> None:
    """Complete the expected refills, and check that no further one follows."""
    queued = until(lambda: enough(client.listed()), "all refills")
    assert {row["order_id"]: row["quantity"] for row in queued if row["state"] == "queued"} == OWED
    deliver(place, client, len(OWED))
    seen = {name: place.looks(name) for name in place.world.profiles}
    until(lambda: all(place.looks(name) >= seen[name] + 2 for name in seen), "looks after the settle time")
    assert sorted((row["order_id"], row["state"]) for row in client.listed()) == each("completed")


def test_every_loss_is_refilled_exactly_once(place: Installation, token: str, random: Random) -> None:
    """The whole program; `tests/faults` kills more often."""
    for _ in range(KILLS):
        run_until_killed(place, random)
    with place.daemon() as daemon:
        deliver_all_owed(place, QueueClient(daemon.port, token))
        assert daemon.stop() == 0
    assert sorted((drop["order_id"], drop["state"]) for drop in place.drops()) == each("refilled")
    place.command("db", "check")
