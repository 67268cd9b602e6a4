"""`refilld orders`: importing, listing and flagging orders, and the timeline of one order."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.errors import BadInputError
from monitor.model.link import parse_link
from monitor.model.order import Flag, OrderStatus
from monitor.model.service import Services
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.derived_terms import DerivedTerms
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.output import json_option, print_json
from refilld.cli.parameters import TEXT
from refilld.cli.reterm import reterm
from refilld.cli.timeline import print_timeline
from refilld.orders_file import OrdersFile, ParsedRow, Refused, RejectsFile, parse_rows
from refilld.services.look_obstacle import enabled_sources
from refilld.services.order_import import ImportCounts, ImportListeners, import_orders, try_orders
from refilld.terminal import printable
from refilld.timeline.facts import order_facts
from refilld.timeline.load import load
from storage import flags
from storage import orders as order_rows
from storage.orders import ImportResult

LISTED = (
    Column("order_id"),
    Column("status"),
    Column("link", least=14),
    Column("metric"),
    Column("quantity"),
    Column("completed_at"),
    Column("service", least=12),
    Column("remains"),
    Column("start_count"),
    Column("provider", least=8),
    Column("customer", least=8),
)


@click.group()
def orders() -> None:
    """Orders: import, list, flags and timeline."""


@orders.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map", "pairs", multiple=True, metavar="COL=FIELD", help="What a column means; may be repeated."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where refused rows go, as CSV."
)
@json_option
@pass_context
def import_(
    context: CommandContext,
    path: Path,
    *,
    pairs: tuple[str, ...],
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Add and update orders from a CSV or JSON Lines file; refused rows are printed with line and reason."""
    if rejects is not None and rejects.exists() and rejects.samefile(path):
        raise click.BadParameter("would overwrite FILE", param_hint="--rejects")
    settings, now = context.settings, context.now()
    services = Services(settings.all_services)
    derived = DerivedTerms(services, enabled=settings.service_names.derive_terms)
    with ExitStack() as stack:
        database = stack.enter_context(context.database())
        file = stack.enter_context(_opened(path, _mapping(pairs)))
        rejects_file = stack.enter_context(RejectsFile(rejects)) if rejects else None
        rows = parse_rows(file, services=services, terms=settings.all_terms, now=now)
        state = stack.enter_context(_progress(file, rows))

        def refuse(row: Refused) -> None:
            click.echo(row.described(path.name), err=True)
            if rejects_file is not None and rejects is not None:
                with _file_errors(rejects):
                    rejects_file.write(row)

        with _file_errors(path):
            listeners = ImportListeners(refuse, derived.add)
            tally = (try_orders if dry_run else import_orders)(database, state, now, listeners)
        _print_ignored(file.ignored)
        _print_totals(tally, derived, dry_run=dry_run, as_json=as_json)
    if tally[ImportResult.REFUSED]:
        raise click.exceptions.Exit(1)


@orders.command("list")
@click.option("--status", type=click.Choice([str(s) for s in OrderStatus], case_sensitive=False))
@click.option("--link", help="Any spelling of the profile or post.")
@click.option("--service", type=TEXT, help="Only of this service, as imported.")
@click.option("--provider", type=TEXT, help="Only of this provider.")
@click.option("--customer", type=TEXT, help="Only of this customer.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@list_options
@pass_context
def list_(
    context: CommandContext,
    /,
    *,
    status: str | None,
    link: str | None,
    limit: int,
    as_json: bool,
    wide: bool,
    **sold: str | None,
) -> None:
    """Show orders, newest completion first."""
    wanted = OrderStatus(status) if status else None
    url = parse_link(link).link.url if link else None
    with context.database() as database, database.read() as tx:
        rows = [
            order_facts(row) for row in order_rows.listed(tx, status=wanted, link=url, limit=limit, sold=sold)
        ]
    print_list(LISTED, rows, as_json=as_json, wide=wide)


@orders.command()
@click.argument("order_id", metavar="ID", type=TEXT)
@json_option
@pass_context
def show(context: CommandContext, order_id: str, *, as_json: bool) -> None:
    """Print one order's timeline: lines, looks, drops, decisions with their reasons, refills."""
    with context.database() as database, database.read() as tx:
        timeline = load(tx, order_id, context.now(), enabled_sources(context.settings))
    print_timeline(timeline, context.texts.of(), as_json=as_json)


@orders.command()
@click.argument("order_id", metavar="ID", type=TEXT)
@click.argument("flag", type=click.Choice([str(f) for f in Flag]))
@pass_context
def flag(context: CommandContext, order_id: str, flag: str) -> None:
    """Suspend (hold) or void (all others) an order's guarantee."""
    with context.database() as database, database.write() as tx:
        new = flags.set_flag(tx, order_id, Flag(flag), context.now())
    click.echo(f"order {order_id} {'is' if new else 'was already'} flagged {flag}")


@orders.command()
@click.argument("order_id", metavar="ID", type=TEXT)
@click.argument("flag", type=click.Choice([str(f) for f in Flag]))
@pass_context
def unflag(context: CommandContext, order_id: str, flag: str) -> None:
    """Lift a flag; a look is due at once."""
    with context.database() as database, database.write() as tx:
        gone = flags.lift_flag(tx, order_id, Flag(flag), context.now())
    click.echo(f"order {order_id} {'is no longer' if gone else 'was not'} flagged {flag}")


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not equals or not column:
            raise click.BadParameter(f"{pair!r} is not COL=FIELD", param_hint="--map")
        mapping[column] = field
    return mapping


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Turn an error of the whole file into a one-line message and a usage error."""
    try:
        yield
    except BadInputError as error:
        raise click.ClickException(f"{path}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None


@contextmanager
def _opened(path: Path, mapping: dict[str, str]) -> Iterator[OrdersFile]:
    with _file_errors(path):
        file = OrdersFile(path, mapping)
    with file:
        yield file


@contextmanager
def _progress(file: OrdersFile, rows: Iterator[ParsedRow]) -> Iterator[Iterator[ParsedRow]]:
    """Show a progress bar while the rows are read, if standard error is a terminal."""
    columns = (TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("importing", total=file.size)

        def advancing() -> Iterator[ParsedRow]:
            for row in rows:
                bar.update(task, completed=file.position)
                yield row

        yield advancing()


def _print_ignored(ignored: tuple[str, ...]) -> None:
    if ignored:
        click.echo(
            f"columns that mean nothing here: {printable(', '.join(ignored))};"
            " --map COL=FIELD gives one a meaning",
            err=True,
        )


def _print_totals(tally: ImportCounts, derived: DerivedTerms, *, dry_run: bool, as_json: bool) -> None:
    counts = {str(result): tally[result] for result in ImportResult}
    if as_json:
        print_json(counts | {"dry_run": dry_run} | derived.facts())
        return
    totals = ", ".join(f"{number:,} {result}" for result, number in counts.items())
    click.echo(f"{'would be: ' if dry_run else ''}{totals}")
    for line in derived.lines():
        click.echo(line)


orders.add_command(reterm)

COMMANDS = (orders,)
