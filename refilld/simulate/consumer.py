"""The simulated fulfilment: claims queued refills, and delivers them after a delay."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from monitor.model.link import parse_link
from monitor.model.target import Target
from refilld.simulate.clock import SimulationClock
from refilld.simulate.world import SimulatedWorld
from storage import leases
from storage.engine import Database
from storage.leases import ClaimedRefill

_MARGIN = timedelta(hours=1)
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class SimulatedConsumer:
    """A consumer of the refill queue whose deliveries never fail."""

    database: Database
    world: SimulatedWorld
    clock: SimulationClock
    delay: timedelta
    """The time from claim to delivery."""

    def claim(self) -> None:
        """Claim all queued refills, and schedule their delivery."""
        now = self.clock.now()
        with self.database.write() as tx:
            claimed = leases.claim(tx, now, limit=_MOST, lease=self.delay + _MARGIN, consumer="simulation")
        for row in claimed:
            self.clock.at(now + self.delay, partial(self._deliver, row))

    def _deliver(self, row: ClaimedRefill) -> None:
        """Complete a refill, and deliver its units to the world."""
        now = self.clock.now()
        with self.database.write() as tx:
            leases.act_on_one(tx, leases.Complete(row.refill_id, row.lease_token), now)
        if self.world.arrivals is not None:
            target = Target(parse_link(row.link).link, row.metric)
            self.world.arrivals.refilled(row.order_id, target, row.quantity, now)
