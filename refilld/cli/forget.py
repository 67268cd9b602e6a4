"""`refilld orders forget`: remove what names a customer."""

import click

from monitor.model.number_words import counted
from monitor.model.sums import sum_words
from refilld.cli.confirm import confirm_options, confirmed
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.parameters import TEXT
from refilld.cli.progress import with_progress
from refilld.services.forget import ForgetPlan, erasing, plan_forgetting
from refilld.services.forget import forget as forget_targets
from refilld.terminal import printable


@click.command()
@click.option("--customer", required=True, type=TEXT, help="As imported; see `orders list --customer`.")
@confirm_options
@pass_context
def forget(context: CommandContext, *, customer: str, yes: bool, dry_run: bool) -> None:
    """Remove what names a customer: name, links, and texts; the numbers of the orders stay.

    A guarantee ends if the link of its order is removed. What it does not reach (backups, logs, messages that
    were sent) is in docs/operations.md.
    """
    with context.database() as database:
        with database.read() as tx:
            plan = plan_forgetting(tx, customer, context.now())
        question = f"forget this customer, for good, in {counted(plan.orders, 'order')}?"
        if not confirmed(_preview(plan), question, yes=yes, dry_run=dry_run):
            return
        with erasing(database):
            done = forget_targets(database, plan, context.clock)
            results = list(with_progress(done, len(plan.targets), "forgetting"))
    errors = [error for error in results if error is not None]
    for error in errors:
        click.echo(f"refilld: {error}; run it again", err=True)
    pairs = zip(plan.targets, results, strict=True)
    click.echo(f"{counted(sum(len(t.order_ids) for t, error in pairs if error is None), 'order')} forgotten")
    if errors:
        raise click.exceptions.Exit(1)


def _preview(plan: ForgetPlan) -> list[str]:
    removed = len(plan.targets) - plan.shared
    lines = [
        f"removes the customer, typed links and texts from {counted(plan.orders, 'order')}, for good",
        f"  removes {counted(removed, 'link')} with what its looks and alerts say; the counts stay",
    ]
    if plan.shared:
        lines.append(
            f"  keeps {counted(plan.shared, 'link')} that orders of others use; the guarantees on them go on"
        )
    if plan.ending.number:
        lines.append(f"  ends {sum_words(plan.ending, 'running guarantee')}")
    if plan.cancelled.number:
        lines.append(f"  cancels {sum_words(plan.cancelled)}")
    if plan.claimed:
        lines.append(f"  leaves {counted(plan.claimed, 'claimed refill')} to the consumer")
    return [printable(line) for line in lines]
