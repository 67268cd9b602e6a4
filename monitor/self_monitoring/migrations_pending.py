"""A newer version is installed, but the database was not migrated yet."""

from dataclasses import dataclass

from monitor.events.monitoring import MigrationsPending


@dataclass(frozen=True, slots=True)
class Revisions:
    """The revision of the database, and the newest one that is installed."""

    database: str
    newest: str


def migrations_pending(revisions: Revisions | None) -> MigrationsPending | None:
    """The payload if the database is older than the installed program."""
    if revisions is None or revisions.database >= revisions.newest:
        return None
    return MigrationsPending(revisions.database, revisions.newest)
