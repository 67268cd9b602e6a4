"""What operators and buyers come for, done in a browser as they do it."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from jobs.bulk_actions import BulkActions
from monitor.guarantee.queue_rules import QueueRules
from tests.browser import PHONE
from tests.builders import NOW
from tests.desk.conftest import PASSWORD, OpenDesk
from tests.desk.shop import ANSWERED_ORDER, USER

APPROVED_ORDER, REJECTED_ORDER, BUYERS_ORDER = "41011", "41019", "41001"


def work(desk: OpenDesk) -> None:
    """Let the daemon's job carry out what is confirmed."""
    BulkActions(desk.database, lambda: NOW, QueueRules()).run_once()


def sign_in(page: Page) -> None:
    page.get_by_label("Name").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def confirm(page: Page, button: str, work_off: Callable[[], None]) -> None:
    """Confirm a preview, and see how it is carried out."""
    page.get_by_role("button", name=button).click()
    expect(page.get_by_text("Confirmed. The daemon carries it out")).to_be_visible()
    work_off()
    page.reload()
    expect(page.get_by_text("Every row was carried out or refused.")).to_be_visible()


def test_somebody_signs_in_finds_a_drop_and_reads_why(desk: OpenDesk) -> None:
    with desk.visit(signed_in=False) as page:
        page.goto("/drops")
        sign_in(page)
        expect(page.get_by_role("heading", name="Drops", exact=True)).to_be_visible()
        page.get_by_label("State").select_option("held")
        page.get_by_role("button", name="Filter").click()
        page.get_by_role("link", name=ANSWERED_ORDER, exact=True).click()
        expect(page.locator(".owed")).to_contain_text("300 followers are held")
        expect(page.locator(".owed")).to_contain_text(
            "because the count is below what it was before the order"
        )
        page.go_back()
        expect(page.get_by_label("State")).to_have_value("held")
        page.get_by_text(USER).click()
        page.get_by_role("button", name="Sign out").click()
        page.goto("/drops")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_held_refill_is_approved_on_a_phone(desk: OpenDesk) -> None:
    with desk.visit(PHONE) as page:
        page.goto("/")
        page.get_by_label("Pages", exact=True).locator("visible=true").click()
        page.get_by_role("link", name="Queue", exact=True).locator("visible=true").click()
        page.get_by_label("State").select_option("held")
        page.get_by_role("button", name="Filter").click()
        page.get_by_role("row", name=APPROVED_ORDER).get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="Will be queued")).to_be_visible()
        confirm(page, "Approve refills: 1", lambda: work(desk))
        page.goto(f"/orders/{APPROVED_ORDER}")
        expect(page.locator(".refill .badge").first).to_have_text("queued")


def test_everything_held_for_a_mass_drop_is_released_after_a_preview(desk: OpenDesk) -> None:
    with desk.visit() as page:
        page.goto("/mass-drops")
        page.get_by_role("button", name="Release").click()
        expect(page.get_by_text("1,200").first).to_be_visible()
        expect(page.get_by_role("heading", name="By provider")).to_be_visible()
        confirm(page, "Release refills: 4", lambda: work(desk))
        expect(page.locator("#progress .facts dd").first).to_have_text("4")
        page.get_by_role("link", name="Back to the list").click()
        expect(page.get_by_role("button", name="Release")).to_have_count(0)


def test_a_silence_is_tried_made_and_ended(desk: OpenDesk) -> None:
    with desk.visit() as page:
        page.goto("/alerts")
        page.get_by_role("link", name="Silences").first.click()
        page.get_by_label("Matchers").fill('kind="target.private"')
        page.get_by_label("Ends, such as").fill("2h")
        page.get_by_label("Why").fill("we move to another address")
        page.get_by_role("button", name="See what it matches").click()
        expect(page.get_by_text("It matches 1 of")).to_be_visible()
        page.get_by_role("button", name="Silence", exact=True).click()
        row = page.get_by_role("row", name="we move to another address")
        expect(row).to_contain_text(USER)
        row.get_by_role("button", name="End it").click()
        expect(page.get_by_role("region", name="Expired silences")).to_contain_text(
            "we move to another address"
        )


def test_a_buyer_is_answered_in_their_language(desk: OpenDesk) -> None:
    with desk.visit() as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"/orders/{ANSWERED_ORDER}")
        sentence = page.locator(".sentences p[lang=es]")
        expect(sentence).to_contain_text("seguidores")
        page.get_by_label("Copy the sentence in Español").click()
        expect(page.get_by_label("Copy the sentence in Español")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == sentence.text_content()


def test_a_buyer_reads_their_page_and_asks_for_a_refill(desk: OpenDesk) -> None:
    with desk.visit() as page:
        page.goto(f"/orders/{BUYERS_ORDER}")
        link = page.locator("#buyer-link").get_attribute("href")
    assert link is not None
    with desk.visit(PHONE, signed_in=False) as page:
        page.goto("/buyer/" + link.rpartition("/buyer/")[2])
        page.get_by_role("link", name="Português").click()
        expect(page.locator(".owed")).to_have_attribute("lang", "pt")
        page.locator("form.action button").click()
        expect(page.locator(".flash.done")).to_be_visible()


def test_without_scripts_a_refill_is_rejected_by_its_row(desk: OpenDesk) -> None:
    with desk.visit(signed_in=False, scripts=False) as page:
        page.goto("/queue?state=held")
        sign_in(page)
        page.get_by_role("row", name=REJECTED_ORDER).get_by_role("checkbox").check()
        page.locator("#selection").get_by_role("button", name="Reject").click()
        confirm(page, "Reject refills: 1", lambda: work(desk))
        page.goto(f"/orders/{REJECTED_ORDER}")
        expect(page.locator(".refill .badge").first).to_have_text("rejected")
        expect(page.locator("svg.chart").first).to_be_visible()
