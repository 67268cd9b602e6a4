"""The section `[survival]`: the job is on by default, and can be switched off."""

from pathlib import Path

import pytest

from refilld.config import load
from refilld.daemon.job_list import intervals
from tests.refilld.config_files import problem, write


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def test_the_job_is_scheduled_unless_it_is_switched_off() -> None:
    assert "survival" in intervals(load(None, {}))
    write("[survival]\nenabled = false\n")
    assert "survival" not in intervals(load(None, {}))


@pytest.mark.parametrize(("key", "value"), [("every", "59m"), ("period", "23h")])
def test_an_interval_that_is_too_short_is_refused(key: str, value: str) -> None:
    assert f"survival.{key}" in problem(f'[survival]\n{key} = "{value}"\n')
