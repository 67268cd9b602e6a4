"""Tables of list commands: as many columns as fit, in the order of their use; `--wide` prints all, uncut."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.model.time_words import minute
from refilld.cli.output import cell, json_option, print_json, print_table
from refilld.terminal import console

F = TypeVar("F", bound=Callable[..., Any])
NO_TERMINAL = 80
"""Columns of a table that is not printed on a terminal."""
LONGEST = 32
"""Characters of a text that is never cut, on one line; the rest follows below."""
_GAP = 2
_HOST = "https://www.instagram.com/"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list."""

    name: str
    least: int | None = None
    """Characters that a text may be cut to; None if it is never cut."""
    heading: str = ""
    """A shorter heading than the name."""

    @property
    def title(self) -> str:
        return self.heading or self.name


def list_options(command: F) -> F:
    """Add the options `--json` and `--wide` to a list command."""
    wide = click.option("--wide", is_flag=True, help="Print all columns, and nothing shortened.")
    return wide(json_option(command))


def print_list(
    columns: Sequence[Column], rows: Iterable[Mapping[str, object]], *, as_json: bool, wide: bool
) -> None:
    """Print rows as a table that fits the terminal, as a complete one, or as JSON."""
    found = list(rows)
    if as_json:
        for row in found:
            print_json(row)
    elif not found:
        console().print("nothing to show")
    elif wide:
        print_table([c.name for c in columns], [[cell(row.get(c.name)) for c in columns] for row in found])
    else:
        _print_narrow(columns, [[_short(row.get(c.name)) for c in columns] for row in found])


def print_below(text: str) -> None:
    """Print a paragraph below a list, wrapped to the width of its table."""
    Console(highlight=False, width=_list_width(console())).print(f"\n{text}", markup=False)


def _list_width(out: Console) -> int:
    return out.width if out.is_terminal else NO_TERMINAL


def _print_narrow(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    out = console()
    width = _list_width(out)
    natural = [
        max(cell_len(text) for text in (column.title, *texts))
        for column, texts in zip(columns, zip(*cells, strict=True), strict=True)
    ]
    widths = _fitted(columns, natural, width)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for index, size in widths.items():
        cut = columns[index].least is not None
        table.add_column(
            columns[index].title, width=size, no_wrap=cut, overflow="ellipsis" if cut else "fold"
        )
    for row in cells:
        table.add_row(*(Text(row[index]) for index in widths))
    Console(highlight=False, width=width).print(table)
    left_out = [column.title for index, column in enumerate(columns) if index not in widths]
    if left_out and out.is_terminal:
        out.print(f"--wide shows more: {', '.join(left_out)}", style="dim")


def _fitted(columns: Sequence[Column], natural: Sequence[int], width: int) -> dict[int, int]:
    """The widths of the columns that fit, by index: first at their least, then with the room that is left."""
    least = [
        min(size, max(column.least or LONGEST, cell_len(column.title)))
        for column, size in zip(columns, natural, strict=True)
    ]
    fitting: dict[int, int] = {}
    for index, size in enumerate(least):
        if sum(fitting.values()) + _GAP * len(fitting) + size <= width:
            fitting[index] = size
    room = width - sum(fitting.values()) - _GAP * (len(fitting) - 1)
    for index, size in fitting.items():
        wanted = natural[index] if columns[index].least is not None else size
        fitting[index] = min(wanted, size + room)
        room -= fitting[index] - size
    return fitting


def _short(value: object) -> str:
    """A value in a narrow table: a link without its host, a time to the minute, in UTC."""
    if isinstance(value, datetime):
        return minute(value)
    text = cell(value)
    return text.removeprefix(_HOST).rstrip("/") if text.startswith(_HOST) else text
