"""Obstacles: why no look at a target can be taken now, and what an operator can do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.configured_source import ConfiguredSource
from monitor.errors import BadInputError
from monitor.evaluation.source_choice import NO_SOURCE, SourceRouter
from monitor.evaluation.target_state import TargetState
from monitor.model.link import LinkKind
from monitor.model.order_state import OrderState
from monitor.model.time_words import second
from monitor.sources.source_state import source_state
from refilld.services.closed_source import closed_remedy, closed_words
from refilld.settings.settings import Settings
from refilld.sources import HOW_TO_ENABLE, NOTHING_ENABLED, open_sources, router_for
from refilld.toml_format import toml_string
from storage import sources
from storage.engine import Transaction


@dataclass(frozen=True, slots=True)
class EnabledSources:
    """The enabled sources, as far as they decide whether a target can be looked at."""

    names: tuple[str, ...]
    router: SourceRouter | None = None
    """Chooses the source of a target that has none yet; None when the sources are not open."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why no look at a target can be taken now."""

    says: str
    remedy: str
    until: datetime | None = None
    """When it ends by itself; None if an operator must act."""

    @property
    def note(self) -> str:
        """One line for the operator."""
        return f"{self.says}; {self.remedy}"


def enabled_sources(settings: Settings) -> EnabledSources:
    """The enabled sources of an installation; without a router when one of them cannot be opened."""
    try:
        configured_sources = open_sources(settings)
    except BadInputError:  # the doctor says which, and why
        return EnabledSources(tuple(settings.enabled_sources))
    return opened(configured_sources, router_for(settings, configured_sources))


def opened(configured_sources: Iterable[ConfiguredSource], router: SourceRouter | None) -> EnabledSources:
    """The enabled sources of a process that has opened them."""
    return EnabledSources(tuple(one.source.name for one in configured_sources), router)


def find_obstacle(
    tx: Transaction,
    state: TargetState,
    orders: Sequence[OrderState],
    order_id: str,
    enabled: EnabledSources,
    now: datetime,
) -> Obstacle | None:
    """Return what prevents every look at a target now; None if nothing but the budget does.

    `orders` are all orders of the target; the remedy is for the one that was asked about.
    """
    if not enabled.names:
        return Obstacle(NOTHING_ENABLED, HOW_TO_ENABLE)
    source = _source(state, orders, enabled)
    if source is None:
        return None
    service = next(one.order.service for one in orders if one.order.order_id == order_id)
    if source == NO_SOURCE:
        return _unreadable(state, service)
    return _closed(tx, source, now) or _claimed(state.schedule.claimed_until, now)


def _source(state: TargetState, orders: Sequence[OrderState], enabled: EnabledSources) -> str | None:
    """The source of a target; None when it is not known yet which one that will be."""
    if state.schedule.source in enabled.names:
        return state.schedule.source
    if enabled.router is not None:
        route = enabled.router.route(state.target, orders, state.schedule.unseen_by)
        return NO_SOURCE if route is None else route.source
    return state.schedule.source if state.schedule.source == NO_SOURCE else None


def _unreadable(state: TargetState, service: str) -> Obstacle:
    target = state.target
    says = f"no enabled source can read the {target.metric} of {target.link.url}"
    remedy = f"enable a source that can, or allow one under sources of the service {toml_string(service)}"
    if target.link.kind is LinkKind.POST and target.owner is None:
        remedy = f"import the order again with its owner, which the official source needs; or {remedy}"
    return Obstacle(says, remedy)


def _closed(tx: Transaction, source: str, now: datetime) -> Obstacle | None:
    """The obstacle of a source that is stopped or paused, or that the platform asks to wait."""
    state = source_state(sources.breaker(tx, source), sources.rate_limit_state(tx, source), now)
    if state.may_look:
        return None
    return Obstacle(closed_words(source, state), closed_remedy(source, state), state.until)


def _claimed(until: datetime | None, now: datetime) -> Obstacle | None:
    """The obstacle of a target that a process looks at, or has claimed before it was interrupted."""
    if until is None or until <= now:
        return None
    says = f"a process has claimed the target for a look until {second(until)}Z"
    return Obstacle(says, "the end of that look frees it sooner, unless the process was interrupted", until)
