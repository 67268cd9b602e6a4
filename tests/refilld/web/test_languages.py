"""The language of a page is that of its reader."""

import re
from html import unescape

import pytest

from monitor.model.role import Role
from refilld.translations.catalogue import LANGUAGES
from refilld.web.registry import PAGES
from tests.builders import NOW
from tests.desk.shop import SETTINGS, open_shop
from tests.refilld.web.desk_world import Browser, DeskWorld

PATHS = [page.path for page in PAGES if page.group is not None]
LISTS = (
    *("/orders", "/orders?customer=none", "/drops", "/drops?customer=none", "/mass-drops", "/queue"),
    *("/queue?state=dead&reason=shadow", "/reviews?state=open", "/reviews?customer=none", "/bulk", "/bulk/1"),
    *("/retention", "/retention?service=none", "/retention/what-if", "/retention/what-if?window=9d"),
    *("/search", "/search?q=none", "/search?q=4100", "/users"),
)
_NOT_FOR_READERS = re.compile(r"(?s)<(code|bdi)\b.*?</\1>")
"""Commands, and names from outside."""
_SHOWN = re.compile(r'>([^<]+)<|(?:aria-label|placeholder|data-label)="([^"]*)"')
_WORD = re.compile(r"(?<!\S)[A-Za-z]{2,}[.,:;]?(?!\S)")


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


@pytest.mark.parametrize("filled", [False, True])
def test_no_text_of_the_lists_stays_english(desk: DeskWorld, filled: bool) -> None:
    """Of a shop with orders, drops and refills, and of an empty one, which shows other sentences.

    One language will do: all catalogues have the same texts.
    """
    if filled:
        desk.now, desk.settings = NOW, SETTINGS
        open_shop(desk.database)
    browser = desk.browser(Role.ADMIN)
    paths = [path for path in LISTS if filled or path != "/bulk/1"]
    english = {path: _texts(browser, path, "en") for path in paths}
    assert all(english.values())
    left = {path: texts & _texts(browser, path, "ru") for path, texts in english.items()}
    assert {path: texts for path, texts in left.items() if texts} == {}


def _texts(browser: Browser, path: str, language: str) -> set[str]:
    """The texts of two words or more."""
    page = _NOT_FOR_READERS.sub("", browser.get(path, headers={"Accept-Language": language}).text)
    texts = {unescape(text or attribute).strip() for text, attribute in _SHOWN.findall(page)}
    return {one for one in texts if len(_WORD.findall(one)) > 1 and not one.startswith("page ")}
