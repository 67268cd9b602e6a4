"""`refilld reviews`: orders for which a refund may be owed, for an operator to decide."""

from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

import click

from monitor.guarantee.refund_review import ReviewCause
from monitor.model.number_words import counted
from monitor.model.sums import sum_words
from refilld.cli.confirm import confirm_options, confirmed
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.filters import filter_fields, order_options, period_options
from refilld.cli.lists import Column, list_options, print_below, print_list
from refilld.cli.parameters import ROW_ID, TEXT, choice
from refilld.cli.preview import group_lines, left_out_lines
from refilld.cli.progress import with_progress
from refilld.services.review_bulk import ReviewPlan, close_all, plan_found, plan_named
from refilld.terminal import printable
from storage import review_list
from storage import reviews as review_rows
from storage.engine import Database
from storage.pages import first_rows
from storage.reviews import ReviewFilter, ReviewListing, ReviewState

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


_CAUSE = click.option("--cause", type=choice(ReviewCause), help="Only opened for this cause.")


@click.group()
def reviews() -> None:
    """Refund reviews; refilld itself never refunds."""


@reviews.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed reviews, too.")
@_CAUSE
@order_options
@period_options
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@list_options
@pass_context
def list_(
    context: CommandContext,
    /,
    *,
    everything: bool,
    limit: int,
    as_json: bool,
    wide: bool,
    **filters: Any,
) -> None:
    """Show reviews with the units, their share of the price, and the clause of the policy."""
    wanted = _filter_of(context.now(), **filters)
    if not everything:
        wanted = replace(wanted, state=ReviewState.OPEN)
    with context.database() as database, database.read() as tx:
        rows = [_fields(row) for row in first_rows(partial(review_list.page, tx, wanted), limit)]
    print_list(COLUMNS, rows, as_json=as_json, wide=wide)
    if not as_json:
        for clause in sorted({str(row["clause"]) for row in rows}):
            print_below(f"the policy: {clause}")


@reviews.command(short_help="Close reviews after a refund or a decision against one.")
@click.argument("review_ids", metavar="[ID]...", nargs=-1, type=ROW_ID)
@click.option("--note", type=TEXT, default=None, help="What was done, such as: refunded 1.20 EUR.")
@_CAUSE
@order_options
@period_options
@confirm_options
@pass_context
def close(
    context: CommandContext,
    /,
    *,
    review_ids: tuple[int, ...],
    note: str | None,
    yes: bool,
    dry_run: bool,
    **filters: Any,
) -> None:
    """Close reviews after a refund or a decision against one.

    One ID is closed at once; several, or those of a filter, are shown first, and you are asked.
    """
    chosen = {name: value for name, value in filters.items() if value is not None}
    if bool(review_ids) == bool(chosen):
        raise click.UsageError("say which reviews: either IDs, or a filter such as --cause short_delivery")
    with context.database() as database:
        if len(review_ids) == 1 and not dry_run:
            with database.write() as tx:
                review_rows.close(tx, review_ids[0], note or "", context.now())
            click.echo(f"review {review_ids[0]} is closed")
            return
        with database.read() as tx:
            plan = (
                plan_named(tx, review_ids)
                if review_ids
                else plan_found(tx, _filter_of(context.now(), **chosen))
            )
        _close_all(context, database, plan, note or "", yes=yes, dry_run=dry_run)


def _filter_of(now: datetime, cause: str | None = None, **filters: Any) -> ReviewFilter:
    wanted = None if cause is None else ReviewCause(cause)
    return ReviewFilter(cause=wanted, **filter_fields(now, **filters))


def _close_all(
    context: CommandContext, database: Database, plan: ReviewPlan, note: str, *, yes: bool, dry_run: bool
) -> None:
    number, refused = len(plan.planned), len(plan.left_out)
    yes = yes or not number
    if confirmed(_preview(plan), f"close {counted(number, 'review')}?", yes=yes, dry_run=dry_run):
        errors = []
        for error in with_progress(close_all(database, plan, note, context.clock), number, "closing"):
            if error is not None:
                errors.append(error)
                click.echo(f"refilld: {error}", err=True)
        refused += len(errors)
        done = f"{counted(number - len(errors), 'review')} closed"
        click.echo(f"{done}, {refused:,} refused" if refused else done)
    if refused:
        raise click.exceptions.Exit(1)


def _preview(plan: ReviewPlan) -> list[str]:
    lines = [printable(f"closes {sum_words(plan.all, 'review')}")]
    lines += group_lines("cause", plan.by_cause, "review")
    lines += group_lines("provider", plan.by_provider, "review")
    return lines + left_out_lines(plan.left_out, "review")


def _fields(row: ReviewListing) -> dict[str, Any]:
    return {**asdict(row), "clause": row.cause.clause}


COMMANDS = (reviews,)
