"""`refilld webhooks deliveries` and `replay`: what became of messages, and sending them again."""

from datetime import timedelta
from functools import partial

import click

from monitor.model.number_words import counted
from refilld.cli.confirm import confirm_options, confirmed
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import DURATION, ROW_ID
from refilld.services import webhooks as services
from refilld.services.webhook_fields import attempt_fields, delivery_fields
from storage import webhook_log, webhooks
from storage.engine import Transaction
from storage.pages import first_rows
from storage.webhook_log import STATES, DeliveryFilter

_DELIVERIES = (
    Column("delivery_id", heading="id"),
    Column("state"),
    Column("kind", least=14),
    Column("attempts"),
    Column("status"),
    Column("error", least=14),
    Column("next_try_at"),
    Column("tried_at"),
    Column("event_id"),
    Column("finished_at"),
    Column("created_at"),
)
_ATTEMPTS = (
    Column("at"),
    Column("status"),
    Column("milliseconds", heading="ms"),
    Column("error", least=14),
    Column("response", least=14),
)
_endpoint = click.argument("endpoint_id", metavar="ID", type=ROW_ID)


@click.command()
@_endpoint
@click.option("--state", type=click.Choice(STATES))
@click.option("--delivery", "delivery_id", type=ROW_ID, default=None, help="Show each attempt of this one.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@list_options
@pass_context
def deliveries(
    context: CommandContext,
    endpoint_id: int,
    *,
    state: str | None,
    delivery_id: int | None,
    limit: int,
    as_json: bool,
    wide: bool,
) -> None:
    """Show the deliveries to an endpoint, newest first, or each attempt of one."""
    with context.database() as database, database.read() as tx:
        if delivery_id is not None:
            webhook_log.get(tx, endpoint_id, delivery_id)
            rows = [attempt_fields(row) for row in webhook_log.attempts_of(tx, delivery_id)]
        else:
            webhooks.get(tx, endpoint_id)
            wanted = DeliveryFilter(endpoint_id=endpoint_id, state=state)
            found = first_rows(partial(webhook_log.page, tx, wanted), limit)
            rows = [delivery_fields(row) for row in found]
    columns = _DELIVERIES if delivery_id is None else _ATTEMPTS
    print_list(columns, rows, as_json=as_json, wide=wide)


@click.command()
@_endpoint
@click.option("--delivery", "delivery_id", type=ROW_ID, default=None, help="Send this one again.")
@click.option("--since", "age", type=DURATION, metavar="DURATION", help="All events of this time: 24h, 7d.")
@click.option("--undelivered", is_flag=True, help="Of these, only what it has not accepted.")
@confirm_options
@pass_context
def replay(
    context: CommandContext,
    endpoint_id: int,
    *,
    delivery_id: int | None,
    age: timedelta | None,
    undelivered: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    """Send messages again, with the same ids: one delivery, or all events since a time."""
    if (delivery_id is None) == (age is None):
        raise click.UsageError("give either --delivery or --since")
    now = context.now()
    with context.database() as database:
        with database.read() as tx:
            if age is None:
                events = _event_of(tx, endpoint_id, delivery_id or 0)
            else:
                events = services.to_replay(tx, endpoint_id, now - age, undelivered=undelivered)
        if not events:
            click.echo("there is nothing to send again")
            return
        messages = counted(len(events), "message")
        preview = [f"{messages} to webhook endpoint {endpoint_id}"]
        if not confirmed(preview, f"Send {messages} again?", yes=yes or age is None, dry_run=dry_run):
            return
        services.replay(database, endpoint_id, events, now)
    click.echo(f"{messages} will be sent to webhook endpoint {endpoint_id}; refilld run sends")


def _event_of(tx: Transaction, endpoint_id: int, delivery_id: int) -> list[int]:
    services.require_enabled(tx, endpoint_id)
    return [webhook_log.get(tx, endpoint_id, delivery_id).event_id]
