"""Routing: which source looks at a target, found out when it is new, and again at each look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jobs.configured_source import ConfiguredSource
from monitor.cadence.schedule import QueuePosition
from monitor.evaluation.source_choice import RETRY_AFTER, UNSEEN_OUTCOMES, SourceRoute, best_route
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Snapshot
from monitor.model.target import Target
from storage import order_states, routes
from storage.engine import Transaction
from storage.targets import TargetState

BATCH = 500
"""Targets whose way is found out in one transaction."""
NOBODY = ""
"""The source of a target that no enabled source can see."""
InitialPosition = Callable[[Transaction, TargetState, Sequence[OrderState], datetime], QueuePosition | None]
"""Gives a target that was just routed its place in the queue of its source."""


@dataclass(frozen=True, slots=True)
class SourceRouter:
    """The eyes, best first, and which of them the services of the shop allow."""

    sources: tuple[ConfiguredSource, ...]
    allowed: Mapping[str, tuple[str, ...]]
    """By service; a service that is not named allows all."""

    def way(
        self, target: Target, group: Sequence[OrderState], unseen_by: frozenset[str]
    ) -> SourceRoute | None:
        """The best way to see a target."""
        named = (
            (configured.source.name, configured.source.request_key(target)) for configured in self.sources
        )
        ways = [SourceRoute(name, request_key) for name, request_key in named if request_key is not None]
        services = dict.fromkeys(w.order.service for w in group)
        return best_route(ways, [self.allowed.get(service) for service in services], unseen_by)

    def routed(self, row: TargetState, group: Sequence[OrderState]) -> TargetState:
        """The target on its way."""
        way = self.way(row.target, group, row.unseen_by)
        return replace(row, source=way.source if way else NOBODY, request_key=way.request_key if way else "")

    def after(self, row: TargetState, kept: Snapshot, group: Sequence[OrderState]) -> TargetState:
        """The target on its way after a look: a source that cannot find it makes room for the next one."""
        if kept.outcome in UNSEEN_OUTCOMES and len(self.sources) > 1:
            row = replace(
                row, unseen_by=row.unseen_by | {kept.source}, unseen_since=row.unseen_since or kept.at
            )
        elif row.unseen_since is not None and kept.at - row.unseen_since >= RETRY_AFTER:
            row = replace(row, unseen_by=frozenset(), unseen_since=None)
        return self.routed(row, group)


def route_new(tx: Transaction, router: SourceRouter, queue_position: InitialPosition, now: datetime) -> int:
    """Find out who looks at a batch of new targets; gives how many there were."""
    rows = routes.unrouted(tx, BATCH)
    groups = order_states.of_targets(tx, [row.target_id for row in rows])
    found = [router.routed(row, groups[row.target_id]) for row in rows]
    seats = {
        row.target_id: queue_position(tx, row, groups[row.target_id], now) for row in found if row.source
    }
    routes.routed(tx, found, {target_id: place for target_id, place in seats.items() if place})
    return len(rows)
