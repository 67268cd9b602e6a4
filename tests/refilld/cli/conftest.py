"""The fixture of the command-line tests: a configuration and a database in an empty directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.refilld.cli_world import CliWorld, cli_world


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    with cli_world(tmp_path) as cli:
        yield cli
