"""The page of the settings: every key with its origin, and no secret."""

import html

from monitor.model.role import Role
from refilld.settings.settings import Settings
from tests.refilld.web.desk_world import DeskWorld

SECRET = "hunter2"
MARKUP = "<script>alert(1)</script>"


def test_each_key_is_shown_with_its_origin(desk: DeskWorld) -> None:
    desk.settings = Settings.model_validate({"sampling": {"tick": "20s"}})
    desk.origins = {("sampling", "tick"): "refilld.toml:17"}
    page = desk.browser(Role.VIEWER).get("/settings").text
    assert "<code>tick</code>" in page
    assert "20s" in page
    assert "refilld.toml:17" in page


def test_a_table_comes_from_where_its_keys_do_and_an_empty_secret_is_not_set(desk: DeskWorld) -> None:
    desk.settings = Settings.model_validate({"sources": {"graph": {}}})
    desk.origins = {("orders", "map", "Charge"): "refilld.toml:99"}
    page = desk.browser(Role.VIEWER).get("/settings").text
    assert "refilld.toml:99" in page
    assert "set, not shown" not in page


def test_no_secret_is_shown(desk: DeskWorld) -> None:
    url = f"json://user:{SECRET}@example.com"
    alerts = {
        "urls": [url],
        "ping_url": f"https://hc.example.com/{SECRET}",
        "receivers": {"phone": {"urls": [url]}},
    }
    sources = {"mine": {"options": {"key": SECRET}}}
    database = {"url": f"postgresql+psycopg://refilld:{SECRET}@db.example.com/refilld"}
    desk.settings = Settings.model_validate({"alerts": alerts, "sources": sources, "database": database})
    page = desk.browser(Role.ADMIN).get("/settings").text
    assert SECRET not in page
    assert page.count("set, not shown") == 4


def test_a_name_with_markup_is_text(desk: DeskWorld) -> None:
    desk.settings = Settings.model_validate({"services": {MARKUP: {"metric": "likes", "name": MARKUP}}})
    page = desk.browser(Role.VIEWER).get("/settings").text
    assert MARKUP not in page
    assert html.escape(MARKUP) in page
