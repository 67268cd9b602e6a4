"""PostgreSQL: an engine on a server, directly or through PgBouncer.

Limits of statements and locks are set in each transaction: PgBouncer refuses them at the start of a
connection, and in its transaction mode a session's settings reach other clients. For the same reason no
statement is prepared through a pooler; planning one again each time takes longer than most run.

Without a pooler, and on a connection that has just been used, a transaction of a single statement is that
statement: it needs no BEGIN, which also finds out whether the connection is dead, and no COMMIT.
"""

from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from storage.errors import MissingDriverError
from storage.patience import CHECK, CONNECT, MARGIN, Patience, Waits
from storage.postgresql_errors import discards

MOST_CONNECTIONS = 16
_SPARE_CONNECTIONS = 16
_PREPARED_AFTER = 5
"""Executions in one session after which a statement is prepared."""
_IDLE_IN_TRANSACTION = 120
"""Seconds after which the server ends a transaction, and releases its locks, when its client is silent."""
_PARAMETERS: dict[str, object] = {
    "keepalives_idle": 30,  # a host that is gone is noticed within a minute
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "refilld",
}
"""Connection parameters of libpq; the database URL may set others.

Nothing else sets the encoding, which is UTF-8: psycopg reads JSON by no other.
"""


def open_engine(url: URL, waits: Waits) -> Engine:
    try:
        connect = import_module("storage.postgresql_connection").BoundedConnection.connect
        engine = _create(url)
    except ModuleNotFoundError as error:
        problem = f"PostgreSQL needs {error.name}, from the extra postgres of refilld"
        raise MissingDriverError(problem) from error

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, arguments: list[str], parameters: dict[str, Any]) -> Any:
        parameters.setdefault("connect_timeout", waits.connect_timeout)
        try:
            return _prepared(connect(*arguments, **parameters), waits)
        except Exception:
            waits.failed_to_connect()
            raise

    @event.listens_for(engine, "checkin")
    def _checkin(raw: Any, _record: object) -> None:
        if raw is not None:
            raw.patience = CHECK

    dialect: Any = engine.dialect
    is_lost = dialect.is_disconnect
    dialect.is_disconnect = lambda error, *where: discards(error) or is_lost(error, *where)
    return engine


def _create(url: URL) -> Engine:
    defaults = {name: value for name, value in _PARAMETERS.items() if name not in url.query}
    return create_engine(
        url,
        pool_size=MOST_CONNECTIONS,
        max_overflow=_SPARE_CONNECTIONS,
        pool_timeout=CONNECT,
        hide_parameters=True,
        connect_args={**defaults, "prepare_threshold": None, "client_encoding": "utf8"},
    )


def _prepared(raw: Any, waits: Waits) -> Any:
    """The connection, ready for transactions; closed if that fails."""
    try:
        raw.waits = waits
        raw.autocommit = True  # psycopg would send its BEGIN alone, and wait for the answer
        raw.direct = _is_direct(raw)
        raw.prepare_threshold = _PREPARED_AFTER if raw.direct else None
    except BaseException:
        raw.close()
        raise
    return raw


def _is_direct(raw: Any) -> bool:
    """Whether no pooler is between: that names another process than the one which runs a statement."""
    (backend,) = raw.execute("SELECT pg_backend_pid()").fetchone()
    return bool(backend == raw.info.backend_pid)


def begin(connection: Connection) -> None:
    """Begin a transaction, or only set the limits of one that is a single statement."""
    patience: Patience = connection.info["patience"]
    raw: Any = connection.connection.driver_connection
    if connection.info["single"] and raw.direct and raw.in_use:
        _limit_session(connection, raw, patience)
    else:
        connection.exec_driver_sql(f"BEGIN; {_limits('SET LOCAL', patience)}")  # within CHECK: it may be dead
    raw.patience = patience.statement + MARGIN


def _limit_session(connection: Connection, raw: Any, patience: Patience) -> None:
    if raw.limits != patience:
        connection.exec_driver_sql(_limits("SET", patience))
        raw.limits = patience


def _limits(command: str, patience: Patience) -> str:
    limits = {
        "statement_timeout": patience.statement,
        "lock_timeout": patience.turn,
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION,
    }
    return "; ".join(f"{command} {name} = '{seconds * 1000:.0f}ms'" for name, seconds in limits.items())
