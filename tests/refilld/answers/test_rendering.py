"""The sentences that buyers get."""

import pytest

from monitor.guarantee.customer_answers import LastLook
from monitor.model.decision import Reason
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from refilld.answers.rendering import sentence
from refilld.answers.texts import shipped_texts
from tests.builders import DAY, HOUR, NOW, START, a_completed_refill, an_order, an_order_state
from tests.monitor.guarantee.customer_requests import DECIDED, QUEUED, WHOLE, ask, counted

LANGUAGES = shipped_texts().languages
LINK = "https://www.instagram.com/natgeo/"
REFUNDED = an_order(status=OrderStatus.REFUNDED, completed_at=None)
ENDED = an_order(window=10 * DAY)
ABSENT = LastLook(2000, NOW - DAY, Outcome.NOT_FOUND, looked_at=NOW, absent_since=NOW - HOUR)
UNREAD = LastLook(2000, NOW - DAY, Outcome.BLOCKED, looked_at=NOW)


WHOLE_THEN = (
    f"Nothing is missing: {LINK} had 2000 followers on 2026-03-10 12:00 UTC, "
    "and your order is complete from 2000 on."
)
OLD_COUNT = " This is from the last count, of 2026-03-10 12:00 UTC; there is no newer one yet."
NOT_FOUND = (
    f"{LINK} could not be found since 2026-03-11 11:00 UTC. "
    "Please check that it exists and is public, or tell us the new link."
)
NOT_COUNTED = (
    f"The followers of {LINK} have not been counted since your delivery, "
    "so we cannot say yet whether any are missing."
)


@pytest.mark.parametrize(
    ("state", "look", "text"),
    [
        (an_order_state(), counted(2000, NOW - DAY), WHOLE_THEN),
        (an_order_state(), UNREAD, WHOLE_THEN + OLD_COUNT),
        (an_order_state(), ABSENT, NOT_FOUND),
        (an_order_state(), LastLook(None, None, None, obstacle="no source is enabled"), NOT_COUNTED),
        (an_order_state(refills=[QUEUED]), WHOLE, f"A refill of 400 followers for {LINK} is on its way."),
        (an_order_state(REFUNDED), WHOLE, "An order with the status Refunded has no refill guarantee."),
        (an_order_state(ENDED), WHOLE, "The guarantee of this order ended on 2026-03-11 12:00 UTC."),
        (
            an_order_state(flags=[Flag.CHARGEBACK]),
            WHOLE,
            "The guarantee of this order is void because its payment was charged back.",
        ),
    ],
)
def test_a_buyer_gets_a_true_sentence(state: OrderState, look: LastLook, text: str) -> None:
    assert sentence(ask(state, look), LANGUAGES["en"]) == text


def test_a_buyer_with_two_orders_is_told_to_which_one_a_loss_belongs() -> None:
    first = an_order_state(an_order("1"))
    second = an_order_state(an_order("2", start_count=2000, completed_at=START + DAY))
    text = sentence(ask(second, counted(2600), siblings=(first,)), LANGUAGES["en"])
    assert text == (
        f"Nothing is missing from this order: {LINK} had 2600 followers on 2026-03-11 12:00 UTC, "
        "and what is missing up to 3000 belongs to another order for the same link."
    )


def test_the_next_refill_is_told_with_its_time() -> None:
    state = an_order_state(drop=DECIDED, refills=[a_completed_refill(100, NOW - 3 * HOUR)])
    text = sentence(ask(state, counted(1600), Reason.COOLDOWN), LANGUAGES["es"])
    assert text == (
        "Faltan 300 seguidores. La próxima reposición de este pedido es posible a partir del "
        "2026-03-12 09:00 UTC."
    )
