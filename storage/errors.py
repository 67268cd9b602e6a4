"""Errors of the storage; violated constraints are mapped to them by name.

RefilldError
└── StorageError
    ├── UnreachableError      the database cannot be opened or reached
    │   ├── MissingDriverError    the driver of the database is not installed
    │   ├── DatabaseFileError    the SQLite file was moved, deleted or replaced
    │   └── WrongStatementError   SQLite cannot run a statement on this schema
    ├── NotMigratedError      the database's schema is not the one this version needs
    │   └── MovedError            the database was copied to another one, in which the work goes on
    ├── TransferError         a backup, a restore or a copy is refused, or failed
    ├── DaemonRunningError    another daemon uses this SQLite file
    ├── NotFoundError         there is no such order, refill, review or token
    ├── WrongStateError       the state of a refill or a review does not allow the action
    │   ├── NothingMissingError   no unit of the refill is missing any more
    │   └── ShadowModeError       shadow mode queues nothing
    ├── LeaseLostError        the lease token is not, or no longer, the refill's
    ├── RepeatDiffersError    a refill was completed with other values by the same token
    ├── OpenRefillError       the order has an open refill already
    └── KeyReusedError        an idempotency key was used for another request
"""

from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError

from monitor.errors import RefilldError


class StorageError(RefilldError):
    """The base of all errors of the storage."""


class UnreachableError(StorageError):
    """The database cannot be opened or reached."""


class MissingDriverError(UnreachableError):
    """The driver of the database is not installed."""

    extra = "postgres"
    """The optional dependency that has it; SQLite's driver comes with Python."""


class DatabaseFileError(UnreachableError):
    """The SQLite file was moved, deleted or replaced."""


class WrongStatementError(UnreachableError):
    """SQLite cannot run a statement on this schema, of which a table may have been changed by hand."""


class NotMigratedError(StorageError):
    """The database's schema is not the one this version needs."""


class MovedError(NotMigratedError):
    """The database was copied to another one, in which the work goes on."""


class TransferError(StorageError):
    """A backup, a restore or a copy is refused, or failed."""


class DaemonRunningError(StorageError):
    """Another daemon uses this SQLite file."""


class NotFoundError(StorageError):
    """There is no such order, refill, review, token or webhook endpoint."""


class WrongStateError(StorageError):
    """The state of a refill or a review does not allow the action."""


class NothingMissingError(WrongStateError):
    """No unit of the refill is missing any more, so it must not be queued."""


class ShadowModeError(WrongStateError):
    """Shadow mode queues nothing."""


class TooManyEndpointsError(WrongStateError):
    """There are as many webhook endpoints as there may be."""


class LeaseLostError(StorageError):
    """The lease token is not, or no longer, the refill's."""


class RepeatDiffersError(StorageError):
    """A refill was completed with other values by the same token; what was recorded stays."""

    def __init__(self, message: str, faults: Mapping[str, str] | None = None) -> None:
        self.faults = faults or {}
        """The fields that differ, with what was recorded."""
        super().__init__("; ".join([message, *(f"{name}: {what}" for name, what in self.faults.items())]))


class OpenRefillError(StorageError):
    """The order has an open refill already; at most one may be held, queued or claimed."""


class KeyReusedError(StorageError):
    """An idempotency key was used for another request."""


_BY_CONSTRAINT: dict[str, type[StorageError]] = {
    "uq_refills_one_open_per_order": OpenRefillError,
}
_BY_COLUMNS: dict[str, type[StorageError]] = {
    # SQLite names the columns of a violated unique index, not the index
    "UNIQUE constraint failed: refills.order_id": OpenRefillError,
}


def domain_error(error: IntegrityError) -> StorageError | None:
    """The domain error of a violated constraint; None if it has none."""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    kind = _BY_CONSTRAINT.get(name or "") or _BY_COLUMNS.get(str(error.orig))
    return None if kind is None else kind(kind.__doc__)
