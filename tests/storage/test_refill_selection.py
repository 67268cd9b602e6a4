"""Selected refills: what a preview shows is what the action then queues, on both engines."""

from sqlalchemy import update

from monitor.model.decision import Action, Reason
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import held_refills, open_refills, refill_selection
from storage.engine import Database
from storage.refill_selection import RefillFilter
from storage.schema import targets
from tests.builders import DAY, NOW, an_order
from tests.storage.shop import owe, sell

HELD = frozenset({RefillState.HELD})
MASS_DROP = RefillFilter(reason=Reason.MASS_DROP, metric=Metric.FOLLOWERS)


def held(database: Database, *order_ids: str) -> list[int]:
    with database.write() as tx:
        return [owe(tx, i, Action.HOLD, reason=Reason.MASS_DROP, quantity=300) for i in order_ids]


def counted(database: Database, count: int) -> None:
    with database.write() as tx:
        tx.execute(update(targets).values(last_count=count, last_count_at=NOW))


def test_the_units_shown_are_those_that_are_released_one_after_the_other(database: Database) -> None:
    """400 are missing on one profile: the first refill is discarded, which leaves 300 for the second."""
    sell(database, an_order("1", "a"), an_order("2", "a", start_count=2000, completed_at=NOW - 9 * DAY))
    ids = held(database, "2", "1")
    counted(database, 2600)
    with database.read() as tx:
        rows = refill_selection.found(tx, HELD, MASS_DROP)
        owed = refill_selection.owed(tx, rows, discards_recovered=True)
    with database.write() as tx:
        done = [held_refills.release(tx, i, Reason.MASS_DROP, NOW) for i in ids]
    assert [(row.state, row.quantity) for row in done] == [
        (RefillState.REJECTED, 300),
        (RefillState.QUEUED, 300),
    ]
    assert [owed[i].units for i in ids] == [0, 300]


def test_a_recovered_refill_that_is_discarded_does_not_reserve_its_units_for_the_next(
    database: Database,
) -> None:
    """All have recovered: none is owed a unit, and the action discards each."""
    sell(database, an_order("1", "a"), an_order("2", "b"))
    ids = held(database, "1", "2")
    counted(database, 2000)
    with database.read() as tx:
        owed = refill_selection.owed(tx, refill_selection.found(tx, HELD, MASS_DROP), discards_recovered=True)
    assert [(owed[i].units, owed[i].recovered) for i in ids] == [(0, True)] * 2


def test_without_a_count_the_held_units_are_owed(database: Database) -> None:
    """Nothing is known that would lower them; unless the order has lost its guarantee."""
    sell(database, an_order("1", "a"), an_order("2", "b", refill="never"))
    ids = held(database, "1", "2")
    with database.read() as tx:
        owed = refill_selection.owed(tx, refill_selection.named(tx, ids), discards_recovered=True)
    assert [owed[i].units for i in ids] == [300, 0]
    assert owed[ids[1]].why_none == "its order's guarantee has ended"


def test_a_filter_finds_refills_by_what_they_were_sold_for(database: Database) -> None:
    """And by the time at which they were created."""
    sell(database, an_order("1", "a", service="x"), an_order("2", "b", provider="acme"))
    first, second = held(database, "1", "2")
    cases = {
        RefillFilter(): [first, second],
        RefillFilter(service="x"): [first],
        RefillFilter(provider="acme"): [second],
        RefillFilter(order_id="2"): [second],
        RefillFilter(metric=Metric.LIKES): [],
        RefillFilter(reason=Reason.COOLDOWN): [],
        RefillFilter(since=NOW): [first, second],
        RefillFilter(before=NOW): [],
    }
    with database.read() as tx:
        for wanted, ids in cases.items():
            assert [row.refill_id for row in refill_selection.found(tx, HELD, wanted)] == ids
        assert open_refills.of_orders(tx, ["1", "9"]).keys() == {"1"}
        assert [row.order_id for row in refill_selection.in_states(tx, ["2", "9"], *HELD)] == ["2"]
