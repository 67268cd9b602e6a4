"""The revision of a database, and the one that this version requires.

Read without Alembic, whose import takes a fifth of the time of a short command.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import inspect

from storage import transfers
from storage.engine import Database, Transaction
from storage.errors import MovedError, NotMigratedError

SCRIPTS = Path(__file__).parent / "migrations"


def installed() -> str:
    """The newest revision on the disk, which is newer than `newest` once another version is installed."""
    return _on_disk()[-1]


@cache
def known() -> tuple[str, ...]:
    """The revisions of all migrations of this process, oldest first."""
    return _on_disk()


def _on_disk() -> tuple[str, ...]:
    """The name of a file begins with its revision."""
    return tuple(sorted(path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("*_*.py")))


def newest() -> str:
    """The revision that this version requires."""
    return known()[-1]


def current(database: Database) -> str | None:
    """The revision of the database; None if it is empty."""
    with database.read() as connection:
        return current_in(connection)


def current_in(connection: Transaction) -> str | None:
    """The revision of the database of a transaction; None if it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def require_current(database: Database) -> None:
    """Raise NotMigratedError unless the database has the revision that this version requires.

    Raises MovedError when the work goes on in another database.
    """
    with database.read() as connection:
        found = current_in(connection)
        if found == newest():
            require_here(connection, database.name)
            return
    if found is None:
        raise NotMigratedError(f"{database.name} holds no refilld tables; run: refilld init")
    require_known(database.name, found)
    raise NotMigratedError(f"{database.name} is at {found}, not {newest()}; run: refilld db upgrade")


def require_known(name: str, found: str | None) -> None:
    """Raise NotMigratedError if the database of this name was migrated by a newer version."""
    if found is not None and found not in known():
        raise NotMigratedError(
            f"{name} is at {found}, which this refilld does not know; install a newer refilld"
        )


def require_here(connection: Transaction, name: str) -> None:
    """Raise MovedError if the work goes on in another database, to which this one was copied."""
    move = transfers.moved(connection)
    if move is not None:
        raise MovedError(
            f"{name} was copied to {move.place}, where the work goes on; set database.url to it"
            f" (to go on here after all: refilld db reopen)"
        )
