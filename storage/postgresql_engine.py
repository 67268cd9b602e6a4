"""PostgreSQL: an engine on a server."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

from storage.errors import MissingDriverError

MOST_CONNECTIONS = 16


def open_engine(url: URL) -> Engine:
    try:
        return create_engine(url, pool_size=MOST_CONNECTIONS, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        problem = f"PostgreSQL needs {error.name}, from the extra postgres of refilld"
        raise MissingDriverError(problem) from error
