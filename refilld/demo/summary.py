"""Prints the totals of the demonstration: looks, drops, refills, decisions."""

import sys
from pathlib import Path

from rich.table import Table

from refilld.terminal import console
from storage import totals
from storage.engine import Database


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
        _print_commands(folder)


def _print_commands(folder: Path) -> None:
    program = Path(sys.argv[0]).absolute()
    console().print(f"Explore it:  cd {folder}", markup=False)
    console().print(f"             {program} drops list · orders show 1110 · refills list", markup=False)
