"""The simulated fulfilment: it claims what is queued, and delivers it after a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
    """One consumer of the queue who never fails."""

    database: Database
    world: SimulatedWorld
    clock: SimulationClock
    delay: timedelta
    """From the claim to the delivery."""

    def claim(self) -> None:
        """Take everything that is queued."""
        now = self.clock.now()
        with self.database.write() as tx:
            claimed = leases.claim(tx, now, limit=_MOST, lease=self.delay + _MARGIN, consumer="simulation")
        for row in claimed:
            self._promise(row, now + self.delay)

    def _promise(self, row: ClaimedRefill, at: datetime) -> None:
        self.clock.at(at, lambda: self._deliver(row))

    def _deliver(self, row: ClaimedRefill) -> None:
        """Deliver a refill to the world, and complete it."""
        now = self.clock.now()
        with self.database.write() as tx:
            leases.complete(tx, row.refill_id, row.lease_token, now)
        if self.world.arrivals is not None:
            target = Target(parse_link(row.link).link, row.metric)
            self.world.arrivals.refilled(row.order_id, target, row.quantity, now)
