"""The section `[retention]`: durations of at least a day, or never."""

from pathlib import Path

import pytest

from monitor.retention.policy import Retention
from refilld.config import load
from tests.builders import DAY
from tests.refilld.config_files import problem, write


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_policy() -> None:
    assert load(None, {}).retention.policy == Retention()


def test_each_key_is_a_duration_or_never() -> None:
    write('[retention]\nsnapshots_full = "30d"\nevents = "never"\nalerts = "24h"\n')
    assert load(None, {}).retention.policy == Retention(snapshots_full=30 * DAY, events=None, alerts=DAY)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("12h", "at least 1d"),
        ("always", 'or "never"'),
        ("0d", "at least 1d"),
    ],
)
def test_another_value_is_an_error_that_names_the_key(value: str, says: str) -> None:
    """Less than a day would delete rows of the day that is under way."""
    found = problem(f'[retention]\nevents = "{value}"\n')
    assert "retention.events" in found
    assert says in found
