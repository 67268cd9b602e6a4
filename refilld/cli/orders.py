"""`refilld orders`: its group of commands, and those that list and show orders."""

import click

from monitor.model.link import parse_link
from monitor.model.order import OrderStatus
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.correct import correct
from refilld.cli.flags import flag, unflag
from refilld.cli.forget import forget
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.order_import import import_
from refilld.cli.output import json_option
from refilld.cli.parameters import TEXT
from refilld.cli.reterm import reterm
from refilld.cli.timeline import print_timeline
from refilld.services.look_obstacle import enabled_sources
from refilld.timeline.facts import order_facts
from refilld.timeline.load import load
from storage import orders as order_rows

LISTED = (
    Column("order_id"),
    Column("status"),
    Column("link", least=14),
    Column("metric"),
    Column("quantity"),
    Column("completed_at"),
    Column("service", least=12),
    Column("remains"),
    Column("start_count"),
    Column("provider", least=8),
    Column("customer", least=8),
)


@click.group()
def orders() -> None:
    """Orders: import, list, flags, corrections and timeline."""


@orders.command("list")
@click.option("--status", type=click.Choice([str(s) for s in OrderStatus], case_sensitive=False))
@click.option("--link", help="Any spelling of the profile or post.")
@click.option("--service", type=TEXT, help="Only of this service, as imported.")
@click.option("--provider", type=TEXT, help="Only of this provider.")
@click.option("--customer", type=TEXT, help="Only of this customer.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@list_options
@pass_context
def list_(
    context: CommandContext,
    /,
    *,
    status: str | None,
    link: str | None,
    limit: int,
    as_json: bool,
    wide: bool,
    **sold: str | None,
) -> None:
    """Show orders, newest completion first."""
    wanted = OrderStatus(status) if status else None
    url = parse_link(link).link.url if link else None
    with context.database() as database, database.read() as tx:
        rows = [
            order_facts(row) for row in order_rows.listed(tx, status=wanted, link=url, limit=limit, sold=sold)
        ]
    print_list(LISTED, rows, as_json=as_json, wide=wide)


@orders.command()
@click.argument("order_id", metavar="ID", type=TEXT)
@json_option
@pass_context
def show(context: CommandContext, order_id: str, *, as_json: bool) -> None:
    """Print one order's timeline: lines, looks, drops, decisions with their reasons, refills."""
    with context.database() as database, database.read() as tx:
        timeline = load(tx, order_id, context.now(), enabled_sources(context.settings))
    print_timeline(timeline, context.texts.of(timeline.order.order.language), as_json=as_json)


for command in (import_, flag, unflag, correct, reterm, forget):
    orders.add_command(command)

COMMANDS = (orders,)
