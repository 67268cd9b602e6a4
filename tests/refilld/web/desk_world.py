"""A desk with a database, a manual clock, and browsers of people with roles."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from monitor.model.role import Role
from refilld.settings.settings import Settings
from refilld.web.app import create_pages
from refilld.web.page import Desk, DeskPage
from refilld.web.registry import PAGES
from storage import user_sessions, users
from storage.engine import Database
from storage.user_sessions import SessionLife
from tests.migrated_database import migrated_database

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ORIGIN = "http://localhost"
COOKIE = "refilld"
NO_HASH = "no password has this hash"
LIFE = SessionLife(timedelta(hours=12), timedelta(days=14))
_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@dataclass
class DeskWorld:
    """The database and the time; makes browsers."""

    database: Database
    now: datetime = NOW
    settings: Settings = field(default_factory=Settings)
    origins: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    pages: tuple[DeskPage, ...] = PAGES

    def clock(self) -> datetime:
        return self.now

    def app(self) -> Flask:
        return create_pages(Desk(self.settings, self.origins, self.database, self.clock), self.pages)

    def browser(self, role: Role | None = Role.ADMIN, name: str = "") -> "Browser":
        """The browser of a person who is signed in with a role, or not signed in."""
        browser = Browser(self.app().test_client())
        if role is not None:
            with self.database.write() as tx:
                user = users.named(tx, name or role)
                user_id = user.user_id if user else users.add(tx, name or role, role, NO_HASH, self.now)
                token = user_sessions.begin(tx, user_id, "127.0.0.1", "a browser", LIFE, self.now)
            browser.client.set_cookie(COOKIE, token)
        return browser


@dataclass
class Browser:
    """A browser that fills in forms."""

    client: FlaskClient
    token: str = ""
    """Of the form on the page that was last shown."""

    def get(self, path: str, **more: Any) -> TestResponse:
        """Show a page."""
        answer = self.client.get(path, **more)
        found = _TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        self.token = found[1] if found else self.token
        return answer

    def post(self, path: str, **fields: object) -> TestResponse:
        """Send a form of the page that was last shown."""
        sent = {"form_token": self.token} | fields
        return self.client.post(path, data=sent, headers={"Origin": ORIGIN})


@contextmanager
def desk_world(directory: Path) -> Iterator[DeskWorld]:
    """A new world in a directory; its database is closed afterwards."""
    with migrated_database(directory / "desk.db") as database:
        yield DeskWorld(database)
