"""`refilld sources`: the eyes, what they may do now, and pausing or resuming one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import click

from monitor.sources.breaker import Breaker
from monitor.sources.budget import DAY, HOUR
from monitor.sources.registry import installed
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_rows
from refilld.cli.parameters import duration_between, text_up_to
from refilld.cli.source_login import login
from refilld.cli.source_probe import probe
from refilld.doctor.forecast import Forecast, forecasts
from refilld.settings import SourceSection
from storage import sources as kept
from storage.engine import Transaction

COLUMNS = (
    "source", "enabled", "state", "until", "reason", "requests_last_hour", "requests_per_hour",
    "requests_last_day", "requests_per_day", "looks_per_request", "used_percent",
    "expected_age_hours", "expected_missed_percent",
)  # fmt: skip
LONGEST_REASON = 200
_NO_EYE = "simulated"
"""The world of `refilld simulate`: nothing to look with, and listed only where somebody configures it."""


@click.group()
def sources() -> None:
    """The sources: their state, and pausing or resuming one."""


@sources.command("list")
@json_option
@pass_context
def list_(context: CommandContext, *, as_json: bool) -> None:
    """Show every source: its state, its requests against their limits, and what is to be expected of it."""
    now, configured = context.now(), context.settings.sources
    with context.database() as database, database.read() as tx:
        seen = forecasts(tx, context.settings, now)
        names = (name for name in installed() if name != _NO_EYE or name in configured)
        facts = ((name, _facts(tx, name, configured.get(name), now)) for name in names)
        rows = [{**row, **_outlook(seen.get(name))} for name, row in facts]
    print_rows(COLUMNS, rows, as_json=as_json)


@sources.command()
@click.argument("name")
@click.option(
    "--for", "how_long", type=duration_between(timedelta(seconds=1), 365 * DAY), metavar="DURATION",
    help="As 2h; without it the source is paused until it is resumed.",
)  # fmt: skip
@click.option("--reason", type=text_up_to(LONGEST_REASON), metavar="TEXT", help="Shown in the list.")
@pass_context
def pause(context: CommandContext, name: str, how_long: timedelta | None, reason: str | None) -> None:
    """Leave a source alone, for a time or until it is resumed."""
    _require_installed(name)
    until = None if how_long is None else context.now() + how_long
    why = "operator" if reason is None else f"operator: {reason}"
    with context.database() as database, database.write() as tx:
        before = kept.breaker(tx, name)
        after = before.held(until, why)
        kept.save_breaker(tx, name, after)
    if after == before:
        longer = _spoken(None if before.stopped else before.paused_until)
        click.echo(
            f"{name} is paused until {longer} already ({before.reason}); "
            f"for a shorter pause, refilld sources resume {name} comes first"
        )
    else:
        click.echo(f"{name} is paused until {_spoken(until)}")


@sources.command()
@click.argument("name")
@pass_context
def resume(context: CommandContext, name: str) -> None:
    """Let a paused or stopped source look again, at once."""
    _require_installed(name)
    now = context.now()
    with context.database() as database, database.write() as tx:
        breaker, rate_limit_state = kept.breaker(tx, name), kept.rate_limit_state(tx, name)
        paused = breaker.closed_until(now) or rate_limit_state.waits_until(now)
        if paused:
            kept.save_breaker(tx, name, breaker.resumed())
            kept.save_rate_limit_state(tx, name, replace(rate_limit_state, wait_until=None))
    click.echo(f"{name} may look again" if paused else f"{name} was not paused")


def _spoken(until: datetime | None) -> str:
    return f"{until:%Y-%m-%d %H:%M:%SZ}" if until else "it is resumed"


def _facts(tx: Transaction, name: str, section: SourceSection | None, now: datetime) -> Mapping[str, object]:
    breaker, rate_limit_state = kept.breaker(tx, name), kept.rate_limit_state(tx, name)
    enabled = section is not None and section.enabled
    (last_hour, _), (last_day, looks) = kept.served(tx, name, now - HOUR), kept.served(tx, name, now - DAY)
    return {
        "source": name,
        "enabled": enabled,
        **(_state(breaker, rate_limit_state.waits_until(now), now) if enabled else _OFF),
        "requests_last_hour": last_hour,
        "requests_per_hour": section.requests_per_hour if section else None,
        "requests_last_day": last_day,
        "requests_per_day": section.requests_per_day if section else None,
        "looks_per_request": round(looks / last_day, 2) if last_day else None,
        "used_percent": rate_limit_state.used(now),
    }


_OFF = {"state": "off", "until": None, "reason": None}


def _state(breaker: Breaker, wait: datetime | None, now: datetime) -> Mapping[str, object]:
    """What a source may do now; its platform's wish counts once the breaker lets it ask."""
    closed = breaker.closed_until(now)
    if wait and not closed:
        return {"state": "waiting", "until": wait, "reason": "platform"}
    until = None if breaker.stopped else closed
    return {"state": breaker.state(now), "until": until, "reason": breaker.reason or None}


def _outlook(outlook: Forecast | None) -> Mapping[str, object]:
    """How old a look will be, and what that will miss; nothing of a source that has nothing to look at."""
    looks = outlook is not None and outlook.capacity.targets > 0
    return {
        "expected_age_hours": round(outlook.oldest_look / HOUR, 1) if outlook and looks else None,
        "expected_missed_percent": round(100 * outlook.missed, 1) if outlook and looks else None,
    }


def _require_installed(name: str) -> None:
    if name not in installed():
        raise click.BadParameter(f"no such source; there are: {', '.join(installed())}", param_hint="NAME")


sources.add_command(login)
sources.add_command(probe)
COMMANDS = (sources,)
