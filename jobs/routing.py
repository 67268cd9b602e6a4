"""Routing: which source looks at a target, found out when it is new, and again at each look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jobs.configured_source import Eye
from monitor.cadence.schedule import Seat
from monitor.evaluation.source_choice import ASK_AGAIN, CANNOT_SEE, Way, best_way
from monitor.model.order_state import Watched
from monitor.model.snapshot import Snapshot
from monitor.model.target import Target
from storage import order_states, routes
from storage.engine import Transaction
from storage.targets import TargetRow

BATCH = 500
"""Targets whose way is found out in one transaction."""
NOBODY = ""
"""The source of a target that no enabled source can see."""
Seated = Callable[[Transaction, TargetRow, Sequence[Watched], datetime], Seat | None]
"""Gives a target that was just routed its place in the queue of its source."""


@dataclass(frozen=True, slots=True)
class Router:
    """The eyes, best first, and which of them the services of the shop allow."""

    eyes: tuple[Eye, ...]
    allowed: Mapping[str, tuple[str, ...]]
    """By service; a service that is not named allows all."""

    def way(self, target: Target, group: Sequence[Watched], cannot: frozenset[str]) -> Way | None:
        """The best way to see a target."""
        named = ((eye.source.name, eye.source.together(target)) for eye in self.eyes)
        ways = [Way(name, together) for name, together in named if together is not None]
        services = dict.fromkeys(w.order.service for w in group)
        return best_way(ways, [self.allowed.get(service) for service in services], cannot)

    def routed(self, row: TargetRow, group: Sequence[Watched]) -> TargetRow:
        """The target on its way."""
        way = self.way(row.target, group, row.cannot)
        return replace(row, source=way.source if way else NOBODY, together=way.together if way else "")

    def after(self, row: TargetRow, kept: Snapshot, group: Sequence[Watched]) -> TargetRow:
        """The target on its way after a look: a source that cannot find it makes room for the next one."""
        if kept.outcome in CANNOT_SEE and len(self.eyes) > 1:
            row = replace(row, cannot=row.cannot | {kept.source}, cannot_since=row.cannot_since or kept.at)
        elif row.cannot_since is not None and kept.at - row.cannot_since >= ASK_AGAIN:
            row = replace(row, cannot=frozenset(), cannot_since=None)
        return self.routed(row, group)


def route_new(tx: Transaction, router: Router, seat: Seated, now: datetime) -> int:
    """Find out who looks at a batch of new targets; gives how many there were."""
    rows = routes.unrouted(tx, BATCH)
    groups = order_states.of_targets(tx, [row.target_id for row in rows])
    found = [router.routed(row, groups[row.target_id]) for row in rows]
    seats = {row.target_id: seat(tx, row, groups[row.target_id], now) for row in found if row.source}
    routes.routed(tx, found, {target_id: place for target_id, place in seats.items() if place})
    return len(rows)
