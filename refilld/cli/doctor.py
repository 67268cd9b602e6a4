"""`refilld doctor`: checks the installation, and prints findings with remedies."""

from collections.abc import Sequence

import click
from rich.table import Table
from rich.text import Text

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_json
from refilld.doctor.database import REACHABLE
from refilld.doctor.finding import Finding, FindingLevel, summary
from refilld.doctor.runner import run_checks
from refilld.terminal import console, printable

FAILED, UNREACHABLE = 1, 3
_STYLES = {FindingLevel.OK: "green", FindingLevel.WARNING: "yellow", FindingLevel.ERROR: "bold red"}


@click.command()
@click.option("--send-test-alert", is_flag=True, help="Send a message to every alert channel.")
@json_option
@pass_context
def doctor(context: CommandContext, *, send_test_alert: bool, as_json: bool) -> None:
    """Check the installation, and say what to do; exits with 1 when something is wrong."""
    found = []
    for finding in run_checks(
        context.config, context.settings, context.now(), send_test_alert=send_test_alert
    ):
        found.append(finding)
        if as_json:
            print_json(_row(finding))
    if as_json:
        print_json(_row(summary(found)))
    else:
        _print(found)
        click.echo(printable(summary(found).says))
    raise click.exceptions.Exit(_code(found))


def _row(one: Finding) -> dict[str, object]:
    return {
        "level": one.level, "id": one.check, "about": one.about or None, "says": one.says,
        "hint": one.hint or None,
    }  # fmt: skip


def _print(found: Sequence[Finding]) -> None:
    table = Table("level", "id", "finding", box=None, pad_edge=False, header_style="bold")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for one in found:
        table.add_row(Text(one.level, _STYLES[one.level]), one.check, Text(printable(one.says)))
        if one.hint:
            table.add_row("", "", Text(f"→ {printable(one.hint)}", "italic"))
    console().print(table)


def _code(found: Sequence[Finding]) -> int:
    """3 when the database is not reachable, 1 for any other error, else 0."""
    wrong = {one.check for one in found if one.level is FindingLevel.ERROR}
    if REACHABLE in wrong:
        return UNREACHABLE
    return FAILED if wrong else 0


COMMANDS = (doctor,)
