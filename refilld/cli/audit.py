"""`refilld audit`: who changed what, when and why."""

from functools import partial
from typing import Any

import click

from monitor.events.kind import EventKind
from refilld.cli.context import CommandContext, pass_context
from refilld.cli.filters import kind_option, period_fields, period_options
from refilld.cli.lists import Column, list_options, print_list
from refilld.cli.parameters import TEXT
from refilld.texts.renderer import default_renderer
from storage import event_list
from storage.event_list import EventFilter
from storage.events import EventRow
from storage.pages import first_rows

AUDIT = (
    Column("at"),
    Column("actor", least=12),
    Column("text", least=30),
    Column("kind"),
    Column("request_id", least=8),
)


@click.command()
@click.option("--order", "order_id", type=TEXT, help="Only what concerns this order.")
@kind_option
@period_options
@click.option("--actor", type=TEXT, help="Only by actors with this text in their name, such as `cli`.")
@click.option("--jobs", is_flag=True, help="Also what the jobs of the daemon did; --actor job: nothing else.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@list_options
@pass_context
def audit(context: CommandContext, /, *, limit: int, as_json: bool, wide: bool, **which: Any) -> None:
    """Show changes by people and programs, newest first: when, by whom, what, from what to what, and why."""
    wanted = _filter(context, **which)
    with context.database() as database, database.read() as tx:
        found = first_rows(partial(event_list.page, tx, wanted), limit)
    print_list(AUDIT, [_fields(row, full=as_json) for row in found], as_json=as_json, wide=wide)


def _filter(
    context: CommandContext,
    *,
    order_id: str | None,
    kind: str | None,
    actor: str | None,
    jobs: bool,
    **period: Any,
) -> EventFilter:
    return EventFilter(
        order_id=order_id,
        kind=None if kind is None else EventKind(kind),
        actor=actor,
        jobs=jobs or actor is not None,
        **period_fields(context.now(), **period),
    )


def _fields(row: EventRow, *, full: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "at": row.at,
        "actor": row.actor,
        "text": default_renderer().text(row),
        "kind": row.kind,
        "request_id": row.request_id,
    }
    if full:
        fields |= {
            "event_id": row.event_id,
            "order_id": row.subject.order_id,
            "refill_id": row.subject.refill_id,
            "payload": dict(row.payload),
        }
    return fields


COMMANDS = (audit,)
