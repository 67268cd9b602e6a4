"""The metrics are for holders of a token with the scope, and for listed peers."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from refilld.api.server import HttpServer
from refilld.daemon.metrics_endpoint import add_metrics
from refilld.metrics.process import ProcessMetrics
from refilld.services.database_check import DatabaseCheck
from refilld.settings.settings import Settings
from storage import tokens
from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld, queue_world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueWorld]:
    """Each request checks the database anew."""
    monkeypatch.setattr("refilld.services.database_check._FRESH", -1.0)
    with queue_world(tmp_path) as world:
        yield world


class Scraper:
    """Reads the metrics of an application with these listed peers."""

    def __init__(self, world: QueueWorld, *peers: str) -> None:
        settings = Settings.model_validate({"http": {"metrics_peers": peers}})
        self.app, check = world.app(), DatabaseCheck(world.database)
        add_metrics(self.app, ProcessMetrics(), world.database, check, settings, world.clock)

    def scrape(self, token: str = "", peer: str = "192.0.2.7", **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        environ: dict[str, Any] = {"REMOTE_ADDR": peer}
        return self.app.test_client().get("/metrics", headers=sent, environ_overrides=environ)


def test_a_token_with_the_scope_may_read(world: QueueWorld) -> None:
    """In the text format of Prometheus, unless it accepts OpenMetrics."""
    scraper, token = Scraper(world), world.token(Scope.METRICS_READ)
    answer = scraper.scrape(token)
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert "\nrefilld_database_up 1.0\n" in answer.text
    assert "_created" not in answer.text
    open_metrics = scraper.scrape(token, Accept="application/openmetrics-text; version=1.0.0")
    assert open_metrics.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert open_metrics.text.endswith("# EOF\n")


def test_without_a_token_or_with_an_unknown_one_the_answer_is_401(world: QueueWorld) -> None:
    """Also on loopback, which is where a proxy connects from."""
    for peer in ("192.0.2.7", "127.0.0.1", "::1"):
        for token in ("", "rfd_unknown"):
            answer = Scraper(world).scrape(token, peer)
            assert answer.status_code == 401
            assert answer.mimetype == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("scope", set(Scope) - {Scope.METRICS_READ})
def test_another_scope_is_refused(world: QueueWorld, scope: Scope) -> None:
    answer = Scraper(world).scrape(world.token(scope))
    assert answer.status_code == 403
    assert answer.get_json()["type"] == "urn:refilld:missing-scope"


@pytest.mark.parametrize(
    ("peer", "listed"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("10.200.3.4", True),
        ("fd00::1", True),
        ("127.0.0.2", False),
        ("11.0.0.1", False),
        ("::1", False),
        ("::ffff:11.0.0.1", False),
        ("", False),
    ],
)
def test_listed_peers_need_no_token(world: QueueWorld, peer: str, listed: bool) -> None:
    """By address and by network; IPv4 is recognised on an IPv6 socket."""
    scraper = Scraper(world, "127.0.0.1", "10.0.0.0/8", "fd00::/8")
    assert scraper.scrape(peer=peer).status_code == (200 if listed else 401)


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_IP", "Client_IP"])
def test_a_header_cannot_name_the_peer(world: QueueWorld, header: str) -> None:
    """The peer is the other end of the connection."""
    text = "for=127.0.0.1" if header == "Forwarded" else "127.0.0.1"
    assert Scraper(world, "127.0.0.1").scrape(peer="192.0.2.7", **{header: text}).status_code == 401


@pytest.mark.parametrize(("listed", "status"), [("127.0.0.1", 200), ("10.0.0.0/8", 401)])
def test_the_peer_of_a_real_connection_is_its_other_end(world: QueueWorld, listed: str, status: int) -> None:
    """As the HTTP server sees it, whatever a proxy or a client says."""
    server = HttpServer(Scraper(world, listed).app, "127.0.0.1", 0)
    server.start()
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request(
            "GET", "/metrics", headers={"X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
        )
        answer = connection.getresponse()
        answer.read()
    server.stop()
    assert answer.status == status


def test_only_the_metrics_are_open_to_listed_peers(world: QueueWorld) -> None:
    """The rest of the interface keeps its tokens."""
    client = Scraper(world, "0.0.0.0/0").app.test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/api/v1/refills").status_code == 401


def test_a_lost_database_does_not_fail_the_metrics(world: QueueWorld) -> None:
    """For a listed peer, and a token that was accepted before; any other token cannot be judged."""
    scraper, token = Scraper(world, "127.0.0.1"), world.token(Scope.METRICS_READ)
    other, refused = world.token(Scope.METRICS_READ), world.token(Scope.ORDERS_READ)
    assert [scraper.scrape(one).status_code for one in (token, refused)] == [200, 403]
    shutil.move(world.path, world.path.with_name("moved.db"))
    with capture_logs():
        answers = [scraper.scrape(peer="127.0.0.1"), scraper.scrape(token)]
        for answer in answers:
            assert answer.status_code == 200
            assert "\nrefilld_database_up 0.0\n" in answer.text
            assert "refilld_http_request_duration_seconds_count{" in answer.text
            assert "refilld_targets" not in answer.text
        assert [scraper.scrape(one).status_code for one in (other, refused, "")] == [503, 503, 503]


def test_a_revoked_token_is_not_remembered(world: QueueWorld) -> None:
    """It was refused when the database was last asked."""
    scraper, token = Scraper(world), world.token(Scope.METRICS_READ)
    assert scraper.scrape(token).status_code == 200
    with world.database.write() as tx:
        tokens.revoke(tx, tokens.listed(tx)[0].token_id, world.now)
    assert scraper.scrape(token).status_code == 401
    shutil.move(world.path, world.path.with_name("moved.db"))
    with capture_logs():
        assert scraper.scrape(token).status_code == 503
