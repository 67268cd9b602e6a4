"""Work on a whole PostgreSQL database: it may take long, and nobody else may be connected."""

from sqlalchemy import Connection

from storage.errors import TransferError

_NO_LIMITS = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
_TRIES = 5
_OTHERS = """
SELECT count(*), string_agg(DISTINCT nullif(application_name, ''), ', ') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def without_limits(connection: Connection) -> None:
    """Let the statements of this transaction take as long as they need; SQLite sets no limit."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_NO_LIMITS)


def require_alone(connection: Connection, name: str) -> None:
    """Raise TransferError while other programs are connected to the PostgreSQL database."""
    others, names = connection.exec_driver_sql(_OTHERS).one()
    for _ in range(_TRIES if others else 0):  # a program that has just ended may still be shown
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot(), pg_sleep(0.1)")
        others, names = connection.exec_driver_sql(_OTHERS).one()
        if not others:
            break
    if others:
        connections = "another connection" if others == 1 else f"{others} other connections"
        programs = f" ({names})" if names else ""
        raise TransferError(f"{name} is in use by {connections}{programs}; stop every refilld on it first")
