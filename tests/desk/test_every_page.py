"""Every page of the registry in a browser: accessible, within the window, and without a fault."""

from pathlib import Path

import pytest

from refilld.web.page import DeskPage
from refilld.web.registry import PAGES
from tests.browser import DESKTOP, PHONE, accessibility_faults, keep_screenshot, overflow
from tests.desk.conftest import OpenDesk
from tests.desk.shop import ANSWERED_ORDER

SCREENSHOTS = Path(__file__).parent.parent.parent / ".screenshots"
NOT_SHOWN = frozenset({"order_chart", "sign_in_oidc", "sign_in_oidc_callback"})
"""Answers with data, or with the way to another page."""
SIGNED_OUT = frozenset({"sign_in"})
SIZES = {"desktop": DESKTOP, "phone": PHONE}


def path_of(page: DeskPage, desk: OpenDesk) -> str:
    """The path of a page of something that exists in the shop."""
    shop = desk.shop
    paths = {
        "order": f"/orders/{ANSWERED_ORDER}",
        "alert": f"/alerts/{shop.alert_id}",
        "webhook": f"/webhooks/{shop.endpoint_id}",
        "delivery": f"/webhooks/{shop.endpoint_id}/deliveries/{shop.delivery_id}",
        "buyer": shop.buyer_path,
        "bulk_action": f"/bulk/{shop.bulk_action_id}",
        "search": "/search?q=buyer",
    }
    path = paths.get(page.name, page.path)
    assert "<" not in path, f"name an object for the page {page.name} in path_of"
    return path


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in NOT_SHOWN], ids=lambda page: page.name
)
def test_a_page_is_accessible_and_fits_in_light_and_dark(desk: OpenDesk, page: DeskPage) -> None:
    """At both widths: loading the page once saves half of the time."""
    with desk.visit(signed_in=page.name not in SIGNED_OUT) as shown:
        answer = shown.goto(path_of(page, desk))
        assert answer is not None
        assert answer.status == 200
        for size, (width, height) in SIZES.items():
            shown.set_viewport_size({"width": width, "height": height})
            shown.emulate_media(color_scheme="light")
            assert overflow(shown) == 0, size
            assert accessibility_faults(shown) == [], size
            keep_screenshot(shown, SCREENSHOTS, f"{page.name}-{size}-light")
            shown.emulate_media(color_scheme="dark")
            assert accessibility_faults(shown, ["color-contrast"]) == [], size
            keep_screenshot(shown, SCREENSHOTS, f"{page.name}-{size}-dark")
