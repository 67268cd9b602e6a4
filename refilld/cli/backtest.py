"""`refilld backtest`: recorded events through the real rules, without a database."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import click

from monitor.errors import BadInputError
from refilld.atomic_file import atomic_file, cannot_be_written
from refilld.backtest.comparison import COLUMNS
from refilld.backtest.run import Replay
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_rows
from refilld.config import PLACES, load, named_place
from refilld.terminal import printable

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("orders", metavar="ORDERS", type=_FILE)
@click.argument("events", metavar="EVENTS", type=_FILE)
@click.option("--config", type=click.Path(path_type=Path), help="The terms to replay under.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the decisions go; else to standard output, and with --compare nowhere.",
)
@click.option(
    "--compare", "other", metavar="OTHER.toml", type=_FILE, help="Other terms: what would they have cost?"
)
@json_option
@pass_context
def backtest(
    context: CommandContext,
    *,
    orders: Path,
    events: Path,
    config: Path | None,
    output: Path | None,
    other: Path | None,
    as_json: bool,
) -> None:
    """Replay the recorded EVENTS over ORDERS through the real rules; nothing is written to a database.

    Prints each decision as a line of JSON, or with --compare a table of what both sets of terms cost.
    The last line on standard error sums it up.
    """
    context.config = config or context.config
    _refuse_to_overwrite(output, [orders, events, other, named_place(context.config), *map(Path, PLACES)])
    under = [context.settings, *([load(other)] if other else [])]
    with _decisions(output, wanted=other is None) as write:
        replay = Replay(under, write, _complain)
        _run(replay, orders, events, context)
    if other is not None:
        print_rows(COLUMNS, replay.comparison(), as_json=as_json)
    summary = replay.summary()
    sys.stdout.flush()
    click.echo(summary.as_json(), err=True)
    if not summary.clean:
        raise click.exceptions.Exit(1)


def _run(replay: Replay, orders: Path, events: Path, context: CommandContext) -> None:
    """Replay; a fault of a file as a whole is one clear line and a wrong usage."""
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
        raise click.BadParameter("would overwrite a file that is read", param_hint="--output")


def _complain(problem: str) -> None:
    click.echo(problem, err=True)


@contextmanager
def _decisions(output: Path | None, *, wanted: bool) -> Iterator[Callable[[str], object]]:
    """Where decisions go: to a file, to standard output where they are wanted there, or nowhere."""
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
