"""The metrics of a PostgreSQL server, and of one that does not answer any more."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest
from flask import Flask
from sqlalchemy import make_url
from structlog.testing import capture_logs

from refilld.api.auth import Guard
from refilld.api.route import ROUTES, RouteTable
from refilld.api.token_lookup import TokenLookup
from refilld.daemon.metrics_endpoint import add_metrics
from refilld.metrics.gauges import GAUGES
from refilld.metrics.process import ProcessMetrics
from refilld.services.database_check import PROBE, DatabaseCheck
from refilld.services.token_uses import TokenUses
from refilld.settings.settings import Settings
from storage.engine import Database
from tests.builders import NOW
from tests.tcp_proxy import TcpProxy, tcp_proxy

SETTINGS = {"http": {"metrics_peers": ["127.0.0.1"]}, "sources": {"graph": {"enabled": True}}}
SLACK = 1.4


@pytest.fixture
def proxy(migrated_postgres_url: str) -> Iterator[TcpProxy]:
    """A proxy in front of a server with an empty, migrated database."""
    directory = Path(str(make_url(migrated_postgres_url).query["host"]))
    with tcp_proxy(directory / ".s.PGSQL.5432") as proxy:
        yield proxy


def test_a_silent_server_does_not_hold_the_metrics_up(
    migrated_postgres_url: str, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are answered without its gauges, and have them again when it answers."""
    monkeypatch.setattr("refilld.services.database_check._FRESH", -1.0)
    url = make_url(migrated_postgres_url).set(host="127.0.0.1", port=proxy.port, query={})
    with closing(Database(url.render_as_string())) as database, capture_logs() as logs:
        app, check = Flask("metrics"), DatabaseCheck(database)
        guard = Guard(TokenLookup(database), TokenUses(database, lambda: NOW), lambda: NOW, 0)
        app.extensions[ROUTES] = RouteTable(app, guard, lambda: NOW)
        settings = Settings.model_validate(SETTINGS)
        add_metrics(app, ProcessMetrics(), database, check, settings, lambda: NOW)
        client = app.test_client()
        text = client.get("/metrics").text
        assert "\nrefilld_database_up 1.0\n" in text
        assert [name for name in GAUGES if f"\n{name}" not in text] == []
        proxy.pause()
        for longest in (PROBE + SLACK, SLACK):
            start = monotonic()
            silent = client.get("/metrics").text
            assert monotonic() - start < longest
            assert "\nrefilld_database_up 0.0\n" in silent
            assert "refilld_build_info{" in silent
            assert "refilld_targets" not in silent
        proxy.resume()
    assert {line["event"] for line in logs} == {"metrics.database_unavailable"}
