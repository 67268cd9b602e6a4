"""The doctor's test alert: a real message to each channel, and a finding for each."""

from collections.abc import Iterator

import pytest

from refilld.doctor.channels import TITLE, findings
from refilld.doctor.finding import FindingLevel
from refilld.settings.alerts import AlertsSection
from tests.refilld.inbox import Inbox, an_inbox

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
"""Apprise loads all its plugins with the first address; one of them uses a deprecated module."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with an_inbox() as inbox:
        yield inbox


def test_no_test_alert_is_sent_without_the_option(inbox: Inbox) -> None:
    """The addresses are only parsed."""
    (finding,) = findings(AlertsSection(urls=[inbox.address]), send=False)
    assert (finding.level, "--send-test-alert" in finding.says, inbox.messages) == (FindingLevel.OK, True, [])


def test_the_test_alert_goes_to_every_channel_once(inbox: Inbox) -> None:
    """The message says that it is a test."""
    results = list(findings(AlertsSection(urls=[inbox.address, f"{inbox.address}/other"]), send=True))
    assert [(one.check, one.level) for one in results] == [
        ("alerts.channels", FindingLevel.OK),
        ("alerts.test", FindingLevel.OK),
        ("alerts.test", FindingLevel.OK),
    ]
    assert [message["title"] for message in inbox.messages] == [TITLE] * 2


def test_a_failing_channel_is_named_by_its_number(inbox: Inbox) -> None:
    """Not by its address, which contains a password; working channels are reported too."""
    secret = inbox.address.replace("json://", "json://user:hunter2@")
    _, first, second = findings(AlertsSection(urls=[inbox.address, f"{secret}/refuse"]), send=True)
    assert (first.level, second.level) == (FindingLevel.OK, FindingLevel.ERROR)
    assert "number 2" in second.says
    assert "hunter2" not in f"{second.says}{second.hint}"


def test_every_receiver_is_tried_and_named(inbox: Inbox) -> None:
    """One that gets alerts and has no address is a warning; one that gets none is not."""
    section = AlertsSection.model_validate(
        {
            "receivers": {"phone": {"urls": [f"{inbox.address}/refuse"]}, "tech": {}, "unused": {}},
            "routes": [
                {"matchers": ["severity=critical"], "receiver": "phone", "continue": True},
                {"receiver": "tech"},
            ],
        }
    )
    results = list(findings(section, send=True))
    assert [(one.check, one.level) for one in results] == [
        ("alerts.receivers", FindingLevel.WARNING),
        ("alerts.receivers", FindingLevel.WARNING),
        ("alerts.channels", FindingLevel.OK),
        ("alerts.test", FindingLevel.ERROR),
    ]
    assert [one.says.split()[2] for one in results[:2]] == ["default", "tech"]
    assert "alerts.receivers.phone.urls number 1" in results[3].says
