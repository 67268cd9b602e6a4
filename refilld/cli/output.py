"""Output of commands: tables for people, one JSON object per line for programs."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.model.instants import rfc3339
from monitor.model.time_words import second
from refilld.terminal import printable

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """Add the option `--json` to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")(command)


def _width(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """The width of the table in characters."""
    widest = (max(cell_len(text) for text in column) for column in zip(columns, *cells, strict=True))
    return sum(widest) + 2 * (len(columns) - 1)


def print_table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print a complete table, however wide."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in cells:
        table.add_row(*map(Text, row))
    wide = Console(highlight=False, width=max(_width(columns, cells), 80))
    wide.print(table)


def print_json(value: object) -> None:
    """Print a value as one line of JSON; control characters are escaped."""
    text = json.dumps(value, default=_to_json, ensure_ascii=False)
    click.echo("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


def cell(value: object) -> str:
    """A value as text for people, on one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{second(value)}Z"
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value))
    return printable(str(value))


def _to_json(value: object) -> object:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
