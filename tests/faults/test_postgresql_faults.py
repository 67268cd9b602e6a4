"""A PostgreSQL server that stops, is silent or read-only, or ends connections: nothing is lost."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import gettempdir

import psycopg
import pytest
from sqlalchemy import make_url

from storage import migrate
from storage.engine import Database
from tests.faults.conftest import opened
from tests.faults.crew import Crew, reserved_ports
from tests.faults.http_client import pause
from tests.faults.judgement import check, check_all_made_good
from tests.faults.shop import Shop
from tests.faults.working_shop import at_work, steps_go_on
from tests.postgres_server import DURABLE, control, fast_directory, own_server, url_of
from tests.tcp_proxy import TcpProxy, tcp_proxy


@dataclass(frozen=True)
class Server:
    """A server of the test's own, with a proxy in front of it."""

    home: Path
    proxy: TcpProxy
    shop: Shop

    def admin(self, *statements: str) -> None:
        with psycopg.connect(host=str(self.home), user="postgres", autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement.encode())

    @property
    def process(self) -> int:
        """The first process of the server."""
        return int((self.home / "data/postmaster.pid").read_text().split()[0])

    @property
    def children(self) -> list[int]:
        first = self.process
        return [int(child) for child in Path(f"/proc/{first}/task/{first}/children").read_text().split()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The shop reaches its database through the proxy, and the checker directly."""
    with (
        own_server(durable=fast_directory() or Path(gettempdir())) as home,
        tcp_proxy(home / ".s.PGSQL.5432") as proxy,
        reserved_ports(2) as ports,
    ):
        remote = make_url(url_of(home)).set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable"})
        database = Database(url_of(home))
        migrate.upgrade(database)
        shop = opened(Shop(tmp_path, url_of(home), ports), database)
        yield Server(home, proxy, replace(shop, daemon_url=remote.render_as_string(hide_password=False)))


def stopped(server: Server) -> None:
    """As by an operator, and as by a crash."""
    for mode in ("fast", "immediate"):
        control(server.home, "-m", mode, "stop", settings=DURABLE)
        pause(0.2)
        control(server.home, "start", settings=DURABLE)
        check(server.shop)


def silent_connections(server: Server) -> None:
    """Longer than a daemon waits for the answer to a check of a connection."""
    server.proxy.pause()
    pause(2.5)
    server.proxy.resume()


def stopped_processes(server: Server) -> None:
    """While the first one is stopped, the number of a child that ends is not given back."""
    os.kill(server.process, signal.SIGSTOP)
    children = server.children
    for child in children:
        os.kill(child, signal.SIGSTOP)
    pause(1)
    for child in children:
        os.kill(child, signal.SIGCONT)
    os.kill(server.process, signal.SIGCONT)


def read_only(server: Server) -> None:
    with read_only_sessions(server):
        pause(0.5)
        check(server.shop)


@contextmanager
def read_only_sessions(server: Server) -> Iterator[None]:
    """As after a fail-over to a standby."""
    server.admin("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    yield
    server.admin("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


def terminated(server: Server) -> None:
    """Again and again, whatever each session is doing."""
    for _ in range(20):
        server.admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'refilld' "
            "AND state <> 'idle'"
        )
        pause(0.02)


FAULTS: tuple[Callable[[Server], None], ...] = (
    terminated, read_only, stopped_processes, silent_connections, stopped,
)  # fmt: skip


def test_no_fault_of_the_server_loses_anything(server: Server) -> None:
    """One after the other, on one server, because its start takes most of the time."""
    with at_work(server.shop, "server") as crew:
        for fault in FAULTS:
            fault(server)
            goes_on(crew)
        check_all_made_good(server.shop, crew)


def goes_on(crew: Crew) -> None:
    """Also the daemons are the same processes as before."""
    steps_go_on(crew)
    assert [crew.exit_code(name) for name in ("daemon-0", "daemon-1")] == [None, None]
