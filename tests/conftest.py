"""A PostgreSQL for whoever asks for one: the storage suite, and installations end to end."""

from collections.abc import Iterator

import pytest
from postgres_server import new_database, server


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
