"""A new desk for every test of the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from refilld.services import passwords
from tests.refilld.web.desk_world import DeskWorld, desk_world


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskWorld]:
    """With passwords that are hashed in no time."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with desk_world(tmp_path) as world:
        yield world
