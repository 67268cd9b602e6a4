"""One shop, one server and one browser for all tests in the browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page

from monitor.model.role import Role
from refilld.api.server import HttpServer
from refilld.services import passwords, users
from refilld.web.app import create_pages
from refilld.web.page import Desk
from storage import user_sessions
from storage.engine import Database
from tests.browser import DESKTOP, chromium, visit
from tests.builders import NOW
from tests.desk.shop import SETTINGS, USER, Shop, open_shop
from tests.migrated_database import migrated_database
from tests.refilld.web.desk_world import COOKIE, LIFE

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class OpenDesk:
    """The running desk, and what is in its shop."""

    url: str
    shop: Shop
    browser: Browser
    database: Database
    token: str
    """Of a session of an admin."""

    @contextmanager
    def visit(
        self, size: tuple[int, int] = DESKTOP, *, signed_in: bool = True, **profile: Any
    ) -> Iterator[Page]:
        """A page, of somebody who is signed in or not; the test fails if it reported a fault."""
        with visit(self.browser, self.url, size, **profile) as (page, _):
            if signed_in:
                page.context.add_cookies([{"name": COOKIE, "value": self.token, "url": self.url}])
            yield page


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDesk]:
    folder = tmp_path_factory.mktemp("desk")
    with migrated_database(folder / "desk.db") as database:
        shop = open_shop(database)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
            user = users.add(database, USER, Role.ADMIN, PASSWORD, NOW)
        with database.write() as tx:
            token = user_sessions.begin(tx, user.user_id, "127.0.0.1", "a browser", LIFE, NOW)
        server = HttpServer(create_pages(Desk(SETTINGS, {}, database, lambda: NOW)), "127.0.0.1", 0)
        server.start()
        try:
            with chromium() as browser:
                yield OpenDesk(f"http://127.0.0.1:{server.port}", shop, browser, database, token)
        finally:
            server.stop()
