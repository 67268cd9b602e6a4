"""The parts that pages are made of."""

import html
import re

import pytest

from refilld.web.registry import PAGES
from tests.refilld.web.desk_world import Browser, DeskWorld
from tests.refilld.web.sample_page import MARKUP, SAMPLE


@pytest.fixture
def browser(desk: DeskWorld) -> Browser:
    desk.pages = (SAMPLE, *PAGES)
    return desk.browser()


def test_what_comes_from_outside_is_text_everywhere(browser: Browser) -> None:
    page = browser.get("/sample").text
    assert MARKUP[:4] not in page
    in_each_row, in_its_own_row, hidden = 3, 4, 1
    assert page.count(html.escape(MARKUP[:4])) == in_each_row + in_its_own_row + hidden


def test_times_are_in_utc_until_a_script_localises_them(browser: Browser) -> None:
    page = browser.get("/sample").text
    assert '<time datetime="2026-11-29T12:00:00Z">2026-11-29 12:00:00 UTC</time>' in page
    assert re.search(r'<time datetime="[^"]+" data-age title="2026-11-29 12:00 UTC">3h ago</time>', page)


def test_a_list_links_to_its_other_pages_and_keeps_its_filter(browser: Browser) -> None:
    page = browser.get("/sample?state=held").text
    assert '<a rel="next" href="/sample?state=held&amp;cursor=a.' in page
    assert '<option value="held" selected>' in page
    assert "1,001" not in page
    assert "1,000+ orders" in page


def test_numbers_are_written_as_people_read_them(browser: Browser) -> None:
    page = browser.get("/sample").text
    for text in ("1,234,567", "\N{MINUS SIGN}12", "1,234.50 EUR", "1h", "\N{EN DASH}"):
        assert text in page


def test_an_action_gets_what_was_selected_and_tells_its_result(browser: Browser) -> None:
    browser.get("/sample")
    assert browser.post("/sample/act", id=["17", "18"]).location == "/sample"
    assert "done: 17, 18" in browser.get("/sample").text


def test_without_a_page_of_its_own_the_root_is_the_first_of_the_registry(desk: DeskWorld) -> None:
    desk.pages = (SAMPLE,)
    assert desk.browser().get("/").location == "/sample"
