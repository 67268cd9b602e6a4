"""`refilld orders correct`: correct the start count of an order."""

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import cell, json_option, print_json
from refilld.cli.parameters import TEXT
from refilld.orders_file.numbers import MOST_COUNT
from refilld.services.order_correction import CorrectionResult, correct_start_count, decisions_before
from refilld.terminal import printable


@click.command()
@click.argument("order_id", metavar="ID", type=TEXT)
@click.option(
    "--start-count",
    type=click.IntRange(0, MOST_COUNT),
    required=True,
    help="The count of the target before the delivery.",
)
@click.option("--comment", type=TEXT, required=True, metavar="TEXT", help="Why, for the audit trail.")
@json_option
@pass_context
def correct(context: CommandContext, order_id: str, *, start_count: int, comment: str, as_json: bool) -> None:
    """Correct the start count of an order; a look is due at once, and `orders show` tells it."""
    with context.database() as database, database.write() as tx:
        result = correct_start_count(tx, order_id, start_count, comment, context.now())
    if as_json:
        print_json(result.facts())
        return
    for line in _lines(result):
        click.echo(line)


def _lines(result: CorrectionResult) -> list[str]:
    name = f"order {printable(result.order_id)}"
    if not result.changed:
        return [f"{name}: the start count is {result.after} already"]
    lines = [f"{name}: start count {cell(result.before)} -> {result.after}"]
    if result.decisions:
        lines.append(decisions_before(result.decisions))
    if result.open_refills:
        ids = " ".join(map(str, result.open_refills))
        lines.append(f"its open refill stays as it is; if it is wrong: refilld refills cancel {ids}")
    return lines
