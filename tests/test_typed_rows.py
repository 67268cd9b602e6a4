"""Database rows stay in `storage`: its public functions return typed values."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OTHER_PACKAGES = ("monitor", "jobs", "refilld")
ROW_TYPES = {"AnyRow", "Row", "RowMapping"}
READERS_OF_JOINED = {"event_row", "labels_of_row", "order_of", "read_page", "state_of", "stored_order"}
"""Functions of `storage` that turn a row of a shared query into a value; they are called only in there."""


def modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module of the packages: its path from the root, and its tree."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def uses_of_rows(tree: ast.Module) -> Iterator[int]:
    """The lines that import a row type, or read a row as a mapping."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("storage", "sqlalchemy")):
            yield from (node.lineno for alias in node.names if alias.name in ROW_TYPES | READERS_OF_JOINED)
        elif isinstance(node, ast.Attribute) and node.attr in {"_mapping", "_asdict"}:
            own = isinstance(node.value, ast.Name) and node.value.id == "self"
            yield from () if own else (node.lineno,)


def functions_with_rows(tree: ast.Module) -> Iterator[str]:
    """The public functions that take or return a row."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            notes = [node.returns, *(argument.annotation for argument in node.args.args)]
            names = {
                part.id for note in notes if note for part in ast.walk(note) if isinstance(part, ast.Name)
            }
            if names & ROW_TYPES:
                yield node.name


def test_no_other_package_uses_database_rows() -> None:
    """A change of a column is visible to the type checker wherever the value goes."""
    assert [(path, line) for path, tree in modules(*OTHER_PACKAGES) for line in uses_of_rows(tree)] == []


def test_queries_return_typed_values() -> None:
    """Only the readers of shared queries take a row."""
    found = {name for _, tree in modules("storage") for name in functions_with_rows(tree)}
    assert found == READERS_OF_JOINED


@pytest.mark.parametrize(
    "code",
    [
        "from storage.column_types import AnyRow",
        "from sqlalchemy import Row",
        "from storage.order_states import order_of",
        "dict(row._mapping)",
        "row._asdict()",
    ],
)
def test_a_use_of_a_row_is_found(code: str) -> None:
    """The check itself works."""
    assert list(uses_of_rows(ast.parse(code))) == [1]


@pytest.mark.parametrize("code", ["def f() -> list[AnyRow]: ...", "def f(row: AnyRow) -> int: ..."])
def test_a_function_with_a_row_is_found(code: str) -> None:
    """The check itself works."""
    assert list(functions_with_rows(ast.parse(code))) == ["f"]
