"""When the target of an order is looked at next, in plain words on its page."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from monitor.cadence.adaptive import BY_VIRTUAL_TIME
from monitor.model.role import Role
from refilld.web.formats import since
from storage.schema import targets
from tests.builders import HOUR, MINUTE, NOW, an_order
from tests.refilld.web.desk_world import DeskWorld
from tests.storage.shop import sell

SECOND = timedelta(seconds=1)


def page_with(desk: DeskWorld, at: datetime | None, reason: str) -> str:
    desk.now = NOW
    sell(desk.database, an_order())
    with desk.database.write() as tx:
        tx.execute(update(targets).values(next_due_at=at, due_reason=reason, source="simulated"))
    return desk.browser(Role.VIEWER).get("/orders/1").text.replace(" UTC</time>", "</time>")


def test_a_regular_look_has_a_plain_reason_and_the_theory_is_folded(desk: DeskWorld) -> None:
    page = page_with(desk, NOW + 3 * HOUR, f"{BY_VIRTUAL_TIME}: theory")
    assert "by the chance of a drop and the budget.</p>" in page
    assert page.index("<details><summary>How the time is chosen") < page.index(f"{BY_VIRTUAL_TIME}: theory")


@pytest.mark.parametrize("at", [NOW, NOW - 5 * HOUR])
def test_a_look_whose_time_has_come_is_due_now(desk: DeskWorld, at: datetime) -> None:
    assert "The next look is due now:" in page_with(desk, at, "confirm drop of 1")


def test_an_age_below_a_minute_is_now(desk: DeskWorld) -> None:
    with desk.app().test_request_context():
        ages = [since(NOW + step, NOW) for step in (SECOND, -SECOND, 2 * MINUTE, -2 * MINUTE)]
    assert [re.sub("<[^>]*>", "", one) for one in ages] == ["now", "now", "in 2m", "2m ago"]
