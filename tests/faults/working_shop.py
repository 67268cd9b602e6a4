"""A shop at work, to which something happens."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.crew import Crew, crew_of, until
from tests.faults.judgement import SLOWLY, check
from tests.faults.seeds import SEED
from tests.faults.shop import Shop

ORDERS = 30
"""Orders that are sold while the faults last."""


@contextmanager
def at_work(shop: Shop, what: str) -> Iterator[Crew]:
    """A daemon for each port, two consumers and a producer, which have begun."""
    with crew_of(shop, f"{SEED}/{what}") as crew:
        for number in range(len(shop.ports)):
            crew.daemon(number)
        crew.producer(ORDERS)
        crew.consumer(0)
        crew.consumer(1)
        until(lambda: completed(shop), lambda: f"the first completion; {crew.tail('daemon-0')}", SLOWLY)
        yield crew


def completed(shop: Shop) -> int:
    """The number of completed refills."""
    return sum(refill.state == "completed" for refill in check(shop).refills)


def steps_go_on(crew: Crew, number: int = 5) -> None:
    """Consumers and producers get answers again, and no promise is broken."""
    crew.until_steps(number)
    check(crew.shop)
