"""`refilld drops`: drops with their decisions, and all alerts about anything else."""

from dataclasses import asdict

import click

from refilld.cli.context import CommandContext, pass_context
from refilld.cli.output import json_option, print_rows
from refilld.terminal import console
from storage import drops as drop_rows
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
        rows = [asdict(row) for row in drop_rows.listed(tx, open_only=open_only, limit=limit)]
        alerts = [asdict(row) for row in outbox.listed(tx, limit=limit, about_drops=False)]
    if as_json:
        rows = [{"record": "drop"} | row for row in rows]
        alerts = [{"record": "alert"} | row for row in alerts]
    print_rows(DROPS, rows, as_json=as_json)
    if alerts:
        if not as_json:
            console().print()
        print_rows(ALERTS, alerts, as_json=as_json)


COMMANDS = (drops,)
