"""The world of the jobs' tests, for the tests of the services."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.jobs_world import JobsWorld, jobs_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[JobsWorld]:
    with jobs_world(tmp_path) as made:
        yield made
