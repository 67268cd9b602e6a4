"""A PostgreSQL server that accepts everything and answers nothing: every wait ends."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import make_url

from storage.engine import Database
from storage.errors import UnreachableError
from storage.patience import CHECK, CONNECT, MARGIN, STOPPING, WORK, Patience
from tests.storage.request_rows import add_request, count_requests
from tests.tcp_proxy import TcpProxy, tcp_proxy

MAX_WAIT = 30.0
SLACK = 10
"""Seconds that a busy machine may add; without a limit the waits would not end, or take a minute."""
HURRIED = Patience(turn=1, statement=0.2)


@pytest.fixture
def proxy(postgres_home: str) -> Iterator[TcpProxy]:
    """A proxy in front of the server of the tests."""
    directory = make_url(postgres_home).query["host"]
    with tcp_proxy(Path(str(directory), ".s.PGSQL.5432")) as proxy:
        yield proxy


@pytest.fixture
def remote(postgres_home: str, postgresql: Database, proxy: TcpProxy) -> Iterator[Database]:
    """The empty database, reached through the proxy."""
    url = make_url(postgres_home).set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable"})
    with closing(Database(url.render_as_string(hide_password=False))) as database:
        yield database
        proxy.resume()


def test_a_pooled_connection_to_a_silent_server_ends_and_is_replaced(
    remote: Database, proxy: TcpProxy
) -> None:
    """A transaction begins with a check of the connection; then the rest of the pool is not tried."""
    assert count_requests(remote) == 0
    proxy.pause()
    start = monotonic()
    with pytest.raises(UnreachableError, match="connection timeout expired"):
        count_requests(remote)
    assert monotonic() - start < CHECK + CONNECT + SLACK
    proxy.resume()
    with remote.write() as connection:
        add_request(connection)
    assert count_requests(remote) == 1


@pytest.mark.parametrize("moment", ["statement", "commit"])
def test_an_answer_that_does_not_come_is_an_error(remote: Database, proxy: TcpProxy, moment: str) -> None:
    """After a statement the transaction is undone; after a commit nobody knows, so nothing is repeated."""

    def work() -> None:
        with remote.with_patience(HURRIED).write() as connection:
            add_request(connection)
            proxy.pause()
            if moment == "statement":
                add_request(connection)

    start = monotonic()
    with pytest.raises(UnreachableError, match="no answer within 1 s"):
        work()
    assert monotonic() - start < HURRIED.statement + MARGIN + SLACK
    proxy.resume()
    assert count_requests(remote) == 0 if moment == "statement" else count_requests(remote) <= 1


def test_a_wait_of_any_length_ends_soon_when_the_process_stops(remote: Database, proxy: TcpProxy) -> None:
    """The server has a minute for a statement of a job; the process does not wait, and tries nothing more."""
    stopping, asked = Event(), Event()
    remote.shorten_waits_when(stopping)

    def job() -> None:
        with remote.with_patience(WORK).write() as connection:
            add_request(connection)
            proxy.pause()
            asked.set()
            add_request(connection)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(job)
        assert asked.wait(MAX_WAIT)
        stopping.set()
        start = monotonic()
        with pytest.raises(UnreachableError, match="no answer within"):
            running.result(MAX_WAIT)
    with pytest.raises(UnreachableError, match="given up, because the process is stopping"):
        count_requests(remote)
    assert monotonic() - start < STOPPING + SLACK
