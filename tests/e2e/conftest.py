"""Installations for the end-to-end tests: the real program in a separate folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installation import Installation, installed
from tests.e2e.two_sources import TwoSourceInstallation, installed_with_two_sources


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Installation]:
    """An installation in which no command has run yet."""
    with installed(tmp_path) as place:
        yield place


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after `refilld init`, as a template."""
    folder = tmp_path_factory.mktemp("initialised")
    with installed(folder) as place:
        place.command("init")
    return folder


@pytest.fixture
def place(bare: Installation, initialised: Path) -> Installation:
    """An installation after `refilld init`."""
    shutil.copytree(initialised, bare.folder, dirs_exist_ok=True)
    return bare


@pytest.fixture
def two_sources(tmp_path: Path, initialised: Path) -> Iterator[TwoSourceInstallation]:
    """An installation with two sources after `refilld init`."""
    with installed_with_two_sources(tmp_path) as place:
        shutil.copytree(initialised, tmp_path, dirs_exist_ok=True)
        yield place
