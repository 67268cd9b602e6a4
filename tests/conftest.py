"""For all tests: a PostgreSQL for whoever asks for one, and logs as the test before has found them."""

from collections.abc import Iterator

import pytest
import structlog

from tests.postgres_server import new_database, server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure no coverage in property-based tests, whose running time tracing would double."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """SQLAlchemy's URL of a maintenance database, on a server where databases may be created."""
    with server() as url:
        yield url


@pytest.fixture
def fresh_postgres(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy's URL of a new, empty database, gone after the test."""
    with new_database(postgres_url) as url:
        yield url


@pytest.fixture(autouse=True)
def unchanged_logs() -> Iterator[None]:
    """A command sets the level of all logs, and the next test may listen to them."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
