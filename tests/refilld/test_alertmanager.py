"""A real Alertmanager takes incidents, silences them, and resolves them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.channel_round import ChannelError
from monitor.alerts.incidents import Incident, Sign, incidents_of
from monitor.events.examples import example_of
from monitor.events.kind import EventKind
from monitor.model.instants import rfc3339
from refilld.alertmanager import Alertmanager
from refilld.clock import real_clock
from tests.alertmanager import alertmanager

KIND = EventKind.SOURCE_BLOCKED


def an_incident() -> Incident:
    now = real_clock()
    (incident,) = incidents_of([Sign(KIND, example_of(KIND).subject, now, lasts=True)], now).values()
    return incident


def test_a_real_alertmanager_shows_silences_and_resolves_an_incident(tmp_path: Path) -> None:
    incident, now = an_incident(), real_clock()
    with alertmanager(tmp_path) as server:
        receiver = Alertmanager(server.url)
        receiver.check()
        receiver.send([incident])
        shown = server.alerts()[KIND]
        assert shown["labels"] == dict(incident.labels)
        assert shown["annotations"] == {"summary": incident.summary, "count": "1"}
        server.silence(
            {
                "matchers": [{"name": "source", "value": "graph", "isRegex": False}],
                "startsAt": rfc3339(now - timedelta(seconds=1)),
                "endsAt": rfc3339(now + timedelta(hours=1)),
                "createdBy": "test",
                "comment": "known",
            }
        )
        receiver.send([incident])
        assert server.alerts()[KIND]["status"]["state"] == "suppressed"
        receiver.send([replace(incident, ends_at=now)])
        assert server.alerts() == {}


def test_an_alertmanager_that_is_away_is_named_without_its_address() -> None:
    with pytest.raises(ChannelError, match=r"^it cannot be reached$"):
        Alertmanager("http://127.0.0.1:9").send([an_incident()])


def test_an_unreadable_token_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="the token cannot be read: No such file"):
        Alertmanager("http://127.0.0.1:9", token_file=tmp_path / "none").check()
