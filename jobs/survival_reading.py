"""Reads what retention curves are computed from, in slices; of large groups of orders a sample."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.model.target import Metric
from monitor.survival.delivered_order import Interruptions, Pause, observed_until
from monitor.survival.losses import OrderLosses, losses
from monitor.survival.sampling import is_sampled, order_quota
from storage import survival_orders
from storage.engine import Database, Transaction
from storage.survival_orders import PastMassDrop, SoldOrder

TARGETS = 200
"""Targets of one slice."""
READ_WHOLE = 20
"""Targets whose looks are read together; each may have hundreds."""


class OrderGroup(NamedTuple):
    """Orders of one metric, service and provider."""

    metric: Metric
    service: str
    provider: str
    """Empty for orders without one."""


class _Candidate(NamedTuple):
    target_id: int
    group: OrderGroup
    sold: SoldOrder
    until: datetime


@dataclass(frozen=True, slots=True)
class SurvivalReading:
    """Reads the losses of the orders that were completed since a time."""

    database: Database
    now: datetime
    since: datetime
    mass_drop_window: timedelta
    """So long before a mass drop began, the first of its targets may have fallen."""
    rest: Callable[[], object]
    """Called after each slice."""

    def losses_by_group(self) -> dict[OrderGroup, list[OrderLosses]]:
        """The losses of all orders, or of a sample of those of a large group, whose orders weigh more."""
        with self.database.read() as tx:
            sizes = survival_orders.group_sizes(tx, self.since)
            mass_drops = survival_orders.past_mass_drops(tx)
        quota = order_quota(size.orders for size in sizes)
        fractions = {
            OrderGroup(size.metric, size.service, size.provider): min(1.0, quota / size.orders)
            for size in sizes
        }
        found: defaultdict[OrderGroup, list[OrderLosses]] = defaultdict(list)
        for slice_ in self._slices():
            with self.database.read() as tx:
                candidates = self._candidates(tx, slice_, fractions)
            for first in range(0, len(candidates), READ_WHOLE):
                self._add(candidates[first : first + READ_WHOLE], fractions, mass_drops, found)
                self.rest()
            self.rest()
        return found

    def _slices(self) -> Iterator[list[tuple[int, Metric]]]:
        last = 0
        while True:
            with self.database.read() as tx:
                found = survival_orders.next_targets(tx, last, TARGETS)
            if not found:
                return
            yield found
            last = found[-1][0]

    def _candidates(
        self, tx: Transaction, targets: Sequence[tuple[int, Metric]], fractions: Mapping[OrderGroup, float]
    ) -> list[_Candidate]:
        """The orders of the sample whose losses can be told."""
        orders = survival_orders.orders_of(tx, [target_id for target_id, _ in targets])
        found = []
        for target_id, metric in targets:
            for sold in orders.get(target_id, ()):
                group, order = OrderGroup(metric, sold.service, sold.provider), sold.order
                if order.completed_at is None or order.completed_at < self.since:
                    continue
                if not is_sampled(order.order_id, fractions.get(group, 0.0)):
                    continue
                others = [one.order for one in orders[target_id] if one is not sold]
                until = observed_until(order, others, self.now)
                if until is not None:
                    found.append(_Candidate(target_id, group, sold, until))
        return found

    def _add(
        self,
        candidates: Sequence[_Candidate],
        fractions: Mapping[OrderGroup, float],
        mass_drops: Sequence[PastMassDrop],
        into: defaultdict[OrderGroup, list[OrderLosses]],
    ) -> None:
        ids = sorted({one.target_id for one in candidates})
        since = min((one.sold.order.completed_at or self.now for one in candidates), default=self.now)
        with self.database.read() as tx:
            looks = survival_orders.looks_at(tx, ids, since)
            interruptions = survival_orders.interruptions_of(tx, ids)
        for one in candidates:
            happened = self._with_mass_drops(interruptions[one.target_id], one.group.metric, mass_drops)
            lost = losses(one.sold.order, looks.get(one.target_id, ()), one.until, happened)
            if lost is not None:
                into[one.group].append(lost._replace(weight=1 / fractions[one.group]))

    def _with_mass_drops(
        self, happened: Interruptions, metric: Metric, mass_drops: Sequence[PastMassDrop]
    ) -> Interruptions:
        """Add the mass drops of the metric; the first targets fell a while before each began."""
        pauses = (
            Pause(one.started_at - self.mass_drop_window, one.ended_at or self.now)
            for one in mass_drops
            if one.metric is metric
        )
        return replace(happened, pauses=(*happened.pauses, *pauses))
