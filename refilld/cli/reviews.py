"""`refilld reviews`: orders for which a refund may be owed, for an operator to decide."""

from dataclasses import asdict
from typing import Any

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_below, print_list
from refilld.cli.parameters import ROW_ID, TEXT
from storage import reviews as review_rows
from storage.reviews import ReviewListing

COLUMNS = (
    Column("review_id"),
    Column("order_id"),
    Column("cause"),
    Column("units"),
    Column("share"),
    Column("currency"),
    Column("opened_at"),
    Column("customer", least=8),
    Column("refilled"),
    Column("price"),
    Column("link", least=12),
    Column("closed_at"),
    Column("note", least=12),
)


@click.group()
def reviews() -> None:
    """Refund reviews; refilld itself never refunds."""


@reviews.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed reviews, too.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@list_options
@pass_context
def list_(context: CommandContext, *, everything: bool, limit: int, as_json: bool, wide: bool) -> None:
    """Show reviews with the units, their share of the price, and the clause of the policy."""
    with context.database() as database, database.read() as tx:
        rows = [_fields(row) for row in review_rows.listed(tx, open_only=not everything, limit=limit)]
    print_list(COLUMNS, rows, as_json=as_json, wide=wide)
    if not as_json:
        for clause in sorted({str(row["clause"]) for row in rows}):
            print_below(f"the policy: {clause}")


@reviews.command()
@click.argument("review_id", metavar="ID", type=ROW_ID)
@click.option("--note", type=TEXT, default=None, help="What was done, such as: refunded 1.20 EUR.")
@pass_context
def close(context: CommandContext, review_id: int, note: str | None) -> None:
    """Close a review after a refund or a decision against one."""
    with context.database() as database, database.write() as tx:
        review_rows.close(tx, review_id, note or "", context.now())
    click.echo(f"review {review_id} is closed")


def _fields(row: ReviewListing) -> dict[str, Any]:
    return {**asdict(row), "clause": row.cause.clause}


COMMANDS = (reviews,)
