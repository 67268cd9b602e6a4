"""Acting on several refills at the prompt: preview, question, progress, results."""

from collections.abc import Callable, Iterator

import click

from monitor.guarantee.queue_rules import QueueRules
from monitor.model.bulk_action import BulkAction
from monitor.model.number_words import counted
from monitor.model.refill import RefillState
from monitor.model.sums import sum_words
from refilld.cli.confirm import confirmed
from refilld.cli.context import CommandContext
from refilld.cli.preview import group_lines, left_out_lines
from refilld.cli.progress import with_progress
from refilld.services.frozen_preview import parts_of
from refilld.services.refill_bulk import RefillResult, carry_out, plan_found
from refilld.services.refill_plan import PlannedRefill, RefillPlan, outcome_rows
from refilld.terminal import printable
from storage.engine import Database, Transaction
from storage.refill_selection import RefillFilter

REFUSED = 1


def act_on_refills(
    context: CommandContext,
    plan: Callable[[Transaction, QueueRules], RefillPlan],
    *,
    yes: bool,
    dry_run: bool,
    each: bool = False,
) -> None:
    """Show the plan, ask, carry it out, and print the results; `each` prints a line for every refill.

    Exits with 1 if a refill was left out or refused.
    """
    with context.database() as database:
        with database.read() as tx:
            found = plan(tx, queue_rules(context))
        results: list[RefillResult] = []
        question = f"{found.action} {counted(len(found.planned), 'refill')}?"
        nothing = not found.planned and not found.left_out
        if not nothing and confirmed(preview(found), question, yes=yes or not found.planned, dry_run=dry_run):
            results = list(_results(context, database, found, each=each))
        if nothing or not dry_run:
            click.echo(summary(found, results))
    if found.left_out or any(result.row is None for result in results):
        raise click.exceptions.Exit(REFUSED)


def act_on_found(
    context: CommandContext, action: BulkAction, wanted: RefillFilter, *, yes: bool, dry_run: bool
) -> None:
    """Act on everything that a filter finds."""

    def plan(tx: Transaction, rules: QueueRules) -> RefillPlan:
        return plan_found(tx, action, wanted, rules, context.now())

    act_on_refills(context, plan, yes=yes, dry_run=dry_run)


def queue_rules(context: CommandContext) -> QueueRules:
    return context.settings.queue_rules


def _results(
    context: CommandContext, database: Database, plan: RefillPlan, *, each: bool
) -> Iterator[RefillResult]:
    done = carry_out(database, plan, queue_rules(context), context.clock)
    for result in with_progress(done, len(plan.planned), str(plan.action)):
        if result.row is None:
            click.echo(f"refilld: {plan.action} {result.refill_id}: {result.error}", err=True)
        elif each:
            click.echo(f"refill {result.refill_id} of {result.row.quantity} is {result.row.state}")
        yield result


def preview(plan: RefillPlan) -> list[str]:
    """A plan in at most twelve lines: totals, services, providers, and what is left out and why."""
    lines = _totals(f"{plan.action}: queues", plan.queued, grouped=True)
    if plan.whole:
        lines[0] += f"; {counted(plan.whole, 'refill')} for all that was sold"
    ends = "discards as recovered" if plan.action is BulkAction.RELEASE else "ends"
    lines += _totals(f"{plan.action}: {ends}", plan.ended, grouped=not plan.queued)
    lines += _totals(f"{plan.action}: keeps held for a daily cap", plan.capped, grouped=not plan.queued)
    lines += left_out_lines(plan.left_out, "refill")
    return lines or [f"{plan.action}: nothing to do"]


def _totals(what: str, planned: tuple[PlannedRefill, ...], *, grouped: bool) -> list[str]:
    lines = []
    for found in parts_of((what, outcome_rows(planned))):
        lines.append(printable(f"{what} {sum_words(found.all)}, of {counted(found.orders, 'order')}"))
        if grouped:
            lines += group_lines("service", found.by_service, "refill")
            lines += group_lines("provider", found.by_provider, "refill")
    return lines


def summary(plan: RefillPlan, results: list[RefillResult]) -> str:
    """The numbers of what was done."""
    rows = [result.row for result in results if result.row is not None]
    queued = [row for row in rows if row.state is RefillState.QUEUED]
    held = sum(row.state is RefillState.HELD for row in rows)
    ended, units = len(rows) - len(queued) - held, sum(row.quantity for row in queued)
    capped = f", {held:,} held for a daily cap" if held else ""
    words = {
        BulkAction.RELEASE: f"{len(queued):,} released ({units:,} units){capped}, {ended:,} discarded",
        BulkAction.DISCARD: f"0 released (0 units), {ended:,} discarded",
        BulkAction.REJECT: f"{ended:,} rejected",
        BulkAction.CANCEL: f"{ended:,} cancelled",
    }.get(plan.action, f"{len(queued):,} queued ({counted(units, 'unit')})")
    refused = len(plan.left_out) + len(results) - len(rows)
    return f"{words}, {refused:,} refused" if refused else words
