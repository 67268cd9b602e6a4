"""Shops for the tests of faults, on both engines."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import tokens
from storage.engine import Database
from storage.tokens import Scope
from tests.faults.crew import reserved_ports
from tests.faults.shop import Shop
from tests.migrated_database import migrated_database


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """A shop without orders: with one daemon on SQLite, and with two on PostgreSQL."""
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found


@pytest.fixture
def sqlite_shop(tmp_path: Path) -> Iterator[Shop]:
    with migrated_database(tmp_path / "refilld.db") as database, reserved_ports(1) as ports:
        yield opened(Shop(tmp_path, f"sqlite:///{tmp_path / 'refilld.db'}", ports), database)


@pytest.fixture
def postgresql_shop(tmp_path: Path, migrated_postgres_url: str) -> Iterator[Shop]:
    with closing(Database(migrated_postgres_url)) as database, reserved_ports(2) as ports:
        yield opened(Shop(tmp_path, migrated_postgres_url, ports), database)


def opened(shop: Shop, database: Database) -> Shop:
    """The shop with a token for everybody."""
    with database.write() as tx:
        token = tokens.create(tx, "everybody", (Scope.ORDERS_WRITE, Scope.REFILLS_CONSUME), datetime.now(UTC))
    database.close()
    return shop.with_token(token)
