"""`refilld refills approve · reject · requeue · cancel`: one refill by its id, or several."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import click

from monitor.model.decision import Reason
from monitor.model.target import Metric
from refilld.cli.confirm import confirm_options
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.parameters import DURATION, ROW_ID, TEXT
from refilld.cli.refill_bulk import REFUSED, act_on_found, act_on_refills
from refilld.services.refill_bulk import plan_named
from refilld.services.refill_plan import BulkAction, QueueRules, RefillPlan
from storage import operator_actions
from storage.engine import Transaction
from storage.errors import NotFoundError, OpenRefillError, WrongStateError
from storage.refill_selection import RefillFilter
from storage.server_time import shared_time

F = TypeVar("F", bound=Callable[..., Any])
_ACTIONS = {
    BulkAction.APPROVE: "Queue held refills.",
    BulkAction.REJECT: "Reject held refills.",
    BulkAction.REQUEUE: "Queue dead refills again, with all their attempts.",
    BulkAction.CANCEL: "Cancel queued, held or dead refills.",
}
_MORE = " One ID acts at once; several, or a filter, are shown first, and you are asked."
_FILTERS = (
    click.option(
        "--reason", type=click.Choice([str(reason) for reason in Reason]), help="Decided for this reason."
    ),
    click.option("--metric", type=click.Choice([str(metric) for metric in Metric]), help="Of this metric."),
    click.option("--service", type=TEXT, help="Of orders of this service."),
    click.option("--provider", type=TEXT, help="Of orders of this provider."),
    click.option("--order", type=TEXT, help="Of this order."),
    click.option("--since", type=DURATION, metavar="DURATION", help="Created in this time, such as 24h."),
    click.option("--before", type=DURATION, metavar="DURATION", help="Created longer ago than this."),
)


def operator_commands() -> Iterator[click.Command]:
    """The command of each operator action."""
    for action, help_text in _ACTIONS.items():
        yield _command(action, help_text)


def _command(action: BulkAction, help_text: str) -> click.Command:
    @click.argument("refill_ids", metavar="[ID]...", nargs=-1, type=ROW_ID)
    @_filters
    @confirm_options
    @pass_context
    def operate(
        context: CommandContext, /, *, refill_ids: tuple[int, ...], yes: bool, dry_run: bool, **filters: Any
    ) -> None:
        given = {name: value for name, value in filters.items() if value is not None}
        if bool(refill_ids) == bool(given):
            raise click.UsageError("say which refills: either IDs, or a filter such as --reason mass_drop")
        if len(refill_ids) == 1 and not dry_run:
            _operate_on_one(context, refill_ids[0], action)
        elif refill_ids:

            def plan(tx: Transaction, rules: QueueRules) -> RefillPlan:
                return plan_named(tx, action, refill_ids, rules)

            act_on_refills(context, plan, yes=yes, dry_run=dry_run, each=True)
        else:
            act_on_found(context, action, _filter_of(context, **given), yes=yes, dry_run=dry_run)

    command: Callable[[Callable[..., Any]], click.Command] = click.command(
        str(action), help=help_text + _MORE, short_help=help_text
    )
    return command(operate)


def _filters(command: F) -> F:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def _filter_of(
    context: CommandContext,
    *,
    reason: str | None = None,
    metric: str | None = None,
    order: str | None = None,
    since: timedelta | None = None,
    before: timedelta | None = None,
    **sold: str | None,
) -> RefillFilter:
    now = context.now()
    return RefillFilter(
        reason=None if reason is None else Reason(reason),
        metric=None if metric is None else Metric(metric),
        order_id=order,
        created_from=None if since is None else now - since,
        created_before=None if before is None else now - before,
        **sold,
    )


def _operate_on_one(context: CommandContext, refill_id: int, action: BulkAction) -> None:
    """Carry out an action; exits with 1, after a line on standard error, if it is refused."""
    try:
        with context.database() as database, database.write() as tx:
            now, shadow = shared_time(tx, context.now()), context.settings.guarantee.shadow
            row = operator_actions.act(tx, refill_id, action.operator_action, now, shadow=shadow)
    except (NotFoundError, WrongStateError, OpenRefillError) as error:
        click.echo(f"refilld: {action} {refill_id}: {error}", err=True)
        raise click.exceptions.Exit(REFUSED) from None
    click.echo(f"refill {refill_id} of {row.quantity} is {row.state}")
