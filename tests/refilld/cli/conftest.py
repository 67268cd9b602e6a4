"""The fixture of the command-line tests: a configuration and a database in an empty directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.refilld.cli_world import Desk, a_desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr("refilld.cli.root.configure", lambda **_: None)
    with a_desk(tmp_path) as desk:
        yield desk
