"""Alerts: each says what happened, with the numbers and the reason, and what to do about it."""

import pytest

from monitor.alerts.alert import (
    GONE_WORDS,
    PRIVATE_WORDS,
    Alert,
    AlertKind,
    dead_refill_alert,
    decision_alert,
    gone_alert,
    private_alert,
    refused_alert,
    source_alert,
)
from monitor.guarantee.decisions import TABLE
from monitor.guarantee.gone_detection import Absence
from monitor.model.decision import Action, Decision, Reason
from tests.builders import HOUR, NOW, a_profile, an_order

LINK = "https://www.instagram.com/natgeo/"


def a_decision(action: Action, reason: Reason) -> Decision:
    units = 300 if action in {Action.REFILL, Action.HOLD} else 0
    return Decision("17", NOW, action, reason, units, count=1700, line=2000, claim=300)


@pytest.mark.parametrize(
    ("action", "reason", "kind", "step"),
    [
        (Action.REFILL, Reason.DROP_CONFIRMED, "drop.confirmed", "a refill of 300 is queued"),
        (Action.HOLD, Reason.MASS_DROP, "drop.held", "a refill of 300 is held for your approval"),
        (Action.HOLD, Reason.BELOW_START_COUNT, "drop.held", "a refill of 300 is held for your approval"),
        (Action.WAIT, Reason.COOLDOWN, "drop.waiting", "it waits"),
        (Action.REFUSE, Reason.REFILL_LIMIT_REACHED, "drop.refused", "it is refused"),
    ],
)
def test_the_alert_of_a_decision_has_its_numbers_and_its_reason(
    action: Action, reason: Reason, kind: str, step: str
) -> None:
    """The order, its link, the count, the line, what is missing, and what follows."""
    numbers = f"order 17: followers of {LINK} are 1700, whole at 2000, 300 missing"
    expected = Alert(AlertKind(kind), f"{numbers}; {step} ({reason})", "17", LINK)
    assert expected == decision_alert(a_decision(action, reason), an_order("17"))


@pytest.mark.parametrize(("action", "reason"), [(action, reason) for _, action, reason in TABLE])
def test_every_decision_has_an_alert(action: Action, reason: Reason) -> None:
    """In one line, whatever row of the table it comes from."""
    text = decision_alert(a_decision(action, reason), an_order("17")).text
    assert "\n" not in text
    assert all(part in text for part in ("17", LINK, "1700", "2000", "300", reason))


def test_the_alert_of_a_private_profile_has_the_words_for_the_customer() -> None:
    """To be copied as they are."""
    alert = private_alert(a_profile(), 3)
    assert (alert.kind, alert.link) == (AlertKind.TARGET_PRIVATE, LINK)
    assert alert.text == f'{LINK} is private; 3 order(s) suspended. To the customer: "{PRIVATE_WORDS}"'
    assert "make it public" in PRIVATE_WORDS


def test_the_alert_of_a_gone_target_has_the_words_for_the_customer() -> None:
    """How often and since when it was not found, and how many orders wait for it."""
    alert = gone_alert(a_profile(), Absence(5, NOW, NOW + 24 * HOUR), 2)
    assert (alert.kind, alert.link) == (AlertKind.TARGET_GONE, LINK)
    assert alert.text == (
        f"followers of {LINK} have not been found 5 times since {NOW:%Y-%m-%d %H:%M} UTC, while others "
        f'were read; 2 order(s) suspended. To the customer: "{GONE_WORDS}"'
    )
    assert "tell us the new one" in GONE_WORDS


def test_the_alert_of_an_unreadable_target_names_the_failure() -> None:
    """How often in a row, and in what the last look ended."""
    text = f"followers of {LINK} could not be read 3 times in a row (not_found)"
    assert Alert(AlertKind.TARGET_REFUSED, text, link=LINK) == refused_alert(a_profile(), "not_found", 3)


@pytest.mark.parametrize("until", ["2026-01-02 10:00:00 UTC", "an operator resumes it"])
def test_the_alert_of_a_refusing_source_has_its_reason_and_the_end_of_its_pause(until: str) -> None:
    """A time, or what must be done."""
    text = f"source instaloader refuses us (blocked); paused until {until}"
    assert Alert(AlertKind.SOURCE_BLOCKED, text) == source_alert("instaloader", "blocked", until)


def test_the_alert_of_a_dead_refill_says_what_to_do() -> None:
    """Its number, its units, its order, the error, and the two ways out."""
    text = "refill 5 of 300 for order 17 is given up (no such user); requeue or cancel it"
    expected = Alert(AlertKind.REFILL_DEAD, text, order_id="17")
    assert expected == dead_refill_alert(5, "17", 300, "no such user")
