"""SQLite's INDEXED BY as a hint of a query: a list is read by its index, whatever else the planner would do.

SQLite has no statistics here, and would read a list by the index of a filter and sort it.
"""

from typing import Any

from sqlalchemy import Engine, FromClause
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler


class _HintedCompiler(SQLiteCompiler):
    """Writes the hint of a table behind its name."""

    def get_from_hint_text(self, table: FromClause, text: Any) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        return str(text)


def write_hints(engine: Engine) -> None:
    """Let the queries of an engine say which index they use."""
    engine.dialect.statement_compiler = _HintedCompiler


def indexed_by(index: str) -> str:
    """The hint that a table is read by this index."""
    return f"INDEXED BY {index}"
