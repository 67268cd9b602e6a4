"""The progress bar of an action on many things, and the line of a migration."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")
_FEW = 50
"""So few are done before a bar could be read."""


def with_progress(items: Iterable[T], total: int, doing: str) -> Iterator[T]:
    """Yield the items; a bar advances on standard error if that is a terminal and there are many."""
    if total <= _FEW or not sys.stderr.isatty():
        yield from items
        return
    columns = TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield from bar.track(items, total=total)


@contextmanager
def migration_status() -> Iterator[Callable[[str], None]]:
    """Give a function that shows the revision reached on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _revision: None
        return
    with Console(stderr=True).status("migrating the database") as status:
        yield lambda revision: status.update(f"migrating the database: revision {revision} done")
