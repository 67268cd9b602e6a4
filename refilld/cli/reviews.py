"""`refilld reviews`: what a person must weigh, because the policy may owe a refund."""

from typing import Any

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_rows
from refilld.cli.parameters import ROW_ID, TEXT
from refilld.terminal import console
from storage import reviews as kept
from storage.column_types import AnyRow

COLUMNS = (
    "review_id", "order_id", "cause", "units", "share", "currency", "price", "refilled", "customer", "link",
    "opened_at", "closed_at", "note",
)  # fmt: skip


@click.group()
def reviews() -> None:
    """Refund reviews: the program only asks, it never refunds."""


@reviews.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed reviews, too.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
@pass_context
def list_(context: CommandContext, *, everything: bool, limit: int, as_json: bool) -> None:
    """Show reviews with the units, their share of the price, and the clause of the policy."""
    with context.database() as database, database.read() as tx:
        rows = [_facts(row) for row in kept.listed(tx, open_only=not everything, limit=limit)]
    print_rows(COLUMNS, rows, as_json=as_json)
    if not as_json:
        for clause in sorted({str(row["clause"]) for row in rows}):
            console().print(f"\nthe policy: {clause}", markup=False, soft_wrap=True)


@reviews.command()
@click.argument("review_id", metavar="ID", type=ROW_ID)
@click.option("--note", type=TEXT, default=None, help="What was done, such as: refunded 1.20 EUR.")
@pass_context
def close(context: CommandContext, review_id: int, note: str | None) -> None:
    """Close a review, once you have refunded or decided not to."""
    with context.database() as database, database.write() as tx:
        kept.close(tx, review_id, note or "", context.now())
    click.echo(f"review {review_id} is closed")


def _facts(row: AnyRow) -> dict[str, Any]:
    return {**row._asdict(), "clause": row.cause.clause}


COMMANDS = (reviews,)
