"""The clock of the daemons is stepped by hours and days, in both directions, while refills are at work."""

from datetime import timedelta

from tests.faults.judgement import check_all_made_good
from tests.faults.seeds import seeded
from tests.faults.shop import Shop
from tests.faults.working_shop import at_work, steps_go_on

RIGHT = timedelta(0)
STEPS = (timedelta(hours=1), timedelta(days=3))


def test_a_stepped_clock_loses_nothing_and_delays_nothing(shop: Shop) -> None:
    """Ahead, right, behind, right: what is claimed, failed or released meanwhile is claimable soon."""
    random = seeded("clock")
    with at_work(shop, "clock") as crew:
        for step in STEPS:
            for ahead in (step, RIGHT, -step, RIGHT):
                shop.step_clock(ahead)
                steps_go_on(crew, random.randint(3, 6))
                crew.kill("daemon-0")  # a start repairs the times, as maintenance does every minute
                crew.start("daemon-0")
                steps_go_on(crew, random.randint(3, 6))
        check_all_made_good(shop, crew)
