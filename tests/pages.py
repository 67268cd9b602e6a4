"""Short ways to read lists in tests."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from storage.engine import Transaction
from storage.pages import Page, PageRequest, first_rows

F = TypeVar("F")
R = TypeVar("R")


def rows_of_list(
    page: Callable[[Transaction, F, PageRequest], Page[R]], tx: Transaction, wanted: F, limit: int = 1000
) -> list[R]:
    """The first rows of a list."""
    return first_rows(partial(page, tx, wanted), limit)
