"""The keyboard alone, and what a reader has set: the zone of their times, and less motion."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.desk.conftest import OpenDesk
from tests.desk.shop import ANSWERED_ORDER

MOVING = """
() => Array.from(document.querySelectorAll("*")).filter((one) => {
  const style = getComputedStyle(one);
  const moves = [style.transitionDuration, style.animationDuration].some((all) => !/^(0s(, )?)+$/.test(all));
  return moves || style.scrollBehavior === "smooth";
}).length + document.getAnimations().length
"""


def test_a_row_is_found_selected_and_opened_by_keys(desk: OpenDesk) -> None:
    with desk.visit() as page:
        page.goto("/")
        page.keyboard.press("g")
        page.keyboard.press("o")
        expect(page).to_have_url(re.compile("/orders$"))
        for key in "jjkx":
            page.keyboard.press(key)
        row = page.locator("table.list tbody tr").first
        expect(row).to_have_class("current")
        expect(row.get_by_role("checkbox")).to_be_checked()
        expect(page.get_by_text("Selected: 1")).to_be_visible()
        first = row.get_by_role("link").first.text_content()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=f"Order {first}")).to_be_visible()


def test_pages_and_orders_are_found_by_keys(desk: OpenDesk) -> None:
    with desk.visit() as page:
        page.goto("/")
        page.keyboard.press("Control+k")
        page.keyboard.type("silen")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/silences$"))
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
        page.keyboard.press("/")
        page.keyboard.type(ANSWERED_ORDER)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=f"Order {ANSWERED_ORDER}")).to_be_visible()


def test_the_first_key_of_a_page_leads_past_the_navigation(desk: OpenDesk) -> None:
    with desk.visit() as page:
        page.goto("/")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()


def test_times_are_in_the_zone_of_the_reader_with_utc_on_hover(desk: OpenDesk) -> None:
    with desk.visit(timezone_id="Asia/Kolkata", locale="en-GB") as page:
        page.goto("/audit")
        shown = page.locator("time[datetime]").first
        at = datetime.fromisoformat(str(shown.get_attribute("datetime")))
        local = at.astimezone(ZoneInfo("Asia/Kolkata"))
        expect(shown).to_have_text(f"{local.day} {local:%b %Y, %H:%M}")
        expect(shown).to_have_attribute("title", f"{at:%Y-%m-%d %H:%M:%S} UTC")


@pytest.mark.parametrize("path", ["/", "/queue", f"/orders/{ANSWERED_ORDER}"])
def test_nothing_moves_for_readers_who_want_less_motion(desk: OpenDesk, path: str) -> None:
    with desk.visit() as page:
        page.goto(path)
        page.keyboard.press("Control+k")
        assert page.evaluate(MOVING) == 0
