"""What a PostgreSQL server may do to a transaction: each fault is one line, and over when its cause is.

Every fault is produced by its cause, on a server of its own.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url, text

from storage import migrate
from storage.engine import Database, Transaction
from storage.errors import UnreachableError
from storage.patience import Patience
from tests.postgres_server import MOST_CONNECTIONS, control, own_server, url_of
from tests.storage.request_rows import add_request, count_requests

HURRIED = Patience(turn=0.2, statement=0.5)
SECRET = "sw0rdfish"


@dataclass(frozen=True)
class World:
    """A migrated database on the server, opened as the program opens it, and as its superuser."""

    home: Path
    name: str
    database: Database

    def admin(self, *statements: str, name: str = "postgres") -> None:
        with psycopg.connect(host=str(self.home), user="postgres", dbname=name, autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement.encode())

    @contextmanager
    def changed(self, *settings: str) -> Iterator[None]:
        """The database with these settings for new sessions."""
        self.admin(*(f"ALTER DATABASE {self.name} SET {setting}" for setting in settings))
        self.database.close()
        yield
        self.admin(f"ALTER DATABASE {self.name} RESET ALL")

    @contextmanager
    def stranger(self, statement: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """Another session, in a transaction that has executed a statement."""
        with psycopg.connect(host=str(self.home), user="postgres", dbname=self.name) as other:
            other.execute(statement.encode())
            yield other
            other.rollback()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with own_server() as home:
        yield home


@pytest.fixture(scope="module")
def template(home: Path) -> str:
    """A migrated database with one row, to be copied."""
    with closing(Database(url_of(home))) as database:
        migrate.upgrade(database)
        with database.write() as connection:
            add_request(connection)
    return "postgres"


@pytest.fixture
def world(home: Path, template: str) -> Iterator[World]:
    name = f"refilld_{uuid4().hex}"
    with psycopg.connect(host=str(home), user="postgres", dbname="template1", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    with closing(Database(url_of(home, name), patience=HURRIED)) as database:
        yield World(home, name, database)


ROWS = 500
"""More than fit on one page of the table."""


def write(database: Database) -> None:
    with database.write() as connection:
        add_request(connection, count=ROWS)


def refusal(database: Database) -> str:
    """The error of a write; empty if there is none."""
    try:
        write(database)
    except UnreachableError as error:
        return str(error)
    return ""


@contextmanager
def stopped(world: World) -> Iterator[None]:
    """The server is stopped; the pool holds connections to it."""
    write(world.database)
    control(world.home, "-m", "fast", "stop")
    yield
    control(world.home, "start")


@contextmanager
def shutting_down(world: World) -> Iterator[None]:
    """The server waits for a last session to end, and takes no new one."""
    world.database.close()
    with world.stranger("SELECT 1"):
        control(world.home, "-W", "-m", "smart", "stop")
        yield
    control(world.home, "-m", "fast", "restart")


@contextmanager
def crowded(world: World) -> Iterator[None]:
    """Other programs hold all connections."""
    with ExitStack() as others:
        for _ in range(MOST_CONNECTIONS):
            others.enter_context(psycopg.connect(host=str(world.home), user="postgres", dbname="postgres"))
        yield


@contextmanager
def dropped(world: World) -> Iterator[None]:
    """Somebody renames the database."""
    world.database.close()
    world.admin(f"ALTER DATABASE {world.name} RENAME TO elsewhere")
    yield
    world.admin(f"ALTER DATABASE elsewhere RENAME TO {world.name}")


@contextmanager
def read_only(world: World) -> Iterator[None]:
    """The session is read-only, as on a standby after a fail-over."""
    with world.changed("default_transaction_read_only = on"):
        yield


@contextmanager
def locked(world: World) -> Iterator[None]:
    """Another session holds the rows and does nothing."""
    with world.stranger("LOCK TABLE source_requests"):
        yield


@contextmanager
def slow(world: World) -> Iterator[None]:
    """A statement takes longer than it may."""
    world.admin(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(9); RETURN NEW; END $$",
        "CREATE TRIGGER slow BEFORE INSERT ON source_requests FOR EACH ROW EXECUTE FUNCTION slow()",
        name=world.name,
    )
    yield
    world.admin("DROP FUNCTION slow CASCADE", name=world.name)


@contextmanager
def unprivileged(world: World) -> Iterator[None]:
    """The account of the URL may not write."""
    world.admin(
        "CREATE ROLE reader", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", name=world.name
    )
    with world.changed("role = reader"):
        yield
    world.database.close()
    world.admin("DROP OWNED BY reader", "DROP ROLE reader", name=world.name)


@contextmanager
def full_disk(world: World) -> Iterator[None]:
    """The disk of the server has no room for another page."""
    disk = world.home / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        shutil.chown(disk, user=world.home.owner())
        world.admin(f"CREATE TABLESPACE small LOCATION '{disk}'")
        world.admin("ALTER TABLE source_requests SET TABLESPACE small", name=world.name)
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(b"x" * 1_000_000)
        yield
        filler.unlink()
        world.admin("ALTER TABLE source_requests SET TABLESPACE pg_default", name=world.name)
        world.admin("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", disk], check=True)
        disk.rmdir()


Cause = Callable[[World], AbstractContextManager[None]]
FAULTS: dict[Cause, str] = {
    stopped: r"connection to server on socket .* failed: No such file or directory$",
    shutting_down: r"FATAL:  the database system is shutting down$",
    full_disk: r"could not extend file .*: No space left on device; make room",
    crowded: r"FATAL:  sorry, too many clients already$",
    dropped: r'FATAL:  database "refilld_\w+" does not exist$',
    read_only: r"cannot execute INSERT in a read-only transaction; is this server a standby\?",
    locked: r"canceling statement due to lock timeout; another transaction holds the rows",
    slow: r"canceling statement due to statement timeout$",
    unprivileged: r"permission denied for table source_requests; grant the account",
}


@pytest.mark.parametrize("cause", FAULTS)
def test_a_fault_of_the_server_is_one_line_and_over_with_its_cause(world: World, cause: Cause) -> None:
    """UnreachableError: exit code 3 at the prompt, 503 for callers; nothing of the transaction is kept."""
    with cause(world):
        error = refusal(world.database)
    assert error.startswith(f"database {world.database.name}: ")
    assert re.search(FAULTS[cause], error), error
    assert "\n" not in error
    before = count_requests(world.database)
    write(world.database)
    assert count_requests(world.database) == before + ROWS


def test_a_refused_password_is_one_line_without_it(world: World) -> None:
    """As after the password was changed on the server only."""
    world.admin("CREATE ROLE guarded LOGIN PASSWORD 'other'")
    rules = world.home / "data/pg_hba.conf"
    rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
    world.admin("SELECT pg_reload_conf()")
    url = make_url(url_of(world.home, world.name)).set(username="guarded", password=SECRET)
    with closing(Database(url.render_as_string(hide_password=False))) as database:
        with pytest.raises(UnreachableError, match=r'authentication failed for user "guarded"$') as caught:
            write(database)
        assert SECRET not in str(caught.value)


# Faults in the middle of a transaction


def test_a_backend_that_is_terminated_in_a_transaction_undoes_it(world: World) -> None:
    """The connection and the rest of the pool are replaced at once."""

    def work() -> None:
        with world.database.write() as connection:
            add_request(connection)
            ours = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{world.name}'"
            world.admin(ours)
            add_request(connection)

    before = count_requests(world.database)
    with pytest.raises(UnreachableError, match="terminating connection due to administrator command"):
        work()
    assert count_requests(world.database) == before
    write(world.database)


def test_a_deadlock_is_one_line_that_says_that_nothing_changed(world: World) -> None:
    """The server ends one of the two transactions; a job does it again in its next round."""

    def lock(connection: Transaction, key: int) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key})")

    def work(other: psycopg.Connection[tuple[object, ...]]) -> None:
        with world.database.write() as connection, ThreadPoolExecutor(1) as pool:
            lock(connection, 1)
            waiting = pool.submit(other.execute, "SELECT pg_advisory_xact_lock(1)")
            while not waits_for_a_lock(world):
                pass
            try:
                lock(connection, 2)
            finally:
                connection.invalidate()  # gives the lock to the other session
                waiting.result()

    with (
        world.changed("deadlock_timeout = '10ms'"),
        world.stranger("SET deadlock_timeout = '1min'; SELECT pg_advisory_xact_lock(2)") as other,
        pytest.raises(UnreachableError, match=r"deadlock detected; .* changed nothing; repeat it"),
    ):
        work(other)
    write(world.database)


def waits_for_a_lock(world: World) -> bool:
    with psycopg.connect(host=str(world.home), user="postgres", dbname=world.name) as admin:
        return admin.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is not None


def test_a_serialization_failure_is_one_line_that_says_that_nothing_changed(world: World) -> None:
    """As on a server whose default isolation is stricter than PostgreSQL's own."""

    def work() -> None:
        with world.database.write() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM source_requests")
            world.admin("UPDATE source_requests SET at = at + 1", name=world.name)
            connection.exec_driver_sql("UPDATE source_requests SET at = at + 1")

    with (
        world.changed("default_transaction_isolation = 'repeatable read'"),
        pytest.raises(UnreachableError, match=r"could not serialize access .* changed nothing; repeat it"),
    ):
        work()


