"""Running migrations, and checking the revision of a database."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage.engine import Database, advisory_lock
from storage.errors import NotMigratedError
from storage.schema import metadata

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> str:
    """Run the missing migrations in one transaction; returns the new revision.

    Raises NotMigratedError if a newer version has migrated the database.
    """
    config = _config()
    with database.write() as connection:
        advisory_lock(connection, "refilld migrations")
        _require_known(database.name, MigrationContext.configure(connection).get_current_revision())
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest()


def newest() -> str:
    """The revision that this version requires."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(database: Database) -> str | None:
    """The revision of the database; None if it is empty."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_current(database: Database) -> None:
    """Raise NotMigratedError unless the database has the revision that this version requires."""
    found = current(database)
    if found is None:
        raise NotMigratedError(f"{database.name} holds no refilld tables; run: refilld init")
    _require_known(database.name, found)
    if found != newest():
        raise NotMigratedError(f"{database.name} is at {found}, not {newest()}; run: refilld db upgrade")


def _require_known(name: str, found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise NotMigratedError(
            f"{name} is at {found}, which this refilld does not know; install a newer refilld"
        )


def differences(database: Database) -> list[object]:
    """The differences between the migrated schema and the tables in the code."""
    with database.read() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))  # Alembic interpolates it
    return config
