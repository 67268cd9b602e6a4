"""Alerts are sent by Apprise, are retried, and reveal no secrets."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

import pytest

from monitor.events.sources import source_blocked
from refilld.channels import open_channels
from storage import events, migrate
from storage.engine import Database
from tests.alert_job import an_alerting
from tests.e2e.installation import Installation, Sold, until

NASA = Sold("1001", "nasa", start=1000, quantity=500)
SECRETS = ("s3cretuser", "s3cretword", "s3cretpath", "s3cretkey")


class Webhook:
    """A channel on loopback: its received messages and its answer."""

    def __init__(self) -> None:
        self.status = 200
        self.messages: list[dict[str, Any]] = []
        self.asked = 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.asked += 1
                if hook.status == 200:
                    hook.messages.append(body)
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        port = self._server.server_address[1]
        user, word, path, key = SECRETS
        return f"json://{user}:{word}@127.0.0.1:{port}/{path}/?+X-Key={key}"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as hook:
        yield hook


def without_secrets(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


def test_an_alert_is_delivered_once(place: Installation, webhook: Webhook) -> None:
    """One message reports a confirmed drop with its numbers."""
    place.settings["alerts.urls"] = json.dumps([webhook.url])
    place.sell([NASA])
    place.count("nasa", 1100)
    with place.daemon() as daemon:
        until(lambda: webhook.messages, "the message")
        daemon.until_logged("alerts.sent", kind="drop.confirmed", alerts=1)
        seen = place.looks()
        until(lambda: place.looks() >= seen + 2, "further looks")
        assert daemon.stop() == 0
        assert without_secrets(daemon.log.read_text())
    [message] = [sent for sent in webhook.messages if sent["title"] == "refilld: drop.confirmed"]
    assert {sent["title"] for sent in webhook.messages} == {
        "refilld: drop.confirmed", "refilld: review.opened [warning]",
    }  # fmt: skip
    assert len(webhook.messages) == 2
    assert "order 1001" in message["message"]
    assert "1100, whole at 1500, 400 missing; a refill of 400 is queued" in message["message"]


def test_a_failing_channel_is_reported_without_its_secrets(place: Installation, webhook: Webhook) -> None:
    """Logs, lists and database contain nothing of its URL."""
    webhook.status = 500
    place.settings["alerts.urls"] = json.dumps([webhook.url])
    place.sell([NASA])
    place.change("nasa", private=True)
    with place.daemon() as daemon:
        [failed] = daemon.until_logged("alerts.failed")
        assert daemon.stop() == 0
        assert failed["error"] == "alerts.urls number 1 did not take the message"
        assert without_secrets(daemon.log.read_text())
    assert [alert["state"] for alert in place.alerts("target.private")] == ["pending"]
    assert without_secrets(place.command("drops", "list"))
    assert without_secrets(place.command("drops", "list", "--json"))
    assert without_secrets((place.folder / "refilld.db").read_bytes().decode("latin-1"))


@pytest.fixture
def alerting(
    tmp_path: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[datetime], None]]:
    """One round of the real job at a given time, with one alert since NOON."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    database = Database(f"sqlite:///{tmp_path / 'refilld.db'}")
    migrate.upgrade(database)
    with database.write() as tx:
        events.add(tx, source_blocked("instaloader", "rate_limited", NOON + timedelta(hours=1)), NOON)
    channels = open_channels([webhook.url])
    yield lambda at: an_alerting(database, lambda: at, channels).run_once()
    database.close()


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # in Apprise, on Python 3.11
def test_a_failed_message_is_retried(
    alerting: Callable[[datetime], None], webhook: Webhook, capfd: pytest.CaptureFixture[str]
) -> None:
    """After 30 seconds, then after 60 more; once accepted it is not sent again."""
    webhook.status = 500
    tried = []
    for seconds in (0, 29, 30, 89, 90):
        if seconds == 90:
            webhook.status = 200
        alerting(NOON + timedelta(seconds=seconds))
        tried.append(webhook.asked)
    alerting(NOON + timedelta(hours=1))
    assert (tried, webhook.asked) == ([1, 1, 2, 2, 3], 3)
    assert [message["title"] for message in webhook.messages] == ["refilld: source.blocked [critical]"]
    assert without_secrets("".join(capfd.readouterr()))
