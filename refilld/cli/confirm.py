"""The question before a command acts on several things: a preview, then yes or no."""

import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class NotConfirmedError(click.ClickException):
    """Nobody can be asked: there is no terminal, and --yes is not given."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("nothing is changed: no terminal to ask on; --yes answers, --dry-run only shows")


def confirm_options(command: F) -> F:
    """Add the options `--yes` and `--dry-run`."""
    yes = click.option("--yes", is_flag=True, help="Do not ask.")
    return yes(click.option("--dry-run", is_flag=True, help="Only show what would happen.")(command))


def has_terminal() -> bool:
    return sys.stdin.isatty()


def confirmed(preview: Iterable[str], question: str, *, yes: bool, dry_run: bool) -> bool:
    """Print the preview and ask; False for a dry run.

    The preview of a dry run is its result. Otherwise it is printed on standard error, so that standard output
    has only the results. Raises NotConfirmedError without a terminal, and Exit(1) after a no.
    """
    for line in preview:
        click.echo(line, err=not dry_run)
    if dry_run:
        return False
    if yes:
        return True
    if not has_terminal():
        raise NotConfirmedError
    if not click.confirm(question, err=True):
        click.echo("nothing is changed", err=True)
        raise click.exceptions.Exit(1)
    return True
