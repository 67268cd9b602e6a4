"""The language of a page is that of its reader."""

import pytest

from monitor.model.role import Role
from refilld.translations.catalogue import LANGUAGES
from refilld.web.registry import PAGES
from tests.refilld.web.desk_world import DeskWorld

PATHS = [page.path for page in PAGES if page.group is not None]


@pytest.mark.parametrize(
    ("asked", "language", "heading"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de", "Meldungen"),
        ("fr, pt-BR;q=0.8", "pt", "Alertas"),
        ("ru", "ru", "Оповещения"),
        ("es", "es", "Alertas"),
        ("fr", "en", "Alerts"),
    ],
)
def test_a_page_is_in_the_language_that_the_browser_asks_for(
    desk: DeskWorld, asked: str, language: str, heading: str
) -> None:
    text = desk.browser(Role.VIEWER).get("/alerts", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}">' in text
    assert f"<h1>{heading}</h1>" in text


def test_the_language_of_the_account_comes_before_that_of_the_browser(desk: DeskWorld) -> None:
    browser = desk.browser(Role.VIEWER)
    browser.get("/account")
    browser.post("/account/language", language="es")
    text = browser.get("/account", headers={"Accept-Language": "de"}).text
    assert "Su idioma está guardado." in text
    assert '<option value="es" lang="es" selected>' in text
    browser.post("/account/language", language="")
    assert '<html lang="de">' in browser.get("/account", headers={"Accept-Language": "de"}).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_the_language_of_the_browser(desk: DeskWorld, language: str) -> None:
    """Also without a sign-in, and an error."""
    asked, person, nobody = {"Accept-Language": language}, desk.browser(Role.ADMIN), desk.browser(None)
    shown = [person.get(path, headers=asked).text for path in PATHS]
    shown += [nobody.get(path, headers=asked).text for path in ("/sign-in", "/nothing")]
    assert all(f'<html lang="{language}">' in text for text in shown)
    english = [path for path, text in zip(PATHS, shown, strict=False) if _heading(path) in text]
    assert english == (PATHS if language == "en" else [path for path in english if path == "/webhooks"])


def _heading(path: str) -> str:
    return f"<h1>{next(page.title for page in PAGES if page.path == path)}</h1>"
