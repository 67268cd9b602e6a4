"""The command `refilld`: its options, its subcommands, and the exit codes of errors."""

import logging
import sys
from pathlib import Path

import click

from monitor.errors import BadInputError, RefilldError
from refilld.cli import (
    alerts,
    backtest,
    check,
    daemon,
    database,
    demo,
    doctor,
    mass_drops,
    orders,
    refills,
    reviews,
    simulate,
    sources,
    terms,
    tokens,
)
from refilld.cli.context import CommandContext
from refilld.config import ConfigError
from refilld.logs import configure
from storage.errors import NotMigratedError, UnreachableError

FAILED, USAGE, UNREACHABLE = 1, 2, 3


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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


for group in (
    alerts,
    backtest,
    check,
    daemon,
    database,
    demo,
    doctor,
    mass_drops,
    orders,
    refills,
    reviews,
    simulate,
    sources,
    terms,
    tokens,
):
    for command in group.COMMANDS:
        refilld.add_command(command)


def main() -> None:
    """Run the command line; an expected error is printed in one line, and sets the exit code."""
    try:
        sys.exit(refilld.main(standalone_mode=False))  # click returns the code of an Exit, or None
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except RefilldError as error:
        click.echo(f"refilld: {error}", err=True)
        sys.exit(exit_code(error))


def exit_code(error: RefilldError) -> int:
    """3 when a service is not reachable, 2 for wrong usage, configuration or schema, else 1."""
    if isinstance(error, UnreachableError):
        return UNREACHABLE
    if isinstance(error, BadInputError | ConfigError | NotMigratedError):
        return USAGE
    return FAILED
