"""A new world with a queue for every test of the HTTP API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.refilld.queue_world import QueueWorld, queue_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world
