"""A shop of delivered orders with looks, refills and other events, for the job of retention curves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from jobs.survival_curves import SurvivalCurves
from monitor.model.order import Order
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.survival.curve import SurvivalCurve
from monitor.survival.curve_name import CurveName
from storage import guarantee_costs, orders, survival_curves
from storage.engine import Database
from storage.guarantee_costs import GuaranteeCost
from storage.metadata import metadata
from storage.schema import drops, mass_drops, refills, snapshots, targets
from tests.builders import DAY, HOUR, START, a_profile, an_order

LOOK_EVERY = 12 * HOUR


@dataclass
class SurvivalWorld:
    """A database, a clock, and short ways to fill the shop and to run the job."""

    database: Database
    now: datetime = START + 40 * DAY
    rests: int = 0
    stops_after: int | None = None
    """Number of rests after which the process stops."""
    while_resting: Callable[[], None] = lambda: None
    beats: list[datetime] = field(default_factory=list)

    def sell(self, *sold: Order) -> None:
        with self.database.write() as tx:
            orders.import_batch(tx, sold, START)

    def sell_some(self, number: int, prefix: str = "a", **changes: Any) -> list[Order]:
        """Orders of 1000 units, each on its own profile."""
        sold = [
            an_order(f"{prefix}{i}", f"{prefix}{i}", created_at=START - DAY, settle=timedelta(0), **changes)
            for i in range(number)
        ]
        self.sell(*sold)
        return sold

    def look(self, profile: str, lost: Callable[[timedelta], int], days: int = 30, line: int = 2000) -> None:
        """Looks at a profile every 12 hours."""
        ages = [step * LOOK_EVERY for step in range(1, days * DAY // LOOK_EVERY + 1)]
        with self.database.write() as tx:
            query = select(targets.c.target_id).where(targets.c.link == a_profile(profile).link.url)
            target_id = tx.execute(query).scalar_one()
            rows = [
                {
                    "target_id": target_id, "at": START + age, "outcome": Outcome.COUNT,
                    "count": line - lost(age), "source": "scripted", "count_kind": "follower_count",
                    "detail": "",
                }
                for age in ages
            ]  # fmt: skip
            tx.execute(insert(snapshots), rows)

    def shop(self, number: int, lost: Callable[[timedelta], int], prefix: str = "a", **changes: Any) -> None:
        """Orders that all lose the same."""
        for order in self.sell_some(number, prefix, **changes):
            self.look(order.target.link.key, lost)

    def deliver_refill(
        self, order_id: str, queued_at: datetime, units: int = 100, *, completed: bool = True
    ) -> None:
        """A refill that was queued, and completed an hour later."""
        with self.database.write() as tx:
            row = {
                "order_id": order_id, "state": "refilled", "opened_at": queued_at, "looks": 2, "claim": units,
                "count": 0, "line": 0,
            }  # fmt: skip
            drop_id = tx.execute(insert(drops).returning(drops.c.drop_id), row).scalar_one()
            refill = {
                "order_id": order_id, "number": 1, "drop_id": drop_id, "metric": Metric.FOLLOWERS,
                "quantity": units, "reason": "drop_confirmed",
                "state": RefillState.COMPLETED if completed else RefillState.QUEUED,
                "created_at": queued_at, "queued_at": queued_at, "available_at": queued_at,
                "completed_at": queued_at + HOUR if completed else None,
                "delivered": units if completed else None,
            }  # fmt: skip
            tx.execute(insert(refills), refill)

    def note_mass_drop(self, since: datetime, until: datetime | None) -> None:
        with self.database.write() as tx:
            row = {
                "metric": Metric.FOLLOWERS,
                "started_at": since,
                "ended_at": until,
                "judged": 30,
                "fallen": 20,
            }
            tx.execute(insert(mass_drops), row)

    # The job

    def wait(self, _duration: timedelta) -> bool:
        self.rests += 1
        self.while_resting()
        return self.stops_after is not None and self.rests >= self.stops_after

    def job(self, **changes: Any) -> SurvivalCurves:
        standard: dict[str, Any] = {
            "every": DAY,
            "period": 180 * DAY,
            "mass_drop_window": 6 * HOUR,
            "wait": self.wait,
        } | changes
        return SurvivalCurves(
            self.database, lambda: self.now, heartbeat=lambda: self.beats.append(self.now), **standard
        )

    def compute(self, **changes: Any) -> bool:
        return self.job(**changes).compute() is not None

    # Results

    def names(self) -> list[CurveName]:
        with self.database.read() as tx:
            run = survival_curves.newest_run(tx)
            return [] if run is None else [one.name for one in survival_curves.listed(tx, run.run_id)]

    def curve(self, service: str = "", provider: str = "") -> SurvivalCurve:
        with self.database.read() as tx:
            run = survival_curves.newest_run(tx)
            assert run is not None
            (found,) = survival_curves.listed(tx, run.run_id, service, provider)
            return survival_curves.load(tx, [found])[0]

    def share(self, days: float, **of: str) -> float:
        point = self.curve(**of).at(days * DAY)
        assert point is not None
        return point.share

    def costs(self) -> list[GuaranteeCost]:
        with self.database.read() as tx:
            run = survival_curves.newest_run(tx)
            assert run is not None
            return guarantee_costs.of_run(tx, run.run_id)

    def stored(self, *tables: str) -> tuple[int, ...]:
        """The numbers of rows of tables."""
        with self.database.read() as tx:
            counts = [select(func.count()).select_from(metadata.tables[table]) for table in tables]
            return tuple(tx.execute(count).scalar_one() for count in counts)
