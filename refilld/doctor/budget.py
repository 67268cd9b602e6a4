"""The budgets: said before anybody is disappointed, how old a look will be and what that will miss."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from monitor.cadence.capacity import BindingLimit, CadenceKind
from monitor.model.duration import format_duration
from refilld.doctor.finding import Finding, ok, warning
from refilld.doctor.forecast import Forecast, forecasts, unread
from refilld.settings import Settings
from storage.engine import Transaction

CHECK = "source.budget"
TOLERABLE = 0.01
"""Share of missed drops from which on the operator is warned."""
NOTEWORTHY = 1.1
"""Targets a request from which on they are told: one is what everybody expects."""
MOST = {"graph": 100}
"""Requests an hour that a platform is asked for at most, as docs/graph.md says."""
_LEAST_TOLD = 0.001
_UNITS = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1)))


def findings(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Judge each source's budget against its targets."""
    for name, outlook in forecasts(tx, settings, now).items():
        yield _judged(name, outlook, settings)
    if lost := unread(tx, settings):
        says = f"{lost:,} targets can be seen by no enabled source; they are never looked at"
        hint = "enable one that can, name the owner of posts for graph, or mind services.NAME.sources"
        yield warning("targets.unread", says, hint)


def _judged(name: str, outlook: Forecast, settings: Settings) -> Finding:
    if not outlook.capacity.targets:
        return ok(CHECK, f"{name} has no target yet", name)
    says, every = f"{name}: {sentence(outlook)}", settings.sampling.every
    if outlook.oldest_look <= every and outlook.missed < TOLERABLE:
        return ok(CHECK, says, name)
    return warning(CHECK, says, _remedy(name, outlook, settings), name)


def sentence(outlook: Forecast) -> str:
    """What this budget will see, in one sentence."""
    capacity = outlook.capacity
    each = capacity.looks_per_request
    reads = f" that read {number(each, 2)} targets each" if each >= NOTEWORTHY else ""
    crowd = f"{capacity.targets:,} targets with {outlook.orders:,} orders"
    return (
        f"at {number(capacity.requests_per_hour, 3)} requests an hour{reads}, and {crowd}, {_age(outlook)}; "
        f"a drop will be seen after {spoken(outlook.delay)} on average, and {share(outlook.missed)} of drops "
        "missed (an order of magnitude)"
    )


def _age(outlook: Forecast) -> str:
    """How old a look will be; where the learned cadence has to choose, no single number tells that."""
    old = spoken(outlook.oldest_look)
    if outlook.by_turns:
        return f"going round once takes {old} (cold targets wait longer, hot ones less)"
    return f"a look will be up to {old} old"


def _remedy(name: str, outlook: Forecast, settings: Settings) -> str:
    """What would help, with the numbers."""
    every = settings.sampling.every
    needed = outlook.capacity.requests_needed(every)
    learned = (
        "" if outlook.policy is CadenceKind.LEARNED else '; cadence = "learned" makes more of the same looks'
    )
    return (
        f"a look every {format_duration(every)} would take {ceil(needed):,} requests an hour; "
        f"sources.{name}.{outlook.binding} allows fewer: {_more(name, outlook, settings)}enable "
        f"another source beside it, or set sampling.every to what can be kept{learned}"
    )


def _more(name: str, outlook: Forecast, settings: Settings) -> str:
    """How to allow more, where the platform is known to allow it."""
    most = MOST.get(name)
    if outlook.binding is BindingLimit.HOUR and most and settings.sources[name].requests_per_hour >= most:
        return ""
    how = "shorten" if outlook.binding is BindingLimit.SPACING else "raise"
    end = f"(no more than {most} requests an hour)" if most else "as far as the platform's limits go"
    return f"{how} it {end}, "


def spoken(duration: timedelta) -> str:
    """A duration as people say it, to two digits."""
    for unit, size in _UNITS:
        if duration >= 2 * size:
            return f"{number(duration / size, 2)} {unit}"
    return "a minute"


def number(value: float, digits: int) -> str:
    """A number to so many digits, and whole where it has more of them before the point."""
    return f"{value:,.0f}" if value > 10**digits - 1 else f"{value:.{digits}g}"


def share(part: float) -> str:
    """A share as people say it; no digit that nobody can know."""
    if part < _LEAST_TOLD:
        return "fewer than 0.1 %"
    return f"about {100 * part:.1g} %" if part < TOLERABLE else f"about {100 * part:.0f} %"
