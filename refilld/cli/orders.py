"""`refilld orders`: its group of commands, and those that list and show orders."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from refilld.atomic_file import atomic_file
from refilld.charts.order_svg import order_svg
from refilld.charts.svg_file import svg_file
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.correct import correct
from refilld.cli.filters import filter_fields, period_options, sold_options
from refilld.cli.flags import flag, unflag
from refilld.cli.forget import forget
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.order_import import import_
from refilld.cli.order_link import link
from refilld.cli.output import json_option
from refilld.cli.parameters import TEXT, choice
from refilld.cli.reterm import reterm
from refilld.cli.timeline import print_timeline
from refilld.services.look_obstacle import enabled_sources
from refilld.timeline.facts import order_facts
from refilld.timeline.load import load
from refilld.timeline.order_chart import order_chart
from storage import order_list
from storage.order_list import OrderFilter
from storage.pages import first_rows

OPEN_STATES = [state for state in DropState if state.open]
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
@click.option("--status", type=choice(OrderStatus, case_sensitive=False))
@click.option("--drop-state", type=choice(OPEN_STATES), help="Only with an open drop in this state.")
@click.option("--flag", type=choice(Flag), help="Only with this flag.")
@sold_options
@period_options
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@list_options
@pass_context
def list_(
    context: CommandContext,
    /,
    *,
    status: str | None,
    drop_state: str | None,
    flag: str | None,
    limit: int,
    as_json: bool,
    wide: bool,
    **filters: Any,
) -> None:
    """Show orders, newest completion first."""
    wanted = OrderFilter(
        status=OrderStatus(status) if status else None,
        drop_state=DropState(drop_state) if drop_state else None,
        flag=Flag(flag) if flag else None,
        **filter_fields(context.now(), **filters),
    )
    with context.database() as database, database.read() as tx:
        found = first_rows(partial(order_list.page, tx, wanted), limit)
    print_list(LISTED, [order_facts(row.stored) for row in found], as_json=as_json, wide=wide)


@orders.command()
@click.argument("order_id", metavar="ID", type=TEXT)
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the chart of the order to this SVG file, for a browser.",
)
@json_option
@pass_context
def show(context: CommandContext, order_id: str, *, svg: Path | None, as_json: bool) -> None:
    """Print one order's timeline: lines, looks, drops, decisions with their reasons, refills."""
    with context.database() as database, database.read() as tx:
        timeline = load(tx, order_id, context.now(), enabled_sources(context.settings))
    if svg is not None:
        chart = order_chart(timeline)
        with atomic_file(svg) as file:
            file.write(svg_file(order_svg(chart), chart.title))
    print_timeline(timeline, context.texts.of(timeline.order.order.language), as_json=as_json)


for command in (import_, flag, unflag, correct, link, reterm, forget):
    orders.add_command(command)

COMMANDS = (orders,)
