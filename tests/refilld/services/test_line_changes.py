"""Orders whose lines changed with the rules: listed, and no refill follows from the change itself."""

from refilld.services.line_changes import LineChange, line_changes
from storage import drops
from tests.builders import DAY, HOUR, START, a_claim, a_drop
from tests.jobs.jobs_world import JobsWorld, an_order

SLOW = an_order("A", start_count=1000, completed_at=START + DAY)
QUICK = an_order("B", start_count=1300)
"""Began when A had delivered 300 of 1000, and was completed before it: the line was 3300 and is 3000."""


def changes(world: JobsWorld) -> list[LineChange]:
    with world.database.read() as tx:
        return list(line_changes(tx, START + 5 * DAY))


def test_orders_that_may_overlap_are_listed_with_both_lines(world: JobsWorld) -> None:
    world.sell(SLOW, QUICK)
    assert changes(world) == [LineChange("B", 3300, 3000)]


def test_orders_on_different_profiles_and_orders_that_rise_in_turn_are_not_listed(world: JobsWorld) -> None:
    world.sell(an_order("A", "one"), an_order("B", "two", start_count=1300))
    world.sell(an_order("C", "three"), an_order("D", "three", start_count=2000, completed_at=START + DAY))
    assert changes(world) == []


def test_a_drop_that_only_the_old_line_showed_recovers_without_a_refill(world: JobsWorld) -> None:
    """Release 0.1.0 suspected it at 3000, where nothing was lost."""
    world.sell(SLOW, QUICK)
    with world.database.write() as tx:
        drops.save(tx, a_drop("B", opened_at=START + 4 * DAY), a_claim("B", line=3300), 3000)
    for hours in (0, 3, 6):
        world.look(3000, START + 5 * DAY + hours * HOUR)
    assert world.rows("drops", "state") == ["recovered"]
    assert world.rows("refills") == []
