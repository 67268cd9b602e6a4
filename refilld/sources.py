"""The eyes of an installation: its enabled sources, their ways to targets, and the cadence of their looks."""

from jobs.adaptive_selection import LearnedTurns
from jobs.configured_source import Eye, canary_for
from jobs.routing import Router
from jobs.target_selection import FixedTurns, Turns
from monitor.cadence.adaptive import LearnedCadence
from monitor.cadence.fixed import FixedCadence
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import Cadence
from monitor.cadence.virtual_time import VirtualClock
from monitor.sources.registry import open_source
from refilld.config import ConfigError
from refilld.settings import Settings, SourceSection
from storage import cadence_stats, routes
from storage.engine import Database

OFFICIAL = "graph"
"""The source that goes before all others where it can see a target."""


def open_eyes(settings: Settings) -> tuple[Eye, ...]:
    """The enabled sources, the official one first; BadInputError names one that is not installed."""
    named = sorted(settings.enabled_sources.items(), key=lambda item: item[0] != OFFICIAL)
    return tuple(_open_eye(name, section) for name, section in named)


def _open_eye(name: str, section: SourceSection) -> Eye:
    source = open_source(name, section.options)
    return Eye(source, section.budget, section.first_pause, canary_for(source, section.canary))


def require_eyes(settings: Settings) -> tuple[Eye, ...]:
    """The enabled sources, at least one."""
    eyes = open_eyes(settings)
    if not eyes:
        raise ConfigError(
            "no source is enabled, so nothing could be looked at; "
            "set enabled = true under [sources.graph] or [sources.instaloader], after reading in the README "
            "what that means"
        )
    return eyes


def router_for(settings: Settings, eyes: tuple[Eye, ...]) -> Router:
    """Which eye looks at what."""
    services = settings.services.items()
    return Router(eyes, {name: tuple(s.sources) for name, s in services if s.sources is not None})


def cadence_for(settings: Settings, database: Database) -> tuple[Cadence, Turns]:
    """The configured cadence, with what it has learned so far."""
    every = settings.sampling.every
    if settings.sampling.cadence == "fixed":
        return FixedCadence(every), FixedTurns()
    with database.read() as tx:
        cadence = LearnedCadence(every, Hazards(cadence_stats.load(tx)), cadence_stats.rates(tx))
    return cadence, LearnedTurns(cadence)


def take_over(database: Database, eyes: tuple[Eye, ...]) -> None:
    """At the start of a daemon: no target waits for a source that looks no more, or misses a new one."""
    with database.write() as tx:
        names = [eye.source.name for eye in eyes]
        new = [name for name in names if not cadence_stats.has_clock(tx, name)]
        for name in new:
            cadence_stats.save_clock(tx, name, VirtualClock())
        routes.leave_sources(tx, [] if new else names)
