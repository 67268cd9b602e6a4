"""Compiled SQL that all databases of a test process share: compiling takes most of a statement's time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, event

_Key: TypeAlias = tuple[Any, ...]


class CompiledStatements(dict[_Key, Any]):
    """A cache of statements as SQLAlchemy fills it, in which engines of one kind share a dialect."""

    def get(self, key: _Key, default: Any = None) -> Any:
        return super().get(_shared(key), default)

    def __setitem__(self, key: _Key, compiled: Any) -> None:
        super().__setitem__(_shared(key), compiled)


def _shared(key: _Key) -> _Key:
    """The key without the dialect of one engine."""
    dialect, *statement = key
    return type(dialect), dialect.statement_compiler, *statement


@contextmanager
def shared_statements() -> Iterator[None]:
    """Let all connections use one cache."""
    cache = CompiledStatements()

    def use(connection: Connection) -> None:
        connection.execution_options(compiled_cache=cache)

    event.listen(Engine, "engine_connect", use)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", use)
