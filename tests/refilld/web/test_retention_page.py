"""*Retention*: curves with their key points and losses, what they cost, and what is said without them."""

import pytest

from monitor.model.role import Role
from refilld.settings.settings import Settings
from refilld.web.security_headers import CONTENT_SECURITY_POLICY
from storage.survival_curves import newest_run
from tests.builders import DAY, START
from tests.jobs.survival_world import SurvivalWorld
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def shop(desk: DeskWorld) -> DeskWorld:
    """Two services of one provider: one keeps everything, the other loses 30 % on the fifth day."""
    world = SurvivalWorld(desk.database)
    sold = {"provider": MARKUP, "price": "3", "currency": "USD"}
    world.shop(21, lambda _age: 0, "a", service="good", **sold)
    world.shop(21, lambda age: 300 if age >= 5 * DAY else 0, "b", service="bad", **sold)
    world.deliver_refill("a0", START + 20 * DAY, 300)
    assert world.compute()
    desk.now = world.now
    return desk


def text(desk: DeskWorld, query: str = "") -> str:
    answer = desk.browser(Role.VIEWER).get(f"/retention{query}")
    assert answer.status_code == 200
    return answer.text


def test_curves_losses_and_costs_are_shown_with_their_key_points(shop: DeskWorld) -> None:
    page = text(shop)
    assert page.count("<figure>") == 2
    assert "By provider" in page
    assert "By service" in page
    assert "30.0 % <span" in page  # lost in 7 days by the bad service
    assert "70.0 %" in page  # still there
    assert "0.90 USD" in page
    assert "Curves of fewer than 20 orders are hidden" in page
    assert MARKUP not in page


@pytest.mark.parametrize(
    ("query", "figures", "there", "not_there"),
    [
        ("?service=bad", 1, "30.0 % <span", "0.90 USD"),
        ("?service=good", 1, "0.90 USD", "30.0 % <span"),
        ("?service=good&provider=" + MARKUP, 1, "0.90 USD", "30.0 % <span"),
        ("?service=none", 0, "No curve of these orders", "USD"),
        ("?metric=nonsense&month=9999-99&service=%00", 2, "0.90 USD", "No curve"),
        ("?metric=likes", 0, "No refill of these orders", "USD"),
    ],
)
def test_the_url_filters_curves_and_costs(
    shop: DeskWorld, query: str, figures: int, there: str, not_there: str
) -> None:
    page = text(shop, query)
    assert page.count("<figure>") == figures
    assert there in page
    assert not_there not in page


def test_it_says_when_curves_were_computed_and_when_next(shop: DeskWorld) -> None:
    with shop.database.read() as tx:
        run = newest_run(tx)
    assert run
    assert "Computed again <time" in text(shop)
    shop.now = run.started_at + shop.settings.survival.every
    assert "A new computation is due" in text(shop)
    shop.settings = Settings.model_validate({"survival": {"enabled": False}})
    assert "It is not computed again" in text(shop)


def test_before_the_first_computation_it_says_what_is_needed(desk: DeskWorld) -> None:
    assert "computes curves within ten minutes of its start" in text(desk)
    desk.settings = Settings.model_validate({"survival": {"enabled": False}})
    assert "enabled = false" in text(desk)


def test_with_too_few_orders_it_says_from_when_on_there_are_curves(desk: DeskWorld) -> None:
    world = SurvivalWorld(desk.database)
    world.shop(19, lambda _age: 0)
    assert world.compute()
    assert "The first one appears in the computation after 20 orders" in text(desk)


def test_the_page_takes_few_statements_and_keeps_its_policy(shop: DeskWorld) -> None:
    browser = shop.browser(Role.VIEWER)
    with statements() as sent:
        answer = browser.get("/retention")
    assert len(sent) <= 30
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert 'style="' not in answer.text
