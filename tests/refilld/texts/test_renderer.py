"""Texts: each says what happened, with the numbers and the reason, and what to do about it."""

from datetime import datetime

import pytest

from monitor.events.drops import drop_decided
from monitor.events.event import Event
from monitor.events.refills import refill_dead
from monitor.events.sources import source_blocked
from monitor.events.targets import target_gone, target_private, target_refused
from monitor.guarantee.decisions import TABLE
from monitor.guarantee.gone_detection import Absence
from monitor.model.decision import Action, Reason
from tests.builders import HOUR, NOW, a_decision, a_profile, an_order
from tests.event_rows import text_of

LINK = "https://www.instagram.com/natgeo/"


def decided(action: Action, reason: Reason) -> Event:
    return drop_decided(a_decision("17", action, reason=reason), an_order("17"))


@pytest.mark.parametrize(
    ("action", "reason", "kind", "step"),
    [
        (Action.REFILL, Reason.DROP_CONFIRMED, "drop.confirmed", "a refill of 300 is queued"),
        (Action.HOLD, Reason.MASS_DROP, "drop.held", "a refill of 300 is held for your approval"),
        (Action.HOLD, Reason.SHADOW, "drop.held", "a refill of 300 would be queued"),
        (Action.HOLD, Reason.BELOW_START_COUNT, "drop.held", "a refill of 300 is held for your approval"),
        (Action.WAIT, Reason.COOLDOWN, "drop.waiting", "it waits"),
        (Action.REFUSE, Reason.REFILL_LIMIT_REACHED, "drop.refused", "it is refused"),
    ],
)
def test_the_text_of_a_decision_has_its_numbers_and_its_reason(
    action: Action, reason: Reason, kind: str, step: str
) -> None:
    """The order, its link, the count, the line, what is missing, and what follows."""
    event = decided(action, reason)
    numbers = f"order 17: followers of {LINK} are 1700, whole at 2000, 300 missing"
    assert (event.kind, event.subject.order_id, event.subject.link) == (kind, "17", LINK)
    assert text_of(event) == f"{numbers}; {step} ({reason})"


@pytest.mark.parametrize(("action", "reason"), [(action, reason) for _, action, reason in TABLE])
def test_every_decision_has_a_text(action: Action, reason: Reason) -> None:
    """In one line, whatever row of the table it comes from."""
    text = text_of(decided(action, reason))
    assert "\n" not in text
    assert all(part in text for part in ("17", LINK, "1700", "2000", "300", reason))


def test_the_text_of_a_private_profile_has_the_words_for_the_customer() -> None:
    """To be copied as they are."""
    text = text_of(target_private(a_profile(), 3))
    assert text.startswith(f'{LINK} is private; 3 order(s) suspended. To the customer: "Your profile is set')
    assert "please make it public again" in text


def test_the_text_of_a_gone_target_has_the_words_for_the_customer() -> None:
    """How often and since when it was not found, and how many orders wait for it."""
    text = text_of(target_gone(a_profile(), Absence(5, NOW, NOW + 24 * HOUR), 2))
    assert text.startswith(
        f"followers of {LINK} have not been found 5 times since {NOW:%Y-%m-%d %H:%M} UTC, while others "
        'were read; 2 order(s) suspended. To the customer: "The link of your order'
    )
    assert "tell us the new one" in text


def test_the_text_of_an_unreadable_target_names_the_failure() -> None:
    """How often in a row, and in what the last look ended."""
    text = f"followers of {LINK} could not be read 3 times in a row (not_found)"
    assert text_of(target_refused(a_profile(), "not_found", 3)) == text


@pytest.mark.parametrize(
    ("until", "words"), [(NOW, f"{NOW:%Y-%m-%d %H:%M:%S} UTC"), (None, "an operator resumes it")]
)
def test_the_text_of_a_refusing_source_has_its_reason_and_the_end_of_its_pause(
    until: datetime | None, words: str
) -> None:
    """A time, or what must be done."""
    text = f"source instaloader refuses us (blocked); paused until {words}"
    assert text_of(source_blocked("instaloader", "blocked", until)) == text


def test_the_text_of_a_dead_refill_says_what_to_do() -> None:
    """Its number, its units, its order, the error, and the two ways out."""
    text = "refill 5 of 300 for order 17 is given up (no such user); requeue or cancel it"
    assert text_of(refill_dead(an_order("17"), 5, 300, "no such user")) == text
