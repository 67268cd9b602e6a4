"""`refilld mass-drops`: listing mass drops, and releasing or discarding the refills held for one."""

from dataclasses import asdict
from functools import partial

import click

from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Reason
from monitor.model.target import Metric
from refilld.cli.confirm import confirm_options
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import choice
from refilld.cli.refill_bulk import act_on_found
from storage import held_refills
from storage.mass_drops import MassDropFilter, page
from storage.pages import first_rows
from storage.refill_selection import RefillFilter

COLUMNS = (
    Column("mass_drop_id", heading="id"),
    Column("metric"),
    Column("started_at"),
    Column("ended_at"),
    Column("judged"),
    Column("fallen"),
    Column("held"),
)
_metric = click.argument("metric", type=choice(Metric))


@click.group("mass-drops")
def mass_drops() -> None:
    """Mass drops, and the refills held for them."""


@mass_drops.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@list_options
@pass_context
def list_(context: CommandContext, *, limit: int, as_json: bool, wide: bool) -> None:
    """Show mass drops, newest first, with the number of refills of the metric that are held now."""
    with context.database() as database, database.read() as tx:
        held = {metric: len(held_refills.held_for_mass_drop(tx, metric)) for metric in Metric}
        found = first_rows(partial(page, tx, MassDropFilter()), limit)
        rows = [{**asdict(row), "held": held[row.metric]} for row in found]
    print_list(COLUMNS, rows, as_json=as_json, wide=wide)


@mass_drops.command()
@_metric
@confirm_options
@pass_context
def release(context: CommandContext, metric: str, *, yes: bool, dry_run: bool) -> None:
    """Release all refills held for a mass drop; those whose drop has recovered are discarded."""
    act_on_found(context, BulkAction.RELEASE, _held_for(metric), yes=yes, dry_run=dry_run)


@mass_drops.command()
@_metric
@confirm_options
@pass_context
def discard(context: CommandContext, metric: str, *, yes: bool, dry_run: bool) -> None:
    """Discard all refills held for a mass drop; their drops are not decided again until they recover."""
    act_on_found(context, BulkAction.DISCARD, _held_for(metric), yes=yes, dry_run=dry_run)


def _held_for(metric: str) -> RefillFilter:
    return RefillFilter(reason=Reason.MASS_DROP, metric=Metric(metric))


COMMANDS = (mass_drops,)
