"""Routing: choose a source for each new target."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from jobs.configured_source import ConfiguredSource
from monitor.cadence.schedule import QueuePosition
from monitor.evaluation.source_choice import RoutedSource, SourceRouter
from monitor.evaluation.target_state import TargetState
from monitor.model.order_state import OrderState
from storage import order_states, routes
from storage.engine import Transaction

BATCH = 500
"""Targets routed in one transaction."""
InitialPosition = Callable[[Transaction, TargetState, Sequence[OrderState], datetime], QueuePosition | None]
"""Returns the queue position of a target that was just routed."""


def router_of(
    configured_sources: Sequence[ConfiguredSource], allowed: Mapping[str, tuple[str, ...]]
) -> SourceRouter:
    """Return the router of these sources, best first; `allowed` limits the sources of a service."""
    sources = tuple(RoutedSource(one.source.name, one.source.request_key) for one in configured_sources)
    return SourceRouter(sources, allowed)


def routed(router: SourceRouter, state: TargetState, orders: Sequence[OrderState]) -> TargetState:
    """Return the target with the best source for it."""
    return replace(state, schedule=router.routed(state.target, state.schedule, orders))


def route_new(tx: Transaction, router: SourceRouter, queue_position: InitialPosition, now: datetime) -> int:
    """Route a batch of new targets; return their number."""
    states = routes.unrouted(tx, BATCH)
    orders = order_states.of_targets(tx, [state.target_id for state in states])
    found = [routed(router, state, orders[state.target_id]) for state in states]
    positions = {
        state.target_id: queue_position(tx, state, orders[state.target_id], now)
        for state in found
        if state.schedule.source
    }
    routes.save_routes(tx, found, {target_id: place for target_id, place in positions.items() if place})
    return len(states)
