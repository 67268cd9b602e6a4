"""`refilld orders import`: add and update orders from a file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.errors import BadInputError
from monitor.model.number_words import counted
from monitor.model.order import Order
from monitor.model.service import Services
from refilld.cli.backlog_hint import BacklogHint
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.derived_terms import DerivedTerms
from refilld.cli.import_remedies import ImportRemedies
from refilld.cli.output import json_option, print_json
from refilld.orders_file import (
    Conventions,
    Notes,
    OrdersFile,
    ParsedRow,
    Refused,
    RejectsFile,
    conventions_of,
    parse_rows,
    without_conflicts,
)
from refilld.orders_file.input_file import STANDARD_INPUT, is_input
from refilld.services.order_import import (
    ImportCounts,
    ImportListeners,
    import_backlog,
    import_orders,
    try_orders,
)
from refilld.terminal import printable
from refilld.time_format import checked_date_format, zone_named
from storage.orders import ImportResult

T = TypeVar("T")
_ONLY_IF_ANY = {ImportResult.IGNORED, ImportResult.FORGOTTEN}
"""Results that are printed only if a row had them."""
_BAR_STEP = 256
"""Rows between two updates of the progress bar."""


def _zone(text: str) -> tzinfo:
    return _parameter(text, zone_named)


def _date_format(text: str) -> str:
    return _parameter(text, checked_date_format)


def _parameter(text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except BadInputError as error:
        raise click.BadParameter(error.problem) from None


@click.command("import")
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="COL=FIELD",
    help="What a column means, or COL= to leave it out; may be repeated.",
)
@click.option(
    "--timezone", "zone", type=_zone, metavar="ZONE", help="Zone of times without one, like Europe/Berlin."
)
@click.option(
    "--date-format", type=_date_format, metavar="FORMAT", help="How times are written, like '%d.%m.%Y %H:%M'."
)
@click.option(
    "--backlog",
    is_flag=True,
    help="Hold the refills of drops that exist already, and tell them in one alert.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused rows go, with line and reason, to be mended and imported again.",
)
@json_option
@pass_context
def import_(  # noqa: PLR0913  (a parameter for each option)
    context: CommandContext,
    path: Path,
    *,
    pairs: tuple[str, ...],
    zone: tzinfo | None,
    date_format: str | None,
    backlog: bool,
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Add and update orders from a CSV or JSON Lines file, or from standard input (-).

    Refused rows are printed with line and reason.
    """
    if rejects is not None and is_input(path, rejects):
        raise click.BadParameter("would overwrite FILE", param_hint="--rejects")
    conventions = conventions_of(context.settings.orders, zone=zone, date_format=date_format)
    run = ImportRun(context, path, conventions, rejects, backlog=backlog)
    counts = run.import_rows(_mapping(pairs), dry_run=dry_run)
    run.print_report(counts, dry_run=dry_run, as_json=as_json)
    if counts[ImportResult.REFUSED]:
        raise click.exceptions.Exit(1)


