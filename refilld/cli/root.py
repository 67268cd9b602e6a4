"""The command `refilld`: its options, its subcommands, and the exit codes of errors."""

import errno
import logging
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from monitor.errors import BadInputError, RefilldError
from refilld.cli.account import account
from refilld.cli.context import CommandContext
from refilld.config import ConfigError
from refilld.extras import install_command
from refilld.logs import configure
from storage.actor import Actor, acting
from storage.errors import MissingDriverError, NotMigratedError, UnreachableError

FAILED, USAGE, UNREACHABLE = 1, 2, 3
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""Errors of a disk to which standard output is redirected."""


MODULES = {
    "alerts": "alerts",
    "answers": "answers",
    "audit": "audit",
    "backlog": "held",
    "backtest": "backtest",
    "check": "check",
    "daemons": "daemons",
    "db": "database",
    "demo": "demo",
    "doctor": "doctor",
    "drops": "alerts",
    "init": "init",
    "mass-drops": "mass_drops",
    "orders": "orders",
    "queue": "queue",
    "refills": "refills",
    "report": "report",
    "retention": "retention",
    "reviews": "reviews",
    "run": "daemon",
    "search": "search",
    "serve": "daemon",
    "shadow": "held",
    "silence": "silence",
    "simulate": "simulate",
    "sources": "sources",
    "terms": "terms",
    "token": "tokens",
    "user": "users",
    "webhooks": "webhooks",
}
"""The module of `refilld.cli` that has each command."""


class LazyGroup(click.Group):
    """Imports the module of a command when the command is used: together they take most of a start's time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*MODULES, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, its module imported; None when there is none of this name."""
        if cmd_name in MODULES and cmd_name not in self.commands:
            for command in import_module(f"refilld.cli.{MODULES[cmd_name]}").COMMANDS:
                self.add_command(command)
        return super().get_command(ctx, cmd_name)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="refilld", prog_name="refilld")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The configuration file; else $REFILLD_CONFIG, ./refilld.toml, /etc/refilld/config.toml.",
)
@click.pass_context
def refilld(context: click.Context, config: Path | None) -> None:
    """Watch delivered orders, find drops, and queue the refills that the guarantee owes."""
    configure(level=logging.WARNING)  # commands print their results; only the daemon logs more
    if context.obj is None:
        context.obj = CommandContext(config)


def main() -> None:
    """Run the command line; an expected error is printed in one line, and sets the exit code."""
    try:
        with acting(Actor(f"cli {account()}")):
            sys.exit(refilld.main(standalone_mode=False))  # click returns the code of an Exit, or None
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        _abandon_output()
        click.echo(f"refilld: the output cannot be written: {error.strerror}", err=True)
        sys.exit(UNREACHABLE)
    except RefilldError as error:
        click.echo(f"refilld: {error}{_remedy(error)}", err=True)
        sys.exit(exit_code(error))


def _abandon_output() -> None:
    """Redirect standard output, so that the interpreter does not fail again when it flushes it at the end."""
    with suppress(OSError, ValueError):  # standard output may be no file, in a test
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def _remedy(error: RefilldError) -> str:
    """The command that installs a missing driver; empty for other errors, whose message has the remedy."""
    return f"; run: {install_command(error.extra)}" if isinstance(error, MissingDriverError) else ""


def exit_code(error: RefilldError) -> int:
    """3 when a service is not reachable, 2 for wrong usage, configuration or schema, else 1."""
    if isinstance(error, UnreachableError):
        return UNREACHABLE
    if isinstance(error, BadInputError | ConfigError | NotMigratedError):
        return USAGE
    return FAILED
