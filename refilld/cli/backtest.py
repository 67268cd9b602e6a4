"""`refilld backtest`: replays recorded events through the rules, without a database."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import click

from monitor.errors import BadInputError
from refilld.atomic_file import atomic_file, cannot_be_written
from refilld.backtest.run import Replay
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.config import PLACES, load, named_place
from refilld.terminal import printable

COLUMNS = (
    Column("service", least=8),
    Column("provider", least=8),
    Column("currency"),
    Column("price"),
    Column("other_price"),
    Column("more_price"),
    Column("more_units"),
    Column("more_refills"),
    Column("units"),
    Column("other_units"),
    Column("refills"),
    Column("other_refills"),
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("orders", metavar="ORDERS", type=_FILE)
@click.argument("events", metavar="EVENTS", type=_FILE)
@click.option("--config", type=click.Path(path_type=Path), help="The terms to replay under.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the decisions; the default is standard output, or nowhere with --compare.",
)
@click.option(
    "--compare",
    "other",
    metavar="OTHER.toml",
    type=_FILE,
    help="Another configuration, to compare its costs.",
)
@list_options
@pass_context
def backtest(
    context: CommandContext,
    /,
    *,
    orders: Path,
    events: Path,
    config: Path | None,
    output: Path | None,
    other: Path | None,
    **shown: bool,
) -> None:
    """Replay recorded EVENTS over ORDERS through the rules; nothing is written to a database.

    Prints each decision as a line of JSON, or with --compare a table of the costs under both
    configurations. The last line on standard error is a summary.
    """
    context.config = config or context.config
    _refuse_to_overwrite(output, [orders, events, other, named_place(context.config), *map(Path, PLACES)])
    configurations = [context.settings, *([load(other)] if other else [])]
    with _decisions(output, wanted=other is None) as write:
        replay = Replay(configurations, write, _print_problem)
        _run(replay, orders, events, context)
    if other is not None:
        print_list(COLUMNS, replay.comparison(), **shown)
    summary = replay.summary()
    sys.stdout.flush()
    click.echo(summary.as_json(), err=True)
    if not summary.clean:
        raise click.exceptions.Exit(1)


def _run(replay: Replay, orders: Path, events: Path, context: CommandContext) -> None:
    """Replay; turn a fault of a whole file into a ClickException with one line."""
    try:
        replay.run(orders, events, context.now())
    except BadInputError as error:
        raise click.ClickException(f"{printable(str(orders))}: {error}") from None
    except OSError as error:
        name = printable(str(error.filename or "reading"))
        raise click.ClickException(f"{name}: {error.strerror or error}") from None


def _refuse_to_overwrite(output: Path | None, inputs: list[Path | None]) -> None:
    if output is None:
        return
    with cannot_be_written(str(output)):
        if not output.exists():
            return
    if any(path is not None and path.exists() and output.samefile(path) for path in inputs):
        raise click.BadParameter("would overwrite an input file", param_hint="--output")


def _print_problem(problem: str) -> None:
    click.echo(problem, err=True)


@contextmanager
def _decisions(output: Path | None, *, wanted: bool) -> Iterator[Callable[[str], object]]:
    """A function that writes a decision: to the file, to standard output if wanted there, or nowhere."""
    if output is not None:
        with atomic_file(output) as file:
            yield partial(_write, file, str(output))
    elif wanted:
        yield partial(_write, sys.stdout, "standard output")
        with cannot_be_written("standard output"):
            sys.stdout.flush()
    else:
        yield lambda _line: None


def _write(file: IO[str], name: str, line: str) -> None:
    with cannot_be_written(name):
        file.write(f"{line}\n")


COMMANDS = (backtest,)
