"""`refilld silence`: keep alerts back for a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from monitor.alerts.matchers import parse_matchers, text_of
from monitor.alerts.silences import Silence
from monitor.errors import BadInputError
from monitor.model.time_words import minute
from refilld.cli.account import account
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import DURATION, ROW_ID, TEXT
from refilld.services.input_limits import YEARS
from refilld.services.silence_check import unmatched
from refilld.terminal import printable
from storage import silences
from storage.silences import NewSilence

COLUMNS = (
    Column("silence_id", heading="id"),
    Column("state"),
    Column("matchers", least=20),
    Column("expires_at"),
    Column("author", least=8),
    Column("comment", least=12),
    Column("starts_at"),
    Column("ends_at"),
    Column("matched_at"),
)


def _time(value: str) -> datetime:
    """A parameter type for a time in RFC 3339."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise click.BadParameter(f"{value!r} is not a time; write it like 2026-11-29T08:00Z")
    if at.year not in YEARS:
        raise click.BadParameter(f"{value!r} is not between {YEARS[0]} and {YEARS[-1]}")
    return at.astimezone(UTC)


@click.group()
def silence() -> None:
    """Silences: alerts that match are not told for a time."""


@silence.command()
@click.argument("matchers", nargs=-1, required=True, type=TEXT)
@click.option("--for", "duration", type=DURATION, metavar="DURATION", help="How long, such as 2h.")
@click.option("--until", "ends_at", type=_time, metavar="TIME", help="Until when, such as 2026-11-29T08:00Z.")
@click.option("--from", "starts_at", type=_time, metavar="TIME", help="From when on; else from now on.")
@click.option("--comment", type=TEXT, required=True, metavar="TEXT", help="Why.")
@click.option("--by", "author", type=TEXT, default=account, metavar="NAME", help="Who; else your login name.")
@click.option(
    "--unmatched", "unmatched_for", type=DURATION, metavar="DURATION",
    help="End it when nothing has matched it for so long.",
)  # fmt: skip
@pass_context
def add(context: CommandContext, /, matchers: tuple[str, ...], **options: Any) -> None:
    """Silence alerts that match all MATCHERS, such as 'kind="drop.held"' 'service=~"12|13"'."""
    starts_at, ends_at = _span(
        context.now(), options.pop("starts_at"), options.pop("ends_at"), options.pop("duration")
    )
    try:
        parsed = tuple(matcher for text in matchers for matcher in parse_matchers(text))
    except BadInputError as error:
        raise click.UsageError(error.problem) from None
    new = NewSilence(parsed, starts_at=starts_at, ends_at=ends_at, **options)
    with context.database() as database, database.write() as tx:
        key = silences.add(tx, new, context.now())
        for warning in unmatched(tx, context.settings, parsed):
            click.echo(printable(f"refilld: {warning}"), err=True)
    click.echo(
        f"silence {key} until {minute(ends_at)} UTC: {text_of(parsed)}; refilld silence expire {key} ends it"
    )


def _span(
    now: datetime, starts_at: datetime | None, ends_at: datetime | None, duration: timedelta | None
) -> tuple[datetime, datetime]:
    """Beginning and end of a new silence."""
    begin = starts_at or now
    if ends_at is None and duration is not None:
        end = begin + duration
    elif ends_at is not None and duration is None:
        end = ends_at
    else:
        raise click.UsageError("say how long: either --for DURATION or --until TIME")
    if end <= max(begin, now):
        raise click.UsageError("it would be over already: it must end later than now and --from")
    return begin, end


@silence.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@list_options
@pass_context
def list_(context: CommandContext, *, limit: int, as_json: bool, wide: bool) -> None:
    """Show silences, newest first."""
    now = context.now()
    with context.database() as database, database.read() as tx:
        rows = [_fields(one, now) for one in silences.listed(tx, limit)]
    print_list(COLUMNS, rows, as_json=as_json, wide=wide)


@silence.command()
@click.argument("silence_id", metavar="ID", type=ROW_ID)
@pass_context
def expire(context: CommandContext, *, silence_id: int) -> None:
    """End a silence now; problems that still last are told within alerts.group_interval."""
    with context.database() as database, database.write() as tx:
        silences.expire(tx, silence_id, context.now())
    click.echo(f"silence {silence_id} has ended")


def _fields(one: Silence, now: datetime) -> dict[str, Any]:
    return {
        "silence_id": one.silence_id,
        "state": one.state(now),
        "matchers": text_of(one.matchers),
        "author": one.author,
        "comment": one.comment,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "unmatched_for": None if one.unmatched_for is None else one.unmatched_for.total_seconds(),
        "matched_at": one.matched_at,
        "expires_at": one.expires_at,
    }


COMMANDS = (silence,)
