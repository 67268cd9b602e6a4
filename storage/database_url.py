"""The URL of a database: parsing it without showing its secrets."""

import re
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from monitor.errors import BadInputError

_HOST = r"[^:/?@,]+(?::[0-9]+)?"
_SEVERAL_HOSTS = re.compile(rf"(postgresql[^:/]*://(?:[^@/]*@)?)({_HOST}(?:,{_HOST})+)((?:[/?].*)?)")
_PORT = 5432
_ENGINES = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}


def read_url(url: str) -> URL:
    """Read a URL as it is written; several hosts may stand in it as libpq has them, `HOST:PORT,HOST:PORT`.

    Raises ArgumentError or ValueError if it is none.
    """
    found = _SEVERAL_HOSTS.fullmatch(url)
    if found is None:
        return make_url(url)
    before, hosts, after = found.groups()
    named = [host if ":" in host else f"{host}:{_PORT}" for host in hosts.split(",")]
    return make_url(before + after).update_query_pairs([("host", host) for host in named], append=True)


def parse_url(url: str) -> URL:
    """Parse a database URL; raises BadInputError, which shows no part of the URL except the engine."""
    try:
        parsed = read_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is not a number
        raise BadInputError("database.url", "not a database URL; write sqlite:///refilld.db") from None
    driver = _ENGINES.get(parsed.get_backend_name())
    if driver is None:
        known = "sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        raise BadInputError("database.url", f"unknown engine {parsed.drivername!r}; write {known}")
    no_file = parsed.database in {None, "", ":memory:"} or parsed.host or parsed.query
    if driver.startswith("sqlite") and no_file:
        raise BadInputError("database.url", "does not name just a file; write sqlite:///refilld.db")
    if "@" in (parsed.host or ""):  # the end of a password, which would appear in messages
        raise BadInputError("database.url", "has a password with a bare @; write it as %40")
    return parsed.set(drivername=driver)


def relative_file(url: str) -> Path | None:
    """The relative path of a SQLite file; None for any other URL, also for one that is not valid."""
    try:
        parsed = parse_url(url)
    except BadInputError:
        return None
    path = Path(parsed.database or "")
    return None if parsed.get_backend_name() != "sqlite" or path.is_absolute() else path


def with_file(url: str, path: Path) -> str:
    """The URL of a SQLite file with another path."""
    return make_url(url).set(database=str(path)).render_as_string()
