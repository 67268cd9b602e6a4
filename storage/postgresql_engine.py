"""PostgreSQL: an engine on a server."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

from storage.errors import UnreachableError

MOST_CONNECTIONS = 16


def open_engine(url: URL) -> Engine:
    try:
        return create_engine(url, pool_size=MOST_CONNECTIONS, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise UnreachableError("PostgreSQL needs its driver, the extra postgres of refilld") from error
