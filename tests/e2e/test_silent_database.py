"""The daemon while PostgreSQL answers nothing, as with a stopped server or a broken network."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import make_url

from tests.e2e.installation import Installation, Running, Sold, installed, until
from tests.tcp_proxy import TcpProxy, tcp_proxy

SHOP = [Sold("1", "profile.one")]


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[TcpProxy]:
    """A proxy in front of the server of the tests."""
    with tcp_proxy(Path(str(make_url(postgres_url).query["host"]), ".s.PGSQL.5432")) as proxy:
        yield proxy


@pytest.fixture
def shop(tmp_path: Path, fresh_postgres: str, proxy: TcpProxy) -> Iterator[Installation]:
    """An installation that reaches PostgreSQL through the proxy."""
    url = make_url(fresh_postgres).set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable"})
    with installed(tmp_path) as place:
        place.settings["database.url"] = url.render_as_string(hide_password=False)
        place.here("init")
        place.sell(SHOP)
        yield place


def ask(daemon: Running, path: str) -> tuple[int, str | None]:
    """The status of an answer, which must come soon, and its Retry-After."""
    connection = HTTPConnection("127.0.0.1", daemon.port, timeout=4)
    connection.request("GET", path)
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.getheader("Retry-After")


def test_a_silent_server_stops_neither_probes_nor_the_end_of_the_process(
    shop: Installation, proxy: TcpProxy
) -> None:
    """Jobs continue when it answers again, the loss is refilled once, and SIGTERM ends the process."""
    with shop.daemon() as daemon:
        daemon.until_logged("look.taken")
        proxy.pause()
        assert ask(daemon, "/readyz") == (503, "5")
        assert ask(daemon, "/healthz") == (200, None)
        shop.count("profile.one", 1300)
        proxy.resume()
        until(lambda: ask(daemon, "/readyz")[0] == 200, "readiness")
        until(shop.refills, "the refill")
        assert [row["quantity"] for row in shop.refills()] == [200]
        proxy.pause()
        start = monotonic()
        assert daemon.stop() == 0
        assert monotonic() - start < 15
        assert "Traceback" not in daemon.log.read_text()
        assert daemon.events[-1]["event"] == "daemon.stopped"
