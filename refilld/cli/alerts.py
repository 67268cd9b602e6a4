"""`refilld drops`: drops with their decisions, and other alerts; `refilld alerts`: all alerts."""

from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

import click

from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from monitor.model.decision import Reason
from monitor.model.drop import DropState
from refilld.cli.account import account
from refilld.cli.alert_preview import preview
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.delivery_failures import failure_lines
from refilld.cli.explanation import document_of, lines_of
from refilld.cli.filters import filter_fields, kind_option, order_options, period_fields, period_options
from refilld.cli.lists import Column, list_options, print_below, print_list
from refilld.cli.output import json_option, print_json
from refilld.cli.parameters import ROW_ID, TEXT, choice
from refilld.services.alert_explanation import explain_alert
from refilld.services.alert_fields import alert_fields
from refilld.terminal import console, printable
from storage import alert_list, deliveries, drop_list, problems
from storage.alert_list import DELIVERY_STATES, AlertFilter
from storage.drop_list import DropFilter
from storage.pages import first_rows

DROPS = (
    Column("drop_id"),
    Column("order_id"),
    Column("state"),
    Column("claim"),
    Column("opened_at"),
    Column("link", least=10),
    Column("reason", least=10),
    Column("decision"),
    Column("count"),
    Column("line"),
    Column("metric"),
    Column("service", least=12),
    Column("provider", least=8),
)
ALERTS = (
    Column("alert_id"),
    Column("created_at"),
    Column("kind"),
    Column("text", least=30),
    Column("state"),
    Column("severity"),
)
MOST_LISTED = 10_000
"""Alerts of one message that are listed."""
EVERY_ALERT = (
    Column("alert_id"),
    Column("created_at"),
    Column("severity"),
    Column("text", least=20),
    Column("state"),
    Column("kind"),
    Column("attempts"),
    Column("next_try_at"),
    Column("last_error", least=20),
)


@click.group()
def drops() -> None:
    """Drops and alerts."""


@click.group()
def alerts() -> None:
    """Alerts to the operator, and whether they were sent."""


@alerts.command("list")
@kind_option
@click.option("--severity", type=choice(Severity), help="Only of this severity.")
@click.option("--state", type=click.Choice(DELIVERY_STATES), help="Only if its delivery is in this state.")
@period_options
@click.option(
    "--message", type=ROW_ID, metavar="ID", help="Only the alerts of this message, without --limit."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@list_options
@pass_context
def alerts_list(
    context: CommandContext,
    /,
    *,
    message: int | None,
    limit: int,
    as_json: bool,
    wide: bool,
    **filters: Any,
) -> None:
    """Show alerts, newest first, with their severity and the state of their delivery."""
    wanted = _alert_filter(context.now(), message, **filters)
    limit = limit if message is None else MOST_LISTED
    with context.database() as database, database.read() as tx:
        rows = [alert_fields(row) for row in first_rows(partial(alert_list.page, tx, wanted), limit)]
        failing = deliveries.failing(tx)
    print_list(EVERY_ALERT, rows, as_json=as_json, wide=wide)
    if not as_json:
        for line in failure_lines(failing, rows):
            print_below(line)


def _alert_filter(
    now: datetime,
    message: int | None,
    *,
    kind: str | None,
    severity: str | None,
    state: str | None,
    **period: Any,
) -> AlertFilter:
    return AlertFilter(
        kind=None if kind is None else EventKind(kind),
        severity=None if severity is None else Severity(severity),
        state=state,
        message=message,
        **period_fields(now, **period),
    )


@alerts.command()
@click.argument("alert_id", metavar="ID", type=ROW_ID)
@click.option("--by", "author", type=TEXT, default=account, metavar="NAME", help="Who; else your login name.")
@pass_context
def ack(context: CommandContext, *, alert_id: int, author: str) -> None:
    """Acknowledge a problem: it is not repeated before it ends, which is told."""
    with context.database() as database, database.write() as tx:
        new = problems.acknowledge(tx, alert_id, author, context.now())
    was = "is" if new else "was already"
    click.echo(f"alert {alert_id} {was} acknowledged; it is not repeated, and its end is told")


@alerts.command()
@click.argument("alert_id", metavar="ID", type=ROW_ID)
@json_option
@pass_context
def explain(context: CommandContext, *, alert_id: int, as_json: bool) -> None:
    """Show who gets an alert, what each was told and when, and why not."""
    with context.database() as database, database.read() as tx:
        found = explain_alert(tx, context.settings.alerts, alert_id, context.now())
    if as_json:
        print_json(document_of(found))
    else:
        click.echo("\n".join(map(printable, lines_of(found))))


@drops.command("list")
@click.option("--open", "open_only", is_flag=True, help="Only drops that are still open.")
@click.option("--state", type=choice(DropState), help="Only in this state.")
@click.option("--reason", type=choice(Reason), help="Only decided for this reason.")
@order_options
@period_options
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@list_options
@pass_context
def list_(
    context: CommandContext,
    /,
    *,
    open_only: bool,
    state: str | None,
    reason: str | None,
    limit: int,
    as_json: bool,
    wide: bool,
    **filters: Any,
) -> None:
    """Show drops with their decisions, newest first, and the alerts about anything else.

    A filter of the drops leaves the alerts out.
    """
    fields = filter_fields(context.now(), **filters)
    wanted = DropFilter(
        open_only=open_only,
        state=None if state is None else DropState(state),
        reason=None if reason is None else Reason(reason),
        **fields,
    )
    only_drops = replace(wanted, open_only=False, since=None, before=None) != DropFilter()
    others = AlertFilter(about_drops=False, since=wanted.since, before=wanted.before)
    with context.database() as database, database.read() as tx:
        rows = [asdict(row) for row in first_rows(partial(drop_list.page, tx, wanted), limit)]
        found = [] if only_drops else first_rows(partial(alert_list.page, tx, others), limit)
        other_rows = [alert_fields(row) for row in found]
    if as_json:
        rows = [{"record": "drop"} | row for row in rows]
        other_rows = [{"record": "alert"} | row for row in other_rows]
    print_list(DROPS, rows, as_json=as_json, wide=wide)
    if other_rows:
        if not as_json:
            console().print()
        print_list(ALERTS, other_rows, as_json=as_json, wide=wide)


alerts.add_command(preview)
COMMANDS = (drops, alerts)
