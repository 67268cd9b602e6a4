"""Running migrations, and comparing the migrated schema with the tables in the code."""

from collections.abc import Callable
from functools import partial

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.schema import SchemaItem

from storage import partitions
from storage.engine import Database, Transaction, advisory_lock
from storage.metadata import ONLY_ON
from storage.revision import SCRIPTS, newest, require_known
from storage.schema import metadata


def upgrade(database: Database, progress: Callable[[str], None] | None = None) -> str:
    """Run the missing migrations in one transaction; returns the new revision.

    `progress` is called with each revision that is reached. Raises NotMigratedError if a newer version has
    migrated the database.
    """
    with database.write() as connection:
        upgrade_in(connection, database.name, progress)
    return newest()


def upgrade_in(connection: Transaction, name: str, progress: Callable[[str], None] | None = None) -> None:
    """Run the missing migrations in an open transaction; `name` is that of the database, for the error."""
    config = _config()
    advisory_lock(connection, "refilld migrations")
    require_known(name, MigrationContext.configure(connection).get_current_revision())
    config.attributes["connection"] = connection
    if progress is not None:
        config.attributes["on_version_apply"] = lambda step, **_: progress(step.up_revision_id)
    command.upgrade(config, "head")


def differences(database: Database) -> list[object]:
    """The differences between the migrated schema and the tables in the code."""
    with database.read() as connection:
        parts = partitions.names(connection)
        options = {
            "include_name": lambda name, *_: name not in parts,
            "include_object": partial(_is_compared, connection.dialect.name),
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _is_compared(engine: str, one: SchemaItem, *_: object) -> bool:
    """Whether an object of the code is expected in a database of this engine."""
    if isinstance(one, ForeignKeyConstraint) and engine == "postgresql":
        return one.referred_table.name not in partitions.PARTITIONED
    return bool(one.info.get(ONLY_ON, engine) == engine)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))  # Alembic interpolates it
    return config
