"""The context of a command: configuration, database and clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import click

from refilld.answers.texts import Texts, load_texts
from refilld.clock import real_clock
from refilld.config import PLACES, Configuration, load_with_origins
from refilld.config_paths import DATABASE_URL
from refilld.settings.settings import Settings
from storage.engine import Database
from storage.errors import NotMigratedError
from storage.patience import CALLER, Patience
from storage.revision import require_current


@dataclass
class CommandContext:
    """The context of one invocation; settings and database are loaded when first used."""

    config: Path | None = None
    clock: Callable[[], datetime] = field(default=real_clock)

    @cached_property
    def configuration(self) -> Configuration:
        return load_with_origins(self.config)

    @property
    def settings(self) -> Settings:
        return self.configuration.settings

    @cached_property
    def texts(self) -> Texts:
        """The texts that answer customers."""
        return load_texts(self.settings.answers.language, self.settings.answers.path)

    def answers_in(self, language: str | None) -> Texts:
        """The texts that answer customers, if they have the language; their faults go to standard error."""
        texts = self.texts
        if language is not None and language not in texts.languages:
            known = ", ".join(texts.languages)
            raise click.BadParameter(
                f"there is no language {language!r}; there are: {known}", param_hint="--language"
            )
        for fault in texts.faults:
            click.echo(f"refilld: {fault}", err=True)
        return texts

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Open the configured database; raises NotMigratedError when its schema is of another version."""
        database = self.opened(self.settings.database.patience)
        try:
            require_current(database.capped(CALLER))
            yield database
        finally:
            database.close()

    def opened(self, patience: Patience) -> Database:
        """The configured database, whatever its schema; raises NotMigratedError when there is none."""
        try:
            return Database(self.settings.database.url, create=False, patience=patience)
        except NotMigratedError as error:
            if self.configuration.found or DATABASE_URL in self.configuration.origins:
                raise
            looked = ", ".join(str(Path(place).absolute()) for place in PLACES)
            missing = str(error).partition(";")[0]
            raise NotMigratedError(
                f"no configuration file was found ({looked}), and {missing}; name the file with --config or "
                "$REFILLD_CONFIG, or, for a new shop, run: refilld init"
            ) from None

    def now(self) -> datetime:
        return self.clock()


pass_context = click.make_pass_decorator(CommandContext)
