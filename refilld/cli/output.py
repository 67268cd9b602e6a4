"""Printing: tables for people, one JSON object a line for programs, both on standard output."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from refilld.terminal import printable

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """The option `--json`, for every command that prints a table."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")(command)


def print_rows(columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, as_json: bool) -> None:
    """Print rows as a table of these columns, or whole as JSON."""
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell(row.get(column))) for column in columns))
    console().print(table if table.row_count else "nothing to show")


def print_json(value: object) -> None:
    """Print one value as one line of JSON."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def console() -> Console:
    """Standard output for people; wide where it is not a terminal, so that nothing is cut."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=200)


def rfc3339(at: datetime) -> str:
    """A time as the contracts write it: UTC, with Z."""
    return at.isoformat().replace("+00:00", "Z")


def cell(value: object) -> str:
    """A value as people read it, on one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value))
    return printable(str(value))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
