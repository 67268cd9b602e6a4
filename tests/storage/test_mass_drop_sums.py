"""What mass drops held: all that was decided while one was on, and what of it is still held."""

from datetime import datetime
from decimal import Decimal

from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.decision import Action, Reason
from monitor.model.sums import sum_words
from monitor.model.target import Metric
from storage import mass_drop_sums, mass_drops, operator_actions
from storage.engine import Database
from storage.mass_drops import MassDropFilter
from storage.pages import PageRequest
from tests.builders import DAY, HOUR, INSTANT, NOW, an_order
from tests.storage.shop import owe, sell

BEGAN = NOW - DAY


def last(database: Database, began: datetime, ended: datetime | None) -> int:
    """Let a mass drop of followers last from one time to the other; returns its id."""
    with database.write() as tx:
        mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(30, 20), began)
        if ended is not None:
            mass_drops.end(tx, Metric.FOLLOWERS, ended)
        return mass_drops.page(tx, MassDropFilter(), PageRequest()).rows[0].mass_drop_id


def hold(database: Database, *held: tuple[str, datetime, Reason]) -> list[int]:
    """Sell an order of 1,000 units for 2 USD each, and hold a refill of 500."""
    sold = [an_order(name, name, price=Decimal("2.00"), currency="USD") for name, *_ in held]
    sell(database, *sold)
    with database.write() as tx:
        return [owe(tx, name, Action.HOLD, reason=why, quantity=500, at=at) for name, at, why in held]


def test_a_mass_drop_held_what_was_decided_for_it_from_its_begin_to_its_end(database: Database) -> None:
    """Its last instant is not in it, and neither is what was held for another reason."""
    first, second = last(database, BEGAN, BEGAN + HOUR), last(database, BEGAN + 2 * HOUR, None)
    hold(
        database,
        ("a", BEGAN, Reason.MASS_DROP),
        ("b", BEGAN + HOUR - INSTANT, Reason.MASS_DROP),
        ("c", BEGAN + HOUR, Reason.MASS_DROP),
        ("d", BEGAN, Reason.COOLDOWN),
        ("e", BEGAN + 3 * HOUR, Reason.MASS_DROP),
    )
    with database.read() as tx:
        found = mass_drop_sums.of(tx, [first, second])
    assert sum_words(found[first].all) == "2 refills, 1,000 units, 2.00 USD"
    assert sum_words(found[second].all) == "1 refill, 500 units, 1.00 USD"


def test_what_was_released_stays_in_the_sum_but_is_no_longer_held(database: Database) -> None:
    """Likewise what was discarded."""
    one = last(database, BEGAN, None)
    refill_id, _ = hold(database, ("a", BEGAN, Reason.MASS_DROP), ("b", BEGAN, Reason.MASS_DROP))
    with database.write() as tx:
        operator_actions.act(tx, refill_id, "reject", NOW)
        found = mass_drop_sums.of(tx, [one])[one]
    assert (found.all.number, found.still_held.number, found.still_held.units) == (2, 1, 500)


def test_a_mass_drop_without_refills_held_nothing(database: Database) -> None:
    one = last(database, BEGAN, NOW)
    with database.read() as tx:
        assert mass_drop_sums.of(tx, [one])[one].all.number == 0
