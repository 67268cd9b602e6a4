"""Running migrations, and comparing the migrated schema with the tables in the code."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from storage.engine import Database, Transaction, advisory_lock
from storage.metadata import ONLY_ON
from storage.revision import SCRIPTS, newest, require_known
from storage.schema import metadata


def upgrade(database: Database) -> str:
    """Run the missing migrations in one transaction; returns the new revision.

    Raises NotMigratedError if a newer version has migrated the database.
    """
    with database.write() as connection:
        upgrade_in(connection, database.name)
    return newest()


def upgrade_in(connection: Transaction, name: str) -> None:
    """Run the missing migrations in an open transaction; `name` is that of the database, for the error."""
    config = _config()
    advisory_lock(connection, "refilld migrations")
    require_known(name, MigrationContext.configure(connection).get_current_revision())
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def differences(database: Database) -> list[object]:
    """The differences between the migrated schema and the tables in the code."""
    with database.read() as connection:
        engine = connection.dialect.name
        options = {"include_object": lambda one, *_: one.info.get(ONLY_ON, engine) == engine}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))  # Alembic interpolates it
    return config
