"""Alert channels: messages, and errors that show no addresses."""

import logging
import re
from collections.abc import Iterator

import pytest

from jobs.channel_round import ChannelError
from monitor.events.severity import Severity
from refilld.channels import open_channels
from refilld.config import ConfigError
from tests.refilld.inbox import Inbox, an_inbox

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
"""Apprise loads all its plugins with the first address; one of them uses a deprecated module."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with an_inbox() as inbox:
        yield inbox


def test_without_addresses_there_is_no_channel() -> None:
    """Alerts are stored only."""
    assert open_channels([]) == []


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


def test_a_message_has_title_text_and_severity(inbox: Inbox) -> None:
    """Apprise calls a critical alert a failure, and the end of a problem a success."""
    (channel,) = open_channels([inbox.address])
    for severity in Severity:
        channel.send("refilld: drop.held", "order 17: <300> missing", severity)
    channel.send("refilld: mass_drop.ended", "over", Severity.INFO, resolved=True)
    assert [message["type"] for message in inbox.messages] == ["info", "warning", "failure", "success"]
    assert {(message["title"], message["message"]) for message in inbox.messages[:3]} == {
        ("refilld: drop.held", "order 17: <300> missing")
    }


def test_a_refusal_names_the_channel_by_its_number(inbox: Inbox) -> None:
    """URLs with passwords are not in the error."""
    secret = inbox.address.replace("json://", "json://user:hunter2@")
    channel = open_channels([inbox.address, f"{secret}/refuse"])[1]
    with pytest.raises(ChannelError) as refused:
        channel.send("title", "text", Severity.INFO)
    assert str(refused.value) == "alerts.urls number 2 did not take the message"
    assert not refused.value.limited


def test_a_channel_is_known_by_a_digest(inbox: Inbox) -> None:
    """The same for the same URL, whatever its number; it does not hold the URL."""
    first = [channel.key for channel in open_channels(["json://user:hunter2@a", "json://b"])]
    second = [channel.key for channel in open_channels(["json://b", "json://user:hunter2@a"])]
    assert first == second[::-1]
    assert len({*first}) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", key) for key in first)


def test_several_urls_in_one_text_are_several_channels() -> None:
    """Apprise takes such a text; each of them is retried for itself."""
    channels = open_channels(["json://a, json://b"])
    assert [channel.place for channel in channels] == ["alerts.urls number 1"] * 2
    assert len({channel.key for channel in channels}) == 2


def test_a_url_cannot_ask_for_cut_messages(inbox: Inbox) -> None:
    """`overflow=truncate` would lose the end of a message that fits."""
    (channel,) = open_channels([f"{inbox.address}/?overflow=truncate"])
    long = "x" * (channel.room.size + 1)
    channel.send("title", long, Severity.INFO)
    assert inbox.messages[0]["message"] == long


@pytest.mark.parametrize(
    ("url", "markup"),
    [
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", 4),
        ("mmost://localhost/aaaaaaaaaaaaaaaaaaaaaaaaaa", 4),
        ("rocket://hooka/hookb@localhost/#general", 4),
        ("zulip://bot@org/abcdefghijklmnopqrstuvwxyz012345/general", 3),
    ],
)
def test_text_is_escaped_where_it_would_be_markup_or_a_mention(url: str, markup: int) -> None:
    """Each of them notifies everybody whom a text mentions."""
    (channel,) = open_channels([url])
    assert (channel.room.measure("a_b"), channel.room.measure("@all")) == (markup, 5)
    assert channel.room.title_counts


def test_a_failed_delivery_logs_no_url(
    inbox: Inbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Apprise logs addresses, which contain passwords."""
    with caplog.at_level(logging.DEBUG):
        (channel,) = open_channels([f"{inbox.address.replace('json://', 'json://user:hunter2@')}/refuse"])
        with pytest.raises(ChannelError):
            channel.send("title", "text", Severity.INFO)
    assert "hunter2" not in caplog.text + "".join(capfd.readouterr())
