"""What every command works with: the configuration, the database, the clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import click

from refilld.config import load
from refilld.settings import Settings
from storage.engine import Database
from storage.migrate import require_current


def real_clock() -> datetime:
    """The real time; jobs and rules get it handed in."""
    return datetime.now(UTC)


@dataclass
class CommandContext:
    """One invocation's surroundings; settings and database are opened when first needed."""

    config: Path | None = None
    clock: Callable[[], datetime] = field(default=real_clock)

    @cached_property
    def settings(self) -> Settings:
        return load(self.config)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The configured database, which must be at the revision that this version needs."""
        database = Database(self.settings.database.url, create=False)
        try:
            require_current(database)
            yield database
        finally:
            database.close()

    def now(self) -> datetime:
        return self.clock()


pass_context = click.make_pass_decorator(CommandContext)
