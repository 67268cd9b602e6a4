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
from monitor.guarantee.queue_rules import QueueRules
from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Action, Reason
from monitor.model.order import Flag, Order
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from refilld.services.bulk_preview import freeze
from refilld.services.bulk_request import BulkRequest, plan
from refilld.services.buyer_links import buyer_link
from refilld.settings.settings import Settings
from storage import (
    daemons,
    flags,
    mass_drops,
    requests,
    reviews,
    schema,
    snapshots,
    sources,
    targets,
    webhooks,
)
from storage.actor import Actor, acting
from storage.daemons import DaemonMode
from storage.engine import Database
from tests.builders import DAY, HOUR, MINUTE, NOW, a_failed_look, a_look, a_post, a_profile, an_order
from tests.jobs.alert_world import AlertWorld
from tests.jobs.survival_world import SurvivalWorld
from tests.storage.shop import bring_to, owe, sell
from tests.storage.webhook_rows import ACCEPTED, REFUSED, an_endpoint, claim, dispatch, happen, record

MARKUP = "<script>alert(1)</script>"
BIDI = "\N{RIGHT-TO-LEFT OVERRIDE}gnihtemos\N{LEFT-TO-RIGHT EMBEDDING}"
WORD = "w" * 200
HOSTILE_ORDER = "<b>9 & %2F?#"
"""The id of an order of which every name is hostile."""
ANSWERED_ORDER = "41003"
"""Has lost units, and a held refill that no test changes."""
USER = "alice"
SETTINGS = Settings.model_validate(
    {
        "web": {"buyer_pages": True},
        "sources": {"instaloader": {"enabled": True}},
        "services": {"Followers R30": {"metric": "followers"}, "Likes": {"metric": "likes"}},
    }
)
_PROVIDERS = ("north-media", "acme", "blue-harbour", "peakline")
_NAMES = ("lena.bakes", "studio_norte", "kemal.photo", "the.daily.loaf", "marta_runs", "old.town.cafe")
ORDERS = 28
_HELD = frozenset({3, 11, 19})
"""Orders with a refill that waits for an operator."""
_MASS = range(21, 25)
"""Orders whose refills are held for the mass drop."""
_QUEUED = frozenset({20})
"""Orders with a refill that fulfilment has not claimed."""
_ENDED = {7: RefillState.COMPLETED, 15: RefillState.DEAD, 16: RefillState.COMPLETED, 6: RefillState.CANCELLED}
"""Orders with a refill that has ended."""
_FALLEN = {*_HELD, *_MASS, *_QUEUED, *_ENDED}


@dataclass(frozen=True, slots=True)
class Shop:
    """What the tests have to name."""

    alert_id: int
    endpoint_id: int
    delivery_id: int
    bulk_action_id: int
    buyer_path: str


def open_shop(database: Database) -> Shop:
    """Fill an empty database."""
    endpoint_id, delivery_id = _webhooks(database)
    random, sold = Random(13), [_order(number) for number in range(ORDERS)]
    sell(database, *sold, _hostile(), now=NOW - 12 * DAY)
    with database.write() as tx:
        for number, order in enumerate(sold):
            _look(tx, order, random, fallen=number in _FALLEN)
        _look(tx, _hostile(), random, fallen=True)
        _refills(tx, sold)
        _questions(tx, sold)
        daemons.register(tx, "server", 1, "0.1.0", DaemonMode.RUN, NOW)
        sources.note_requests(tx, "instaloader", NOW - 5 * MINUTE, 12)
        sources.note_reads(tx, {("instaloader", Metric.LIKES): NOW - 3 * MINUTE})
    bulk_action_id = _preview(database)
    alert_id = _alerts(database)
    assert SurvivalWorld(database, NOW).compute()
    with database.write() as tx:
        link = buyer_link(tx, SETTINGS, ANSWERED_ORDER, NOW)
    return Shop(alert_id, endpoint_id, delivery_id, bulk_action_id, "/buyer/" + link.rpartition("/buyer/")[2])


def _order(number: int) -> Order:
    name = f"{_NAMES[number % len(_NAMES)]}{number or ''}"
    likes = number % 5 == 4 and number not in _MASS
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
    lost = 300 if fallen and at > NOW - 2 * DAY else random.randrange(0, 12)
    return a_look(2_000 - lost, at, order.target)


def _refills(tx: Connection, sold: list[Order]) -> None:
    def at(number: int) -> datetime:
        return NOW - number * HOUR

    for number, state in _ENDED.items():
        bring_to(tx, sold[number].order_id, state, at(number))
    for number in sorted(_HELD):
        owe(tx, sold[number].order_id, Action.HOLD, at=at(number))
    for number in _MASS:
        release_at = NOW + 5 * HOUR
        owe(
            tx,
            sold[number].order_id,
            Action.HOLD,
            reason=Reason.MASS_DROP,
            at=at(number),
            release_at=release_at,
        )
    for number in _QUEUED:
        owe(tx, sold[number].order_id, at=at(number))
    owe(tx, HOSTILE_ORDER, Action.HOLD, at=NOW - HOUR)
    tx.execute(update(schema.drops).values(opened_at=schema.drops.c.confirmed_at))
    mass_drops.begin(tx, Metric.LIKES, MassDropCounts(60, 21), NOW - 9 * DAY)
    mass_drops.end(tx, Metric.LIKES, NOW - 8 * DAY)
    mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(50, 20), NOW - 2 * DAY)


def _questions(tx: Connection, sold: list[Order]) -> None:
    """Waiting buyers, flags, and refund reviews."""
    for number in (3, 11, 19):
        requests.ask(tx, sold[number].order_id, NOW - number * HOUR)
    requests.ask(tx, HOSTILE_ORDER, NOW - HOUR)
    flags.set_flag(tx, sold[8].order_id, Flag.DISPUTE, NOW - DAY, "chargeback of 3.90")
    for number in (7, 15):
        review = review_of(sold[number], ReviewCause.SHORT_DELIVERY, 120)
        reviews.open_review(tx, review, sold[number], NOW - number * HOUR)


def _preview(database: Database) -> int:
    """What would be done to all that is held for the mass drop; nobody confirms it."""
    asked = BulkRequest("refills", BulkAction.RELEASE, (), "state=held&reason=mass_drop")
    with acting(Actor(f"page {USER}")), database.write() as tx:
        return freeze(tx, plan(tx, asked, QueueRules(), NOW), NOW).bulk_action_id


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