class ImportRun:
    """One import, with what is to be reported of it."""

    def __init__(
        self,
        context: CommandContext,
        path: Path,
        conventions: Conventions,
        rejects: Path | None,
        *,
        backlog: bool = False,
    ) -> None:
        settings = context.settings
        self._context = context
        self._path = path
        self._name = "standard input" if path == STANDARD_INPUT else path.name
        self._conventions = conventions
        self._rejects = rejects
        self._services = Services(settings.all_services)
        self._notes = Notes()
        self._remedies = ImportRemedies(self._services, has_statuses=bool(settings.orders.statuses))
        self._derived = DerivedTerms(self._services, settings.all_terms)
        self._ignored_columns: tuple[str, ...] = ()
        self._backlog = backlog
        self._hint = BacklogHint(context.now())
        self._in_backlog: int | None = None

    def import_rows(self, mapping: dict[str, str], *, dry_run: bool) -> ImportCounts:
        settings, now = self._context.settings, self._context.now()
        with ExitStack() as stack:
            database = stack.enter_context(self._context.database())
            file = stack.enter_context(_opened(self._path, mapping, self._conventions))
            refuse = stack.enter_context(self._refusing(file))
            parsed = parse_rows(
                without_conflicts(file),
                services=self._services,
                terms=settings.all_terms,
                now=now,
                conventions=self._conventions,
                notes=self._notes,
            )
            rows = stack.enter_context(_progress(file, parsed))
            listeners = ImportListeners(refuse, self._added)
            with _file_errors(self._path):
                if self._backlog and not dry_run:
                    counts, self._in_backlog = import_backlog(database, rows, now, listeners)
                else:
                    counts = (try_orders if dry_run else import_orders)(database, rows, now, listeners)
            self._ignored_columns = file.ignored
        return counts

    def _added(self, order: Order) -> None:
        self._derived.add(order)
        self._hint.add(order)

    @contextmanager
    def _refusing(self, file: OrdersFile) -> Iterator[Callable[[Refused], None]]:
        """A function that tells of a refused row, or counts it for a common line, and rejects it."""
        with ExitStack() as stack:
            rejects = self._rejects
            out = stack.enter_context(RejectsFile(rejects, file.layout)) if rejects else None

            def refuse(row: Refused) -> None:
                if not self._remedies.add(row):
                    click.echo(row.described(self._name), err=True)
                if out is not None and rejects is not None:
                    with _file_errors(rejects):
                        out.write(row)

            yield refuse

    def print_report(self, counts: ImportCounts, *, dry_run: bool, as_json: bool) -> None:
        if forgotten := counts[ImportResult.FORGOTTEN]:
            rows = f"{counted(forgotten, 'row')} of orders whose customer was forgotten"
            click.echo(f"{self._name}: {rows}: skipped", err=True)
        for line in self._remedies.lines():
            click.echo(f"{self._name}: {line}", err=True)
        for line in self._notes.lines():
            click.echo(f"{self._name}: {line}", err=True)
        if self._ignored_columns:
            click.echo(
                f"columns that mean nothing here: {printable(', '.join(self._ignored_columns))};"
                " --map COL=FIELD gives one a meaning",
                err=True,
            )
        for line in self._remedies.toml():
            click.echo(line, err=True)
        self._print_counts(counts, dry_run=dry_run, as_json=as_json)

    def _print_counts(self, counts: ImportCounts, *, dry_run: bool, as_json: bool) -> None:
        numbers = {str(result): counts[result] for result in ImportResult}
        if as_json:
            more = {
                "dry_run": dry_run,
                "notes": list(self._notes.lines()),
                "remedies": self._remedies.facts(),
            }
            if self._in_backlog is not None:
                more["in_backlog"] = self._in_backlog
            print_json(numbers | more | self._derived.facts())
            return
        shown = {name: number for name, number in numbers.items() if number or name not in _ONLY_IF_ANY}
        totals = ", ".join(f"{number:,} {name}" for name, number in shown.items())
        click.echo(f"{'would be: ' if dry_run else ''}{totals}")
        for line in self._derived.lines():
            click.echo(line)
        hint = None if self._backlog else self._hint.line()
        if hint is not None:
            click.echo(f"{self._name}: {hint}", err=True)
        if self._in_backlog is not None:
            click.echo(
                f"{counted(self._in_backlog, 'order')} in the backlog; one alert tells of their drops "
                "when all are judged"
            )


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
def _opened(path: Path, mapping: dict[str, str], conventions: Conventions) -> Iterator[OrdersFile]:
    with _file_errors(path):
        file = OrdersFile(path, mapping, conventions.columns)
    with file:
        yield file


@contextmanager
def _progress(file: OrdersFile, rows: Iterator[ParsedRow]) -> Iterator[Iterator[ParsedRow]]:
    """Show a progress bar while the rows are read, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield rows
        return
    columns = (TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("importing", total=file.size)

        def advancing() -> Iterator[ParsedRow]:
            for number, row in enumerate(rows):
                if number % _BAR_STEP == 0:
                    bar.update(task, completed=file.position)
                yield row
            bar.update(task, completed=file.size)

        yield advancing()
