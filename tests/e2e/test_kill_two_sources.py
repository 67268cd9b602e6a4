"""Kills during Graph's batches under the learned cadence: nothing is lost or refilled twice."""

from collections.abc import Mapping
from random import Random
from threading import Event

from refilld.demo.instagram import Post
from tests.e2e.installation import Done, json_lines, until
from tests.e2e.queue_client import QueueClient
from tests.e2e.two_sources import Bought, TwoSourceInstallation, claimed

SEED = 20261125
KILLS = 2
BATCH = 3
"""Counts per request to Graph: a profile's followers, and its reel's likes and views."""
PROFESSIONAL = {f"pro.{n}": f"Reel{n}AAAAAA" for n in range(1, 5)}
PERSONAL = tuple(f"person.{n}" for n in range(1, 5))
LOST = {
    "pro.1": 400,
    "pro.2/likes": 300,
    "pro.2/views": 200,
    "pro.4/views": 150,
    "person.1": 250,
    "person.3": 90,
}


def orders() -> list[Bought]:
    official = [Bought(name, name) for name in PROFESSIONAL]
    for name, reel in PROFESSIONAL.items():
        official += [Bought(f"{name}/{what}", reel, what, name) for what in ("likes", "views")]
    return [*official, *(Bought(name, name) for name in PERSONAL)]


def show(place: TwoSourceInstallation, lost: Mapping[str, int]) -> None:
    """Set every count to the delivered one minus the given loss."""

    def count(order_id: str) -> int:
        return 1500 - lost.get(order_id, 0)

    for name, reel in PROFESSIONAL.items():
        post = Post(count(f"{name}/likes"), count(f"{name}/views"))
        place.professional(name, count(name), **{reel: post})
    for name in PERSONAL:
        place.personal(name, count(name))


def asked(place: TwoSourceInstallation) -> int:
    """The number of requests to both platforms."""
    return len(place.official.requests) + len(place.standin.requests)


def run_until_killed(place: TwoSourceInstallation, random: Random) -> None:
    """Run the daemon until a random time within a round of looks."""
    with place.daemon() as daemon:
        wanted = asked(place) + random.randint(1, 12)
        until(lambda: asked(place) >= wanted, "requests")
        Event().wait(random.uniform(0, 0.05))
        daemon.kill()
    assert place.expire_look_claims() <= BATCH, "a kill costs one request at most"


def deliver_all_owed(place: TwoSourceInstallation, token: str) -> None:
    """Complete the expected refills, and check that no further one follows."""
    missing = dict(LOST)
    with place.daemon() as daemon:
        client = QueueClient(daemon.port, token)
        refills = claimed(client, len(LOST))
        assert {of: refill["quantity"] for of, refill in refills.items()} == LOST
        for of, refill in refills.items():
            del missing[of]
            show(place, missing)
            assert client.complete(refill).status == 200
        rounds = len(daemon.logged("look.taken"))
        daemon.until_logged("look.taken", rounds + 3 * len(orders()), outcome="count")
        assert sorted((row["order_id"], row["state"]) for row in client.listed()) == each("completed")
        assert daemon.stop() == 0


def each(state: str) -> list[tuple[str, str]]:
    return sorted((order_id, state) for order_id in LOST)


def counted_targets(done: Done) -> set[tuple[str, str]]:
    """The targets that a round has counted."""
    lines = [line for line in json_lines(done.err) if line["event"] == "look.taken"]
    return {(line["link"], line["metric"]) for line in lines if line["outcome"] == "count"}


def test_after_repeated_kills_two_sources_lose_nothing(two_sources: TwoSourceInstallation) -> None:
    """Every loss is refilled once; charged requests and exposure counts stay."""
    show(two_sources, {})
    two_sources.buy(orders())
    token = two_sources.consumer()
    two_sources.settings["sampling.every"] = "8s"  # a round ends when nothing is due
    assert counted_targets(two_sources.refilld("run", "--once")) == {
        (order.link, order.metric) for order in orders()
    }
    two_sources.settings["sampling.every"] = "1s"
    known = two_sources.exposure_hours()
    assert known > 0
    show(two_sources, LOST)
    random = Random(SEED)
    for _ in range(KILLS):
        run_until_killed(two_sources, random)
    states, sent = two_sources.states(), len(two_sources.official.requests)
    assert sent <= states["graph"]["requests_last_day"] <= sent + KILLS
    assert two_sources.exposure_hours() >= known
    deliver_all_owed(two_sources, token)
    assert sorted((drop["order_id"], drop["state"]) for drop in two_sources.drops()) == each("refilled")
    assert two_sources.exposure_hours() > known
    two_sources.command("db", "check")
