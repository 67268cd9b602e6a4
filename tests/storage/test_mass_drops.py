"""Mass drops in the database: each target counts once, and one mass drop of a metric is on at a time."""

from datetime import datetime
from decimal import Decimal

from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.decision import Action, Reason
from monitor.model.sums import sum_words
from monitor.model.target import Metric
from storage import held_refills, mass_drops, targets
from storage.engine import Database
from tests.builders import DAY, HOUR, INSTANT, NOW, a_post, a_profile, an_order
from tests.pages import rows_of_list
from tests.storage.shop import at_once, owe, rows_of, sell

SINCE = NOW - 6 * HOUR


def judged(database: Database, order_id: str, *looks: tuple[datetime, bool]) -> None:
    with database.write() as tx:
        target_id = targets.of_order(tx, order_id).target_id
        for at, opened in looks:
            mass_drops.note_judged(tx, {target_id: at}, {target_id} if opened else ())


def tally(database: Database, metric: Metric = Metric.FOLLOWERS) -> MassDropCounts:
    with database.read() as tx:
        return mass_drops.tally(tx, metric, SINCE)


def test_each_target_counts_once_by_its_newest_looks(database: Database) -> None:
    """For any number of judged looks and drops."""
    sell(database, an_order("1", target=a_profile("a")), an_order("2", target=a_profile("b")))
    judged(database, "1", (NOW - 3 * HOUR, True), (NOW - 2 * HOUR, True), (NOW - HOUR, False))
    judged(database, "2", (NOW, False))
    assert tally(database) == MassDropCounts(judged=2, fallen=1)


def test_targets_judged_together_are_stored_together(database: Database) -> None:
    """Each with its own time; fallen are only those at which a drop opened."""
    names = ("a", "b", "c", "d")
    sell(database, *(an_order(name, target=a_profile(name)) for name in names))
    with database.write() as tx:
        a, b, c, d = (targets.of_order(tx, name).target_id for name in names)
        mass_drops.note_judged(tx, {a: NOW, b: SINCE, c: SINCE - INSTANT}, {b, c, d})
    assert tally(database) == MassDropCounts(judged=2, fallen=1)
    rows = [(row.target_id, row.judged_at, row.drop_opened_at) for row in rows_of(database, "targets")]
    assert rows == [(a, NOW, None), (b, SINCE, SINCE), (c, SINCE - INSTANT, SINCE - INSTANT), (d, None, None)]


def test_without_judged_targets_nothing_is_stored(database: Database) -> None:
    """Failed looks judge no target."""
    with database.write() as tx:
        mass_drops.note_judged(tx, {}, {1})
    assert tally(database) == MassDropCounts(0, 0)


def test_targets_judged_before_the_window_do_not_count(database: Database) -> None:
    """The start of the window is included."""
    sell(database, *(an_order(name, target=a_profile(name)) for name in ("a", "b", "c")))
    judged(database, "a", (SINCE, True))
    judged(database, "b", (SINCE - INSTANT, True))
    judged(database, "c", (SINCE - INSTANT, True), (NOW, False))
    assert tally(database) == MassDropCounts(judged=2, fallen=1)


def test_each_metric_is_counted_separately(database: Database) -> None:
    """A fall of likes does not count for followers."""
    sell(database, an_order("1", target=a_profile("a")), an_order("2", target=a_post()))
    judged(database, "2", (NOW, True))
    assert (tally(database), tally(database, Metric.LIKES)) == (MassDropCounts(0, 0), MassDropCounts(1, 1))


def test_concurrent_detections_begin_one_mass_drop(database: Database) -> None:
    """One of eight processes begins it and raises the alert."""

    def begin(_: int) -> bool:
        with database.write() as tx:
            return mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(20, 10), NOW)

    assert sorted(at_once(8, begin)) == [False] * 7 + [True]


