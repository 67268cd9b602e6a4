"""A new desk for every test of the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask

from refilld.services import passwords
from tests.compiled_templates import CompiledTemplates
from tests.refilld.web.desk_world import DeskWorld, desk_world


@pytest.fixture(autouse=True, scope="session")
def compiled_templates() -> Iterator[None]:
    """Compile each template once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        yield


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskWorld]:
    """With passwords that are hashed in no time."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with desk_world(tmp_path) as world:
        yield world
