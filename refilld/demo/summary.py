"""Prints the totals of the demonstration: looks, drops, refills, decisions."""

import sys
from pathlib import Path

from rich.table import Table

from monitor.model.refill import RefillState
from refilld.terminal import console
from storage import refill_list, totals
from storage.engine import Database
from storage.pages import PageRequest
from storage.refill_selection import RefillFilter


def print_summary(folder: Path, *, explore: bool) -> None:
    """Print the totals of the database in `folder`, and commands to explore it."""
    database = Database(f"sqlite:///{folder}/refilld.db")
    with database.read() as tx:
        counts = totals.counts(tx)
        sections = {
            "looks": totals.looks_by_outcome(tx),
            "drops": totals.drops_by_state(tx),
            "refills": totals.refills_by_state(tx),
            "decisions by reason": totals.decisions_by_reason(tx),
        }
        units = totals.units_refilled(tx)
        completed = refill_list.page(tx, RefillFilter(state=RefillState.COMPLETED), PageRequest(1)).rows
    database.close()
    table = Table("", "", "", title="What happened", box=None, show_header=False, pad_edge=False)
    table.add_row("orders watched", "", f"{counts['orders']:,}")
    table.add_row("targets", "", f"{counts['targets']:,}")
    for section, rows in sections.items():
        table.add_row(section, "", f"{sum(n for _, n in rows):,}", style="bold")
        for word, number in rows:
            table.add_row("", word, f"{number:,}")
    table.add_row("units refilled", "", f"{units:,}", style="bold")
    table.add_row("alerts", "", f"{counts['alerts']:,}")
    console().print(table)
    if explore:
        _print_commands(folder, [f"orders show {row.order_id}" for row in completed])


def _print_commands(folder: Path, of_refilled: list[str]) -> None:
    """Commands to explore the folder, with those of an order that was refilled, for it has a chart."""
    program = Path(sys.argv[0]).absolute()
    console().print(f"Explore it:  cd {folder}", markup=False)
    commands = " · ".join(["drops list", *of_refilled, "refills list"])
    console().print(f"             {program} {commands}", markup=False, soft_wrap=True)
