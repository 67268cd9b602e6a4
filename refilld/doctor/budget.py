"""The check `source.budget`: how old a look will be under a source's budget, and what that misses."""

from collections.abc import Iterator
from datetime import datetime
from math import ceil

from monitor.cadence.capacity import BindingLimit, CadenceKind
from monitor.model.duration import format_duration
from monitor.model.number_words import significant
from monitor.model.time_words import spoken
from refilld.doctor.finding import Finding, ok, warning
from refilld.services.source_forecast import SourceForecast, forecasts, number_unread
from refilld.settings.settings import Settings
from storage.engine import Transaction

CHECK = "source.budget"
TOLERABLE = 0.01
"""Share of missed drops from which on the finding is a warning."""
SHARED_REQUESTS = 1.1
"""Targets per request from which on the sentence mentions them."""
MOST_REQUESTS = {"graph": 100}
"""The highest recommended number of requests an hour, as in docs/graph.md."""


def findings(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Compare each source's budget with its targets."""
    for name, forecast in forecasts(tx, settings, now).items():
        yield _finding(name, forecast, settings)
    if unread := number_unread(tx, settings):
        says = f"{unread:,} targets cannot be read by any enabled source; they are never looked at"
        hint = "enable one that can, give the owner of posts for graph, or check services.NAME.sources"
        yield warning("targets.unread", says, hint)


def _finding(name: str, forecast: SourceForecast, settings: Settings) -> Finding:
    if not forecast.capacity.targets:
        return ok(CHECK, f"{name} has no target yet", name)
    says, every = f"{name}: {sentence(forecast)}", settings.sampling.every
    if forecast.oldest_look <= every and forecast.missed < TOLERABLE:
        return ok(CHECK, says, name)
    return warning(CHECK, says, _remedy(name, forecast, settings), name)


def sentence(forecast: SourceForecast) -> str:
    """The forecast in one sentence."""
    capacity = forecast.capacity
    each = capacity.looks_per_request
    reads = f" that read {significant(each, 2)} targets each" if each >= SHARED_REQUESTS else ""
    targets = f"{capacity.targets:,} targets with {forecast.orders:,} orders"
    delay, missed = spoken(forecast.delay), share(forecast.missed)
    return (
        f"at {significant(capacity.requests_per_hour, 3)} requests an hour{reads}, and {targets}, "
        f"{_age(forecast)}; a drop will be seen after {delay} on average, and {missed} of drops "
        "missed (an order of magnitude)"
    )


def _age(forecast: SourceForecast) -> str:
    """How old a look will be; a budget-bound adaptive cadence has no single number for that."""
    old = spoken(forecast.oldest_look)
    if forecast.budget_bound:
        return f"going round once takes {old} (cold targets wait longer, hot ones less)"
    return f"a look will be up to {old} old"


def _remedy(name: str, forecast: SourceForecast, settings: Settings) -> str:
    """What would help, with numbers."""
    every = settings.sampling.every
    needed = forecast.capacity.requests_needed(every)
    fixed = forecast.cadence is not CadenceKind.LEARNED
    learned = '; cadence = "learned" makes more of the same looks' if fixed else ""
    return (
        f"a look every {format_duration(every)} would take {ceil(needed):,} requests an hour; "
        f"sources.{name}.{forecast.binding} allows fewer: {_more(name, forecast, settings)}enable "
        f"another source beside it, or set sampling.every to what can be kept{learned}"
    )


def _more(name: str, forecast: SourceForecast, settings: Settings) -> str:
    """How to raise the binding limit; empty where the platform allows no more."""
    most = MOST_REQUESTS.get(name)
    if forecast.binding is BindingLimit.HOUR and most and settings.sources[name].requests_per_hour >= most:
        return ""
    how = "shorten" if forecast.binding is BindingLimit.SPACING else "raise"
    end = f"(no more than {most} requests an hour)" if most else "as far as the platform's limits go"
    return f"{how} it {end}, "


def share(part: float) -> str:
    """A share in percent, to one decimal below one percent, as `refilld sources list` shows it."""
    percent = round(100 * part, 1)
    if not percent:
        return "fewer than 0.1 %"
    return f"about {percent:g} %" if part < TOLERABLE else f"about {100 * part:.0f} %"
