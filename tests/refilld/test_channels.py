"""Alert channels: messages, and errors that show no addresses."""

import logging
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from jobs.alerting import ChannelError
from refilld.channels import open_channels
from refilld.config import ConfigError
from tests.refilld.inbox import Inbox, an_inbox

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
"""Apprise loads all its plugins with the first address; one of them uses a deprecated module."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with an_inbox() as inbox:
        yield inbox


def test_without_addresses_there_is_no_sender() -> None:
    """Alerts are stored only."""
    assert open_channels([]) is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nosuch://user:hunter2@host", " (nosuch://…)"),
        ("tgram://hunter2", " (tgram://…)"),
        ("hunter2", ""),
        ("user:hunter2@host", ""),
        ("hunter2:x://host", ""),
        ("", ""),
        ("   ", ""),
    ],
)
def test_the_error_for_an_invalid_url_hides_its_secrets(url: str, shown: str) -> None:
    """It has the key, the number and at most the scheme."""
    with pytest.raises(ConfigError) as refused:
        open_channels(["json://localhost", url])
    assert str(refused.value) == f"alerts.urls: number 2{shown} is not a URL that Apprise knows"


def test_a_message_goes_to_every_channel(inbox: Inbox) -> None:
    """With its title and its text."""
    address, messages = inbox.address, inbox.messages
    send = open_channels([address, f"{address}/other"])
    assert send is not None
    send("refilld: drop.held", "order 17: 300 missing")
    assert [(m["title"], m["message"]) for m in messages] == [
        ("refilld: drop.held", "order 17: 300 missing")
    ] * 2


def test_the_error_of_a_failed_message_names_the_channels_by_number(
    inbox: Inbox,
) -> None:
    """The message is retried; URLs with passwords are not in the error."""
    secret = inbox.address.replace("json://", "json://user:hunter2@")
    send = open_channels([f"{secret}/refuse", f"{secret}/refuse"])
    assert send is not None
    with pytest.raises(ChannelError) as refused:
        send("title", "text")
    assert str(refused.value) == "alerts.urls number 1, 2 did not take the message"


def test_a_partly_accepted_message_is_not_repeated(
    inbox: Inbox,
) -> None:
    """The log names the failed channels by number."""
    address, messages = inbox.address, inbox.messages
    send = open_channels([f"{address}/refuse", address])
    assert send is not None
    with capture_logs() as logs:
        send("title", "text")
    assert len(messages) == 2
    assert [line["error"] for line in logs] == ["alerts.urls number 1 did not take the message"]


def test_a_failed_delivery_logs_no_url(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    """Apprise logs addresses, which contain passwords."""
    address = inbox.address
    with caplog.at_level(logging.DEBUG):
        send = open_channels([f"{address.replace('json://', 'json://user:hunter2@')}/refuse"])
        assert send is not None
        with pytest.raises(ChannelError):
            send("title", "text")
    assert "hunter2" not in caplog.text
