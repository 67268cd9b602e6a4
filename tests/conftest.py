"""Fixtures for all tests: a PostgreSQL server, a temporary directory in memory, and reset log settings."""

import gc
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url

from storage import migrate
from storage.engine import Database
from tests.compiled_routes import CompiledRule
from tests.compiled_statements import shared_statements
from tests.compiled_templates import CompiledTemplates
from tests.kept_logs import kept_logs
from tests.postgres_server import fast_directory, new_database, server
from tests.wheel import python, wheel

__all__ = ["python", "wheel"]  # fixtures

UNTRACED = ("tests/proof/", "tests/refilld/backtest/", "tests/refilld/simulate/", "tests/monitor/sources/")
"""Tests with long computations, whose running time tracing would double."""


def pytest_configure() -> None:
    """Let children end at SIGINT, which the shell lets background jobs ignore."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection() -> None:
    """Collect no garbage meanwhile: nearly all that is made stays to the end."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure no coverage in property-based tests and in those with long computations."""
    for item in items:
        property_based = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if property_based or item.nodeid.startswith(UNTRACED):
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Let the garbage collector run less often, and pass over the thousands of tests that stay to the end."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def compiled_once() -> Iterator[None]:
    """Compile each route, template and statement once: each test makes an application or a database."""
    with pytest.MonkeyPatch.context() as patch, shared_statements():
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        patch.setattr(Flask, "url_rule_class", CompiledRule)
        yield


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


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database, which is only copied: a migration takes most of a test's time."""
    with new_database(postgres_url) as url:
        with closing(Database(url)) as database:
            migrate.upgrade(database)
        name = make_url(url).database
        assert name
        yield name


@pytest.fixture
def migrated_postgres_url(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """SQLAlchemy's URL of a new, migrated database, gone after the test."""
    with new_database(postgres_url, postgres_template) as url:
        yield url


@pytest.fixture
def migrated_postgres(migrated_postgres_url: str) -> Iterator[Database]:
    """A new, migrated database on PostgreSQL."""
    with closing(Database(migrated_postgres_url)) as database:
        yield database


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """As pytest's own, in memory where possible: SQLite waits for the disk at every commit."""
    with tempfile.TemporaryDirectory(prefix="refilld-", dir=fast_directory()) as directory:
        yield Path(directory)


@pytest.fixture(autouse=True)
def unchanged_logs() -> Iterator[None]:
    """Restore the logging configuration: commands change it for the whole process."""
    with kept_logs():
        yield
