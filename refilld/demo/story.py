"""What happens on the Instagram of the demo: first by a script, then at random for those who watch."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from refilld.demo.instagram import RATE_LIMITED, DemoInstagram
from refilld.demo.shop import DemoShop

SCRIPTED = timedelta(seconds=36)
BETWEEN = timedelta(seconds=15)
"""Between two losses after the script."""
OUTAGE = timedelta(seconds=5)
OUTAGE_EVERY = 12
"""One of so many losses is followed by an outage."""
FAULT_AFTER = 2
"""Losses before the fault by which all profiles lose followers at once."""
FAULT = timedelta(minutes=4)
"""After this time the followers come back."""
Wait = Callable[[timedelta], bool]
"""Waits so long, or shorter if the demo is to end; tells whether it is."""


@dataclass(frozen=True, slots=True)
class DemoStory:
    """The events of one run."""

    world: DemoInstagram
    shop: DemoShop
    tell: Callable[[str], None]
    wait: Wait

    def script(self) -> None:
        """A private profile, a renamed profile, an outage."""
        if self.wait(timedelta(seconds=10)):
            return
        self.tell("Instagram: shy.1 goes private")
        self.world.profiles["shy.1"] = replace(self.world.profiles["shy.1"], private=True)
        self.tell("Instagram: leaking.1 is renamed, to slowly.leaking")
        self.world.rename("leaking.1", "slowly.leaking")
        self.shop.rename("https://www.instagram.com/leaking.1/", "https://www.instagram.com/slowly.leaking/")
        if self.wait(timedelta(seconds=7)):
            return
        self._outage()
        self.wait(SCRIPTED - timedelta(seconds=22))

    def go_on(self, random: Random) -> None:
        """Take delivered units away at random, and once from all profiles, until the demo is to end."""
        happened = 0
        while not self.wait(BETWEEN):
            order = random.choice(self.shop.orders)
            units = order.quantity * random.randrange(10, 50) // 100
            self.shop.lose(order.link, units)
            self.tell(f"Instagram: {order.link} loses {units} {order.service}")
            happened += 1
            if happened == FAULT_AFTER:
                self.tell("Instagram: a fault, every profile loses a fifth of what it has bought")
                self.shop.lose_everywhere()
            if happened == FAULT_AFTER + FAULT // BETWEEN:
                self.tell("Instagram: the fault is mended, the followers are back")
                self.shop.lose_everywhere(back=True)
            if happened % OUTAGE_EVERY == 0:
                self._outage()

    def _outage(self) -> None:
        self.tell(f"Instagram: an outage, 429 to everything for {OUTAGE.seconds} seconds")
        self.world.outage = RATE_LIMITED
        self.wait(OUTAGE)
        self.tell("Instagram: the outage is over")
        self.world.outage = None
