"""`refilld report`: how the shop and the monitor stand, on one screen."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import click

from monitor.sources.budget import DAY
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import print_json
from refilld.cli.parameters import duration_between
from refilld.report.document import document
from refilld.report.figures import Report
from refilld.report.load import load
from refilld.report.markdown import render_markdown
from refilld.report.table import render_csv
from refilld.report.text import render_text

RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "text": render_text,
    "csv": render_csv,
    "markdown": render_markdown,
}
JSON = "json"


@click.command()
@click.option(
    "--since", "period", type=duration_between(timedelta(minutes=1), 365 * DAY), default="24h",
    show_default=True, metavar="DURATION", help="The period before now, for example 24h or 7d.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["text", JSON, "csv", "markdown"]), default="text",
    show_default=True, help="Text of 80 columns, one JSON object, a table for spreadsheets, or Markdown.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@pass_context
def report(context: CommandContext, *, period: timedelta, form: str, as_json: bool) -> None:
    """Show drops, what is owed and held, who waits, and whether the monitor works."""
    with context.database() as database, database.read() as tx:
        found = load(tx, context.settings, context.now(), period)
    if as_json or form == JSON:
        print_json(document(found))
    else:
        click.echo(RENDERERS[form](found), nl=False)


COMMANDS = (report,)
