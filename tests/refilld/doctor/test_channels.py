"""The doctor's test alert: a real message to each channel, and a finding for each."""

from collections.abc import Iterator

import pytest

from refilld.doctor.channels import TITLE, findings
from refilld.doctor.finding import FindingLevel
from tests.refilld.inbox import Inbox, an_inbox

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
"""Apprise loads all its plugins with the first address; one of them uses a deprecated module."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with an_inbox() as inbox:
        yield inbox


def test_no_test_alert_is_sent_without_the_option(inbox: Inbox) -> None:
    """The addresses are only parsed."""
    (finding,) = findings([inbox.address], send=False)
    assert (finding.level, "--send-test-alert" in finding.says, inbox.messages) == (FindingLevel.OK, True, [])


def test_the_test_alert_goes_to_every_channel_once(inbox: Inbox) -> None:
    """The message says that it is a test."""
    results = list(findings([inbox.address, f"{inbox.address}/other"], send=True))
    assert [(one.check, one.level) for one in results] == [
        ("alerts.channels", FindingLevel.OK),
        ("alerts.test", FindingLevel.OK),
        ("alerts.test", FindingLevel.OK),
    ]
    assert [message["title"] for message in inbox.messages] == [TITLE] * 2


def test_a_failing_channel_is_named_by_its_number(inbox: Inbox) -> None:
    """Not by its address, which contains a password; working channels are reported too."""
    secret = inbox.address.replace("json://", "json://user:hunter2@")
    _, first, second = findings([inbox.address, f"{secret}/refuse"], send=True)
    assert (first.level, second.level) == (FindingLevel.OK, FindingLevel.ERROR)
    assert "number 2" in second.says
    assert "hunter2" not in f"{second.says}{second.hint}"
