"""The errors of a database, as the program knows them."""

from sqlite3 import SQLITE_ERROR, SQLITE_FULL, SQLITE_IOERR
from sqlite3 import Error as SQLiteError

from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from storage.errors import StorageError, UnreachableError, WrongStatementError, domain_error
from storage.postgresql_errors import one_line, unavailable


class MappedErrors:
    """A context that turns the errors of the driver and of SQLAlchemy into those of `storage.errors`.

    A violated constraint without a domain error, and a wrong statement on PostgreSQL, stay as they are.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Nothing: one such context is enough for a database."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        mapped = None if error is None else self._mapped(error)
        if mapped is not None:
            raise mapped from error

    def _mapped(self, error: BaseException) -> StorageError | None:
        if isinstance(error, IntegrityError):
            return domain_error(error)
        if isinstance(error, PoolTimeoutError):
            return UnreachableError(f"database {self._name}: busy; no connection came free in time")
        if isinstance(error, SQLiteError):  # of a statement that SQLAlchemy has not run
            return UnreachableError(f"database {self._name}: {error}{_remedy(error)}")
        return self._of_driver(error) if isinstance(error, DBAPIError) else None

    def _of_driver(self, error: DBAPIError) -> StorageError | None:
        of_service = type(error) in {OperationalError, DatabaseError}
        if error.statement is not None and not of_service and not unavailable(error.orig):
            return None
        if getattr(error.orig, "sqlite_errorcode", None) == SQLITE_ERROR:
            return WrongStatementError(f"database {self._name}: {one_line(error.orig)}")
        return UnreachableError(f"database {self._name}: {one_line(error.orig)}{_remedy(error.orig)}")


def _remedy(error: BaseException | None) -> str:
    """What to do about an error of SQLite; the kind of an extended code is its lowest byte."""
    code = getattr(error, "sqlite_errorcode", None)
    kind = None if code is None else code & 0xFF
    return {SQLITE_FULL: "; make room", SQLITE_IOERR: "; is the disk full or broken?"}.get(kind or 0, "")
