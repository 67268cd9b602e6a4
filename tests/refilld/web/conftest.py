"""A new desk for every test of the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.refilld.web.desk_world import DeskWorld, desk_world


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskWorld]:
    with desk_world(tmp_path) as world:
        yield world
