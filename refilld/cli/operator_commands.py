"""`refilld refills approve · reject · requeue · cancel`: one refill by its id, or several."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import click

from monitor.guarantee.queue_rules import QueueRules
from monitor.model.bulk_action import BulkAction
from monitor.model.decision import Reason
from refilld.cli.confirm import confirm_options
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.filters import filter_fields, order_options, period_options
from refilld.cli.parameters import ROW_ID, choice
from refilld.cli.refill_bulk import REFUSED, act_on_found, act_on_refills
from refilld.services.refill_bulk import plan_named
from refilld.services.refill_plan import RefillPlan
from storage import operator_actions
from storage.engine import Transaction
from storage.errors import NotFoundError, OpenRefillError, WrongStateError
from storage.refill_selection import RefillFilter
from storage.server_time import shared_time

_ACTIONS = {
    BulkAction.APPROVE: "Queue held refills.",
    BulkAction.REJECT: "Reject held refills.",
    BulkAction.REQUEUE: "Queue dead refills again, with all their attempts.",
    BulkAction.CANCEL: "Cancel queued, held or dead refills.",
}
_MORE = " One ID acts at once; several, or a filter, are shown first, and you are asked."
_REASON = click.option("--reason", type=choice(Reason), help="Only decided for this reason.")


def operator_commands() -> Iterator[click.Command]:
    """The command of each operator action."""
    for action, help_text in _ACTIONS.items():
        yield _command(action, help_text)


def _command(action: BulkAction, help_text: str) -> click.Command:
    @click.argument("refill_ids", metavar="[ID]...", nargs=-1, type=ROW_ID)
    @_REASON
    @order_options
    @period_options
    @confirm_options
    @pass_context
    def operate(
        context: CommandContext, /, *, refill_ids: tuple[int, ...], yes: bool, dry_run: bool, **filters: Any
    ) -> None:
        chosen = {name: value for name, value in filters.items() if value is not None}
        if bool(refill_ids) == bool(chosen):
            raise click.UsageError("say which refills: either IDs, or a filter such as --reason mass_drop")
        if len(refill_ids) == 1 and not dry_run:
            _operate_on_one(context, refill_ids[0], action)
        elif refill_ids:

            def plan(tx: Transaction, rules: QueueRules) -> RefillPlan:
                return plan_named(tx, action, refill_ids, rules)

            act_on_refills(context, plan, yes=yes, dry_run=dry_run, each=True)
        else:
            act_on_found(context, action, _filter_of(context.now(), **chosen), yes=yes, dry_run=dry_run)

    command: Callable[[Callable[..., Any]], click.Command] = click.command(
        str(action), help=help_text + _MORE, short_help=help_text
    )
    return command(operate)


def _filter_of(now: datetime, reason: str | None = None, **filters: Any) -> RefillFilter:
    wanted = None if reason is None else Reason(reason)
    return RefillFilter(reason=wanted, **filter_fields(now, **filters))


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
