"""A migrated database, and a world with a queue, for the tests of the metrics."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine import Database
from tests.migrated_database import migrated_database
from tests.refilld.queue_world import QueueWorld, queue_world


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path / "refilld.db") as database:
        yield database


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world
