"""Receivers and routes from the configuration: what they become, and one clear line for what is wrong."""

from pathlib import Path
from typing import Any

import pytest

from monitor.alerts.routes import DEFAULT
from refilld.alert_policy import open_receivers
from refilld.config import ConfigError, load
from refilld.settings.alerts import AlertsSection

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


def a_section(**given: Any) -> AlertsSection:
    return AlertsSection.model_validate(given)


def test_the_urls_are_those_of_the_default_receiver() -> None:
    """Its section may add more."""
    found = open_receivers(a_section(urls=["json://a"], receivers={DEFAULT: {"urls": ["json://b"]}}))
    assert list(found.policy.receivers) == [DEFAULT]
    assert found.policy.receivers[DEFAULT].channels == tuple(channel.key for channel in found.channels)
    assert [channel.place for channel in found.channels] == [
        "alerts.urls number 1", "alerts.receivers.default.urls number 1",
    ]  # fmt: skip


def test_a_channel_of_two_receivers_is_opened_once() -> None:
    """It takes the messages of both."""
    found = open_receivers(a_section(urls=["json://a"], receivers={"tech": {"urls": ["json://a"]}}))
    (channel,) = found.channels
    assert [one.channels for one in found.policy.receivers.values()] == [(channel.key,), (channel.key,)]


CONFIG = "[alerts]\n%s\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("group_by = ['metric']", '2: alerts.group_by: needs "kind"'),
        ("group_by = ['kind', 'colour']", "2: alerts.group_by: may have only these: kind, metric, service"),
        ("group_interval = '0s'", "2: alerts.group_interval: "),
        ("[alerts.receivers.a]\nquiet_hours = '22-7'", "3: alerts.receivers.a.quiet_hours: "),
        ("[alerts.receivers.a]\ndigest = 'hourly'", "3: alerts.receivers.a.digest: "),
        ("[alerts.receivers.a]\ntimezone = 'Mars'", "3: alerts.receivers.a.timezone: "),
        ("[[alerts.routes]]\nmatchers = ['kind=']\nreceiver = 'default'", "3: alerts.routes.0.matchers.0: "),
        (
            "[[alerts.routes]]\nmatchers = ['kind=~\"(\"']\nreceiver = 'default'",
            "3: alerts.routes.0.matchers.0: '(': a ) is missing",
        ),
        (
            "[[alerts.routes]]\nreceiver = 'default'\n[[alerts.routes]]\nreceiver = 'phone'",
            "5: alerts.routes.1.receiver: there is no such receiver; there are: default",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    """File, line and key, and how it is written."""
    path = tmp_path / "refilld.toml"
    path.write_text(CONFIG % text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert f"refilld.toml:{line}" in str(caught.value)
