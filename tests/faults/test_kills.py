"""Daemons, consumers and producers are killed at random moments: nothing is lost, nothing is done twice."""

from tests.faults.crew import crew_of
from tests.faults.judgement import check, check_all_made_good, leases_end
from tests.faults.seeds import KILLS, SEED, seeded
from tests.faults.shop import Shop

CHECKED_AFTER = 10
"""Kills between two checks of everything; the last check is after the last kill."""


def test_killed_processes_lose_nothing_and_do_nothing_twice(shop: Shop) -> None:
    """Consumers that are killed, or whose leases end, complete late or a second time."""
    random = seeded(f"kills {shop.url[:6]}")
    with crew_of(shop, f"{SEED}") as crew:
        daemons = [crew.daemon(number) for number in range(len(shop.ports))]
        producer = crew.producer(limit=KILLS)
        consumers = [crew.consumer(number) for number in range(2)]
        for number in range(KILLS // 2):
            kind = random.choices((daemons, consumers, [producer]), weights=(1, 5, 4))[0]
            crew.killed_at_random(kind, random)
            if number % CHECKED_AFTER == 0:
                check(shop)
                leases_end(shop)
        crew.kill(producer)
        crew.producer(limit=0)  # it sends only what was not answered
        check_all_made_good(shop, crew)
        assert [crew.stop(name) for name in daemons] == [0] * len(daemons)