def test_a_mass_drop_ends_once_and_another_may_begin(database: Database) -> None:
    """Both are kept, newest first."""
    with database.write() as tx:
        assert mass_drops.begin(tx, Metric.LIKES, MassDropCounts(20, 10), NOW)
        assert [mass_drops.end(tx, Metric.LIKES, NOW + HOUR) for _ in range(2)] == [True, False]
        assert mass_drops.on_since(tx, Metric.LIKES) is None
        assert mass_drops.begin(tx, Metric.LIKES, MassDropCounts(30, 9), NOW + DAY)
        rows = rows_of_list(mass_drops.page, tx, mass_drops.MassDropFilter())
    assert [(row.started_at, row.ended_at, row.fallen) for row in rows] == [
        (NOW + DAY, None, 9),
        (NOW, NOW + HOUR, 10),
    ]


def test_growth_is_told_when_twice_as_many_refills_are_held(database: Database) -> None:
    """First compared with the fallen targets, then with what was told; only while a mass drop is on."""
    with database.write() as tx:
        assert not mass_drops.note_told(tx, Metric.LIKES, 100)
        mass_drops.begin(tx, Metric.LIKES, MassDropCounts(20, 10), NOW)
        told = [mass_drops.note_told(tx, Metric.LIKES, held) for held in (19, 20, 39, 100, 199, 200)]
        mass_drops.end(tx, Metric.LIKES, NOW)
        assert not mass_drops.note_told(tx, Metric.LIKES, 1000)
    assert told == [False, True, False, True, False, True]


def test_the_held_refills_of_a_mass_drop_are_summed_with_their_price(database: Database) -> None:
    """Amounts are those of the held units, by currency."""
    priced = an_order("1", "a", price=Decimal("2.00"), currency="USD")
    sell(database, priced, an_order("2", "b"), an_order("3", "c"))
    with database.write() as tx:
        for order_id, reason in (("1", Reason.MASS_DROP), ("2", Reason.MASS_DROP), ("3", Reason.COOLDOWN)):
            owe(tx, order_id, Action.HOLD, reason=reason, quantity=500)
        held = held_refills.sum_for_mass_drop(tx, Metric.FOLLOWERS)
        assert held_refills.number_for_mass_drop(tx, Metric.FOLLOWERS) == 2
    assert sum_words(held) == "2 refills, 1,000 units, 1.00 USD, 500 units without a price"


def test_only_mass_drops_that_are_on_are_current(database: Database) -> None:
    """With their numbers; an ended one is only listed."""
    with database.write() as tx:
        mass_drops.begin(tx, Metric.LIKES, MassDropCounts(50, 20), NOW - DAY)
        mass_drops.end(tx, Metric.LIKES, NOW - HOUR)
        mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(30, 9), NOW)
    with database.read() as tx:
        (row,) = mass_drops.current(tx)
    assert (row.metric, row.started_at, row.judged, row.fallen) == (Metric.FOLLOWERS, NOW, 30, 9)


def test_mass_drops_since_a_time_include_the_one_that_still_lasted(database: Database) -> None:
    """Oldest first, of one metric; the newest if there are too many."""
    with database.write() as tx:
        for metric, began, ended in (
            (Metric.FOLLOWERS, SINCE - 3 * HOUR, SINCE - INSTANT),
            (Metric.FOLLOWERS, SINCE - 2 * HOUR, SINCE),
            (Metric.LIKES, SINCE, None),
            (Metric.FOLLOWERS, SINCE + HOUR, None),
        ):
            mass_drops.begin(tx, metric, MassDropCounts(20, 10), began)
            if ended is not None:
                mass_drops.end(tx, metric, ended)
        found = mass_drops.since(tx, Metric.FOLLOWERS, SINCE, 10)
        assert [(row.started_at, row.ended_at) for row in found] == [
            (SINCE - 2 * HOUR, SINCE),
            (SINCE + HOUR, None),
        ]
        assert mass_drops.since(tx, Metric.FOLLOWERS, SINCE, 1) == found[1:]