# Sessions


def test_limits_hold_in_every_transaction_and_for_nobody_else(world: World) -> None:
    """PgBouncer gives the session to another client after the transaction."""
    for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        with world.database.read() as connection:
            assert connection.exec_driver_sql(f"SHOW {limit}").scalar() != "0"
            raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        assert raw.execute(f"SHOW {limit}".encode()).fetchone() == ("0",)
        raw.rollback()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_text_is_read_as_it_was_written_whatever_encoding_the_environment_names(
    world: World, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claims come as JSON, which psycopg reads as UTF-8; in another encoding it would be another text."""
    monkeypatch.setenv("PGCLIENTENCODING", encoding)
    query = text("SELECT CAST(:service AS TEXT), json_build_array(CAST(:service AS TEXT))")
    with closing(Database(url_of(world.home, world.name))) as database, database.read() as connection:
        read = connection.execute(query, {"service": "Aboé Ã©"}).one()
    assert tuple(read) == ("Aboé Ã©", ["Aboé Ã©"])


def test_the_next_connection_after_a_fail_over_finds_the_new_primary(world: World) -> None:
    """The read-only session is discarded, and so are all others of the pool."""
    with own_server() as standby:
        with psycopg.connect(host=str(standby), user="postgres", autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {world.name}".encode())
        with closing(Database(url_of(standby, world.name))) as database:
            migrate.upgrade(database)
        url = make_url(url_of(world.home, world.name)).update_query_dict(
            {"host": [str(world.home), str(standby)], "target_session_attrs": "read-write"}
        )
        with closing(Database(url.render_as_string())) as database:
            write(database)
            at = f"ALTER DATABASE {world.name} SET default_transaction_read_only = on"
            world.admin(at, "SELECT pg_reload_conf()")
            with database.write() as connection:
                connection.exec_driver_sql("SET SESSION default_transaction_read_only = on")
            with pytest.raises(UnreachableError, match="read-only transaction"):
                write(database)
            write(database)
            assert count_requests(database) == ROWS
