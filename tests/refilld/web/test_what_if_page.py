"""*Another window or threshold*: a replay for a page, which is limited in size, time and number."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from monitor.model.role import Role
from refilld.settings.settings import Settings
from refilld.web import what_if_runs
from refilld.web.app import create_pages
from refilld.web.page import Desk
from refilld.web.what_if_runs import ReplayBusyError, WhatIfQuestion, WhatIfRuns
from storage import target_history
from tests.builders import DAY, START
from tests.jobs.survival_world import SurvivalWorld
from tests.refilld.web.desk_world import Browser, DeskWorld

PATH = "/retention/what-if"
A_WEEK = WhatIfQuestion((("window", timedelta(days=7)),), 90 * DAY)


@pytest.fixture
def browser(desk: DeskWorld) -> Browser:
    """At a shop of 21 orders that lost 300 of 1,000 units each, on the tenth day."""
    world = SurvivalWorld(desk.database)
    world.shop(21, lambda age: 300 if age >= 10 * DAY else 0, "b", service="bad", price="3", currency="USD")
    desk.now = START + 40 * DAY
    return desk.browser(Role.VIEWER)


def test_nothing_is_computed_until_something_is_changed(browser: Browser) -> None:
    page = browser.get(PATH).text
    assert "Replayed orders" not in page
    assert "A replay is stopped after 10 seconds" in page


@pytest.mark.parametrize("query", ["window=9d", f"threshold={quote('31%')}", "threshold=301&since=180d"])
def test_the_costs_under_both_terms_are_shown(browser: Browser, query: str) -> None:
    page = browser.get(f"{PATH}?{query}").text
    assert "Replayed orders: 21." in page
    assert "18.90 USD" in page
    assert "\N{MINUS SIGN}6,300" in page
    assert "-18.90 USD" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("window=soon", "is not a duration"),
        ("window=0d", "must be 1s to 36500d, or lifetime"),
        ("threshold=101%25", "write a share of the delivered units like 10%"),
        ("threshold=%D9%A3", "write a share"),
        ("threshold=" + "9" * 5_000, "write a share"),
    ],
)
def test_what_cannot_be_a_term_is_refused_in_words(browser: Browser, query: str, words: str) -> None:
    answer = browser.get(f"{PATH}?{query}")
    assert answer.status_code == 200
    assert words in answer.text


def test_a_replay_that_takes_too_long_is_stopped_and_the_next_one_may_begin(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(what_if_runs, "LONGEST", 0.0)
        page = browser.get(f"{PATH}?window=9d&since=90d").text
    assert "was stopped. Choose a shorter time, or run" in page
    assert "refilld retention what-if --window 9d --since 90d" in page
    assert "Replayed orders" in browser.get(f"{PATH}?window=9d&since=90d").text


def test_one_replay_goes_on_at_a_time(desk: DeskWorld) -> None:
    runs = WhatIfRuns()
    with runs._lock, pytest.raises(ReplayBusyError):
        runs.answer(desk.database, Settings(), A_WEEK, desk.now)
    app = create_pages(Desk(desk.settings, {}, desk.database, desk.clock, what_ifs=runs))
    browser = desk.browser(Role.VIEWER)
    browser.client.application = app
    with runs._lock:
        assert "Another replay is computed at present" in browser.get(f"{PATH}?window=7d").text


def test_an_answer_is_kept_for_an_hour(desk: DeskWorld) -> None:
    runs = WhatIfRuns()
    first = runs.answer(desk.database, Settings(), A_WEEK, desk.now)
    assert runs.answer(desk.database, Settings(), A_WEEK, desk.now + timedelta(minutes=59)) is first
    assert runs.answer(desk.database, Settings(), A_WEEK, desk.now + timedelta(hours=1)) is not first


def test_of_a_large_shop_a_sample_is_replayed(
    desk: DeskWorld, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if_runs, "CONSIDERED", 7)
    page = browser.get(f"{PATH}?window=9d").text
    assert "Replayed orders: 7, a sample of 33 percent of the targets" in page
    with desk.database.read() as tx:
        assert target_history.newest_target(tx) == 21
        assert target_history.targets_sold(tx, START - DAY, 3, 9, step=3) == [6, 9, 12, 15, 18, 21]
