"""A new world with a queue for every test of the HTTP API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.tokens import Scope
from tests.refilld.panel_world import Panel
from tests.refilld.queue_world import QueueWorld, queue_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world


@pytest.fixture
def panel(world: QueueWorld) -> Panel:
    """A panel whose key allows nothing else."""
    return Panel(world, world.app().test_client(), world.token(Scope.PANEL_USE))
