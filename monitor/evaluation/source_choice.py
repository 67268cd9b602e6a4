"""Choice of the source that reads a target."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from monitor.evaluation.target_state import TargetSchedule
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Target

RETRY_AFTER = timedelta(days=30)
"""A source that did not find a target is tried again after this time."""
UNSEEN_OUTCOMES = frozenset({Outcome.NOT_FOUND, Outcome.UNAVAILABLE, Outcome.HIDDEN})
"""Outcomes after which another source is tried: the official interface finds only professional accounts, and
only their newest posts."""
NO_SOURCE = ""
"""The source of a target that no enabled source can read."""


@dataclass(frozen=True, slots=True)
class SourceRoute:
    """A source that can read a target, and the request that does so."""

    source: str
    request_key: str


class RoutedSource(NamedTuple):
    """An enabled source, as far as the choice depends on it."""

    name: str
    request_key: Callable[[Target], str | None]
    """Returns the key of the request that reads a target; None where the source cannot read it."""


@dataclass(frozen=True, slots=True)
class SourceRouter:
    """Chooses among the enabled sources, best first."""

    sources: tuple[RoutedSource, ...]
    allowed: Mapping[str, tuple[str, ...]]
    """Sources by service, best first; a service that is not named allows all."""

    def route(
        self, target: Target, orders: Sequence[OrderState], unseen_by: frozenset[str]
    ) -> SourceRoute | None:
        """Return the best route to a target; None when there is none."""
        keys = ((source.name, source.request_key(target)) for source in self.sources)
        routes = [SourceRoute(name, key) for name, key in keys if key is not None]
        services = dict.fromkeys(one.order.service for one in orders)
        return best_route(routes, [self.allowed.get(service) for service in services], unseen_by)

    def routed(
        self, target: Target, schedule: TargetSchedule, orders: Sequence[OrderState]
    ) -> TargetSchedule:
        """Return the schedule with the best source."""
        route = self.route(target, orders, schedule.unseen_by)
        if route is None:
            return replace(schedule, source=NO_SOURCE, request_key="")
        return replace(schedule, source=route.source, request_key=route.request_key)

    def after(
        self,
        target: Target,
        schedule: TargetSchedule,
        orders: Sequence[OrderState],
        kept: Snapshot,
        *,
        unseen: bool,
    ) -> TargetSchedule:
        """Return the schedule after a look; a source that did not find the target is replaced by the next."""
        if unseen and len(self.sources) > 1:
            schedule = replace(
                schedule,
                unseen_by=schedule.unseen_by | {kept.source},
                unseen_since=schedule.unseen_since or kept.at,
            )
        elif schedule.unseen_since is not None and kept.at - schedule.unseen_since >= RETRY_AFTER:
            schedule = replace(schedule, unseen_by=frozenset(), unseen_since=None)
        return self.routed(target, schedule, orders)


def best_route(
    routes: Sequence[SourceRoute], allowed: Sequence[Collection[str] | None], unseen_by: Collection[str]
) -> SourceRoute | None:
    """Return the first of the routes (best first) that every order's service allows; None when there is none.

    `allowed` has one item per service: the sources that it allows, best first, or None for all. `unseen_by`
    names sources that did not find the target lately; when these are all, the last route is chosen.
    """
    named = next((names for names in allowed if names is not None), None)
    candidates = [
        route for route in routes if all(names is None or route.source in names for names in allowed)
    ]
    if named is not None:
        order = list(named)
        candidates.sort(key=lambda route: order.index(route.source))
    seeing = [route for route in candidates if route.source not in unseen_by]
    return seeing[0] if seeing else candidates[-1] if candidates else None
