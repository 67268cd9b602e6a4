"""`refilld drops`: what operators read, drops with their decisions and all other alerts."""

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_rows
from refilld.terminal import console
from storage import drops as kept
from storage import outbox

DROPS = (
    "drop_id", "order_id", "metric", "link", "state", "opened_at", "count", "line", "claim", "decision",
    "reason",
)  # fmt: skip
ALERTS = ("alert_id", "created_at", "kind", "state", "text")


@click.group()
def drops() -> None:
    """Drops and alerts."""


@drops.command("list")
@click.option("--open", "open_only", is_flag=True, help="Only drops that are still open.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
@pass_context
def list_(context: CommandContext, *, open_only: bool, limit: int, as_json: bool) -> None:
    """Show drops with their decisions, newest first, and the alerts about anything else."""
    with context.database() as database, database.read() as tx:
        rows = [dict(row._mapping) for row in kept.listed(tx, open_only=open_only, limit=limit)]  # noqa: SLF001
        others = [dict(row._mapping) for row in outbox.listed(tx, limit=limit, about_drops=False)]  # noqa: SLF001
    if as_json:
        rows = [{"record": "drop"} | row for row in rows]
        others = [{"record": "alert"} | row for row in others]
    print_rows(DROPS, rows, as_json=as_json)
    if others:
        if not as_json:
            console().print()
        print_rows(ALERTS, others, as_json=as_json)


COMMANDS = (drops,)
