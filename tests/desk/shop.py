"""One shop for all tests in the browser: two weeks of orders, drops, refills, alerts, and hostile names.

The tests run in any order and share it, so each of them that changes something has orders of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from sqlalchemy import Connection, update

from monitor.events.kind import EventKind
from monitor.guarantee.mass_drop import MassDropCounts
from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.model.decision import Action, Reason
from monitor.model.order import Flag, Order
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from refilld.services.buyer_links import buyer_link
from refilld.settings.settings import Settings
from storage import flags, mass_drops, requests, reviews, schema, snapshots, sources, targets, webhooks
from storage.engine import Database
from tests.builders import DAY, HOUR, MINUTE, NOW, a_failed_look, a_look, a_post, a_profile, an_order
from tests.jobs.alert_world import AlertWorld
from tests.storage.shop import bring_to, owe, sell
from tests.storage.webhook_rows import ACCEPTED, REFUSED, an_endpoint, claim, dispatch, happen, record

MARKUP = "<script>alert(1)</script>"
BIDI = "\N{RIGHT-TO-LEFT OVERRIDE}gnihtemos\N{LEFT-TO-RIGHT EMBEDDING}"
WORD = "w" * 200
HOSTILE_ORDER = "<b>9 & %2F?#"
"""The id of an order of which every name is hostile."""
ANSWERED_ORDER = "41003"
"""Has lost units, and a held refill that no test changes."""
SETTINGS = Settings.model_validate(
    {
        "web": {"buyer_pages": True},
        "sources": {"instaloader": {"enabled": True}},
        "services": {"Followers R30": {"metric": "followers"}, "Likes": {"metric": "likes"}},
    }
)
_PROVIDERS = ("north-media", "acme", "blue-harbour", "peakline")
_NAMES = ("lena.bakes", "studio_norte", "kemal.photo", "the.daily.loaf", "marta_runs", "old.town.cafe")
_HELD = frozenset({3, 11, 19, 27})
"""Orders with a refill that waits for an operator."""
_MASS = range(40, 48)
"""Orders for likes whose refills are held for the mass drop."""
_STATES = (
    RefillState.COMPLETED, RefillState.QUEUED, RefillState.REJECTED, RefillState.CANCELLED, RefillState.DEAD
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """What the tests have to name."""

    alert_id: int
    endpoint_id: int
    delivery_id: int
    buyer_path: str


def open_shop(database: Database) -> Shop:
    """Fill an empty database."""
    random, sold = Random(13), [_order(number) for number in range(60)]
    sell(database, *sold, _hostile(), now=NOW - 12 * DAY)
    with database.write() as tx:
        for number, order in enumerate(sold):
            _look(tx, order, random, fallen=number % 4 == 3 or number in _MASS)
        _look(tx, _hostile(), random, fallen=True)
        _refills(tx, sold)
        _questions(tx, sold)
        sources.note_requests(tx, "instaloader", NOW - 5 * MINUTE, 12)
        sources.note_reads(tx, {("instaloader", Metric.LIKES): NOW - 3 * MINUTE})
    alert_id = _alerts(database)
    endpoint_id, delivery_id = _webhooks(database)
    with database.write() as tx:
        link = buyer_link(tx, SETTINGS, ANSWERED_ORDER, NOW)
    return Shop(alert_id, endpoint_id, delivery_id, "/buyer/" + link.rpartition("/buyer/")[2])


def _order(number: int) -> Order:
    name = f"{_NAMES[number % len(_NAMES)]}{number or ''}"
    likes = number in _MASS or number % 5 == 4
    return an_order(
        str(41_000 + number),
        name,
        target=a_post(f"C{number:02}xYzAbCdE") if likes else a_profile(name),
        service="Likes" if likes else "Followers R30",
        provider=_PROVIDERS[number % len(_PROVIDERS)],
        customer=f"buyer{number % 17}@example.com",
        price=Decimal("3.90") + number,
        currency="EUR" if number % 6 == 5 else "USD",
        completed_at=NOW - 11 * DAY + number * HOUR,
    )


def _hostile() -> Order:
    return an_order(
        HOSTILE_ORDER,
        "hostile",
        service=f"{WORD} ♻ R30",
        provider=f"{BIDI}{MARKUP}",
        customer=f"{MARKUP}{BIDI}{WORD}",
        link_typed="@hostile",
    )


def _look(tx: Connection, order: Order, random: Random, *, fallen: bool) -> None:
    """A look every eight hours; some of them fail, and the count of some falls three days ago."""
    target_id = targets.of_order(tx, order.order_id, lock=True).target_id
    first = order.completed_at or NOW
    times = [first + HOUR + i * 8 * HOUR for i in range(40) if first + HOUR + i * 8 * HOUR < NOW]
    looks = [_seen(order, at, random, fallen=fallen) for at in times]
    snapshots.add_all(tx, [(target_id, look) for look in looks])
    newest = 1_700 if fallen else 2_000
    seen = {"last_look_at": NOW - 20 * MINUTE, "last_outcome": Outcome.COUNT, "last_count": newest}
    seen |= {"last_count_at": NOW - 20 * MINUTE, "next_due_at": NOW + 3 * HOUR, "source": "instaloader"}
    row = schema.targets.c.target_id == target_id
    tx.execute(update(schema.targets).where(row).values(seen))


def _seen(order: Order, at: datetime, random: Random, *, fallen: bool) -> Snapshot:
    if random.random() < 0.05:
        return a_failed_look(Outcome.RATE_LIMITED, at, order.target)
    lost = 300 if fallen and at > NOW - 3 * DAY else random.randrange(0, 12)
    return a_look(2_000 - lost, at, order.target)


def _refills(tx: Connection, sold: list[Order]) -> None:
    for number, order in enumerate(sold):
        at = NOW - timedelta(hours=1 + number % 30)
        if number in _HELD:
            owe(tx, order.order_id, Action.HOLD, at=at)
        elif number in _MASS:
            owe(tx, order.order_id, Action.HOLD, reason=Reason.MASS_DROP, at=at, release_at=NOW + 5 * HOUR)
        elif number % 4 == 3:
            bring_to(tx, order.order_id, _STATES[number % len(_STATES)], at)
    owe(tx, HOSTILE_ORDER, Action.HOLD, at=NOW - HOUR)
    mass_drops.begin(tx, Metric.LIKES, MassDropCounts(60, 21), NOW - 9 * DAY)
    mass_drops.end(tx, Metric.LIKES, NOW - 8 * DAY)
    mass_drops.begin(tx, Metric.LIKES, MassDropCounts(50, 20), NOW - 2 * DAY)


def _questions(tx: Connection, sold: list[Order]) -> None:
    """Waiting buyers, flags, and refund reviews."""
    for number in (3, 11, 20):
        requests.ask(tx, sold[number].order_id, NOW - number * HOUR)
    requests.ask(tx, HOSTILE_ORDER, NOW - HOUR)
    flags.set_flag(tx, sold[8].order_id, Flag.DISPUTE, NOW - DAY, "chargeback of 3.90")
    for number in (7, 15):
        review = review_of(sold[number], ReviewCause.SHORT_DELIVERY, 120)
        reviews.open_review(tx, review, sold[number], NOW - number * HOUR)


def _alerts(database: Database) -> int:
    world = AlertWorld(database, now=NOW - 10 * MINUTE)
    blocked = world.block("instaloader")
    world.happen(EventKind.TARGET_PRIVATE, f"{MARKUP} {BIDI} is private", problem="p")
    for number in (3, 11, 19):
        order_id = str(41_000 + number)
        world.hold(f"order {order_id}: 300 followers are held", order_id=order_id, provider="acme")
    world.run_for(2 * MINUTE, 30 * timedelta(seconds=1))
    return blocked


def _webhooks(database: Database) -> tuple[int, int]:
    """One endpoint that works, and one that fails, whose delivery is named."""
    works = an_endpoint(database, "https://panel.example.com/hooks/refilld")
    fails = an_endpoint(database, f"https://hooks.example.com/{WORD}?key=secret")
    happen(database, "graph", at=NOW - HOUR)
    dispatch(database, works, fails, at=NOW - HOUR)
    record(database, claim(database, works), ACCEPTED, NOW - HOUR)
    failed = claim(database, fails)
    assert failed is not None
    record(database, failed, REFUSED, NOW - HOUR)
    with database.write() as tx:
        webhooks.note_failure(tx, webhooks.get(tx, fails), NOW - HOUR, None)
    return fails, failed.delivery_id
