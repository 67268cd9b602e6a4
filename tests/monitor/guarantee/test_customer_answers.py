"""RULES 5: each word that answers a customer's request, its sentence and its numbers."""

import re
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.customer_answers import LastLook, answer
from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.terms import RefillMode
from refilld.answers.rendering import sentence
from refilld.answers.texts import shipped_texts
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_completed_refill,
    a_drop,
    a_refill,
    an_order,
    an_order_state,
)
from tests.effort import examples
from tests.monitor.guarantee.customer_requests import (
    DECIDED,
    HELD,
    NOTHING,
    PRIVATE,
    QUEUED,
    WHOLE,
    ask,
    counted,
)
from tests.monitor.strategies import DELIVERED, HOURS, targets

# Every word


FRESH = an_order(completed_at=NOW - HOUR)
IN_PROGRESS = an_order(status=OrderStatus.IN_PROGRESS, completed_at=None)
REFUNDED = an_order(status=OrderStatus.REFUNDED, completed_at=None)
ABSENT = LastLook(2000, NOW, Outcome.NOT_FOUND, looked_at=NOW, absent_since=NOW - HOUR)
UNAVAILABLE = replace(ABSENT, outcome=Outcome.UNAVAILABLE)


@pytest.mark.parametrize(
    ("word", "variant", "state", "look"),
    [
        ("refill", "", an_order_state(refills=[QUEUED]), counted(1600)),
        ("no_drop", "", an_order_state(), WHOLE),
        ("below_threshold", "", an_order_state(), counted(1951)),
        ("awaiting_confirmation", "", an_order_state(), counted(1950)),
        ("not_settled", "", an_order_state(FRESH), WHOLE),
        ("window_expired", "", an_order_state(an_order(window=10 * DAY)), WHOLE),
        ("void:dispute", "", an_order_state(flags=[Flag.DISPUTE]), WHOLE),
        ("suspended:hold", "", an_order_state(flags=[Flag.HOLD]), WHOLE),
        ("profile_private", "", an_order_state(), PRIVATE),
        ("target_not_found", "", an_order_state(), ABSENT),
        ("target_not_found", "", an_order_state(), replace(ABSENT, gone=True)),
        ("target_not_found", "unavailable", an_order_state(), replace(UNAVAILABLE, gone=True)),
        ("counts_hidden", "", an_order_state(), LastLook(2000, NOW, Outcome.HIDDEN)),
        ("not_delivered", "", an_order_state(IN_PROGRESS), WHOLE),
        ("no_guarantee", "", an_order_state(REFUNDED), WHOLE),
        ("no_guarantee", "never", an_order_state(an_order(refill=RefillMode.NEVER)), WHOLE),
        ("not_readable", "", an_order_state(), NOTHING),
        ("not_readable", "unavailable", an_order_state(), UNAVAILABLE),
        ("not_readable", "unavailable", an_order_state(), replace(ABSENT, outcome=Outcome.TRANSIENT)),
    ],
)
def test_every_word_has_its_case(word: str, variant: str, state: OrderState, look: LastLook) -> None:
    """RULES 5, end: one of the fixed words."""
    given_answer = ask(state, look)
    assert (word, variant) == (given_answer.word, given_answer.variant)


DECIDED_REASONS = [reason for reason in Reason if reason not in {Reason.DROP_CONFIRMED, Reason.RECOVERED}]


@pytest.mark.parametrize("reason", DECIDED_REASONS)
def test_a_decided_drop_is_answered_with_its_reason(reason: Reason) -> None:
    """RULES 5: or the reason above."""
    assert ask(an_order_state(drop=DECIDED), counted(1600), reason).word == reason


def test_a_request_that_nobody_made_is_not_called_noted() -> None:
    """Under `on_request` the customer has to ask."""
    waiting = an_order_state(drop=DECIDED)
    asked = replace(waiting, request_pending=True)
    variants = [ask(one, counted(1600), Reason.AWAITING_REQUEST).variant for one in (waiting, asked)]
    assert variants == ["not_asked", ""]


def test_a_refused_loss_below_the_start_count_is_not_called_under_review() -> None:
    """RULES 5, row 5: `below_start = "refuse"`."""
    refused = an_order_state(drop=a_drop(state=DropState.REFUSED))
    held = an_order_state(refills=[HELD])
    variants = [ask(one, counted(900), Reason.BELOW_START_COUNT).variant for one in (refused, held)]
    assert variants == ["refused", ""]


def test_a_cooldown_ends_after_the_last_completed_refill() -> None:
    """The customer is told when the next refill is possible."""
    refills = [a_completed_refill(100, NOW - 9 * DAY), a_completed_refill(100, NOW - HOUR)]
    waiting = an_order_state(drop=DECIDED, refills=refills)
    assert ask(waiting, counted(1600), Reason.COOLDOWN).next_refill_at == NOW + 23 * HOUR


@pytest.mark.parametrize("flag", [flag for flag in Flag if flag.voids])
def test_each_flag_that_voids_is_named(flag: Flag) -> None:
    """void:<flag>."""
    assert f"void:{flag}" == ask(an_order_state(flags=[flag])).word


def test_of_several_flags_one_that_voids_is_the_word() -> None:
    """A hold suspends, it voids nothing."""
    assert ask(an_order_state(flags=[Flag.HOLD, Flag.DISPUTE, Flag.CHARGEBACK])).word == "void:chargeback"


# The numbers


def test_the_numbers_are_always_there() -> None:
    """Count and when it was read, line, threshold, what is missing, and how much of that is on its way."""
    state = an_order_state(refills=[a_refill(100)])
    expected = ("1", "refill", 1600, NOW - HOUR, 2000, 400, 50, 100)
    a = ask(state, counted(1600, NOW - HOUR))
    assert expected == (
        a.order_id, a.word, a.count, a.counted_at, a.line, a.missing, a.threshold, a.quantity,
    )  # fmt: skip


def test_unknown_numbers_are_none() -> None:
    """Before the first count there is no line and nothing is missing."""
    a = ask(an_order_state(an_order(start_count=None)), NOTHING)
    assert (a.count, a.counted_at, a.line, a.missing, a.quantity) == (None, None, None, None, None)


def test_what_is_missing_is_what_this_order_may_claim() -> None:
    """RULES 3: of two orders on one link, the one that ends first pays; the answer for the other says so."""
    first = an_order_state(an_order("1"))
    second = an_order_state(an_order("2", start_count=2000, completed_at=START + DAY))
    look = counted(2600)
    a, b = ask(first, look, siblings=(second,)), ask(second, look, siblings=(first,))
    assert [(a.line, a.missing, a.word), (b.line, b.missing, b.word)] == [
        (3000, 400, "awaiting_confirmation"),
        (3000, 0, "no_drop"),
    ]
    assert b.variant == "other_order"


def test_delivered_units_not_yet_in_a_count_are_mentioned() -> None:
    """A refill completed an hour ago: the customer sees 1600, so the answer must not say 2000."""
    a = ask(an_order_state(refills=[a_completed_refill(400, NOW - HOUR)]), counted(1600))
    assert (a.word, a.missing, a.variant) == ("no_drop", 0, "refilled")


def test_the_claim_is_that_of_the_time_of_the_count() -> None:
    """A refill that has settled since the last look is not missing from a count that is older than it."""
    state = an_order_state(refills=[a_completed_refill(400, NOW - 2 * DAY)])
    assert ask(state, counted(1600, NOW - 3 * DAY)).word == "no_drop"
    assert ask(state, counted(1600, NOW)).word == "awaiting_confirmation"


def test_a_count_from_before_the_delivery_settled_judges_nothing() -> None:
    """RULES 3: an order is active from completed_at + settle on."""
    assert ask(an_order_state(), counted(1600, START + DAY - INSTANT)).word == "not_readable"
    assert ask(an_order_state(), counted(1600, START + DAY)).word == "awaiting_confirmation"


def test_another_order_without_a_start_count_does_not_break_the_answer() -> None:
    """It is measured by the last count, as the next look would do."""
    unknown = an_order_state(an_order("2", start_count=None, completed_at=START + DAY))
    assert ask(an_order_state(), counted(3000), siblings=(unknown,)).word == "no_drop"


# Any request


WORDS = {
    "refill", "no_drop", "below_threshold", "not_settled", "window_expired", "suspended:hold",
    "profile_private", "target_not_found", "counts_hidden", "not_delivered", "no_guarantee",
    "not_readable", "awaiting_confirmation",
    *(f"void:{flag}" for flag in Flag if flag.voids), *Reason,
}  # fmt: skip
LOOKS = st.builds(
    LastLook,
    st.none() | st.integers(0, 100),
    HOURS,
    st.none() | st.sampled_from(Outcome),
    st.booleans(),
    looked_at=HOURS,
    private_since=st.none() | HOURS,
    absent_since=st.none() | HOURS,
    was_not_found=st.booleans(),
    obstacle=st.sampled_from([None, "no source"]),
)
SHIPPED = shipped_texts()
STATUSES = DELIVERED | st.sampled_from([s for s in OrderStatus if not s.delivered])


@given(
    targets(), STATUSES, st.lists(st.sampled_from(Flag), max_size=2), LOOKS, HOURS, st.booleans(), st.data()
)
@examples(150)
def test_any_request_gets_a_known_word_and_a_complete_sentence(
    group: list[OrderState],
    status: OrderStatus,
    flags: list[Flag],
    look: LastLook,
    now: datetime,
    measured: bool,
    data: st.DataObject,
) -> None:
    """Every word has a sentence without unfilled placeholders, and no number is negative."""
    first = group[0]
    order = replace(
        first.order,
        status=status,
        completed_at=first.order.completed_at if status.delivered else None,
        start_count=first.order.start_count if measured else None,
    )
    state = replace(first, order=order, flags=frozenset(flags))
    decided = [reason for reason in Reason if reason is not Reason.DROP_CONFIRMED]
    reason = data.draw(st.none() | st.sampled_from(decided))
    a = answer(state, (state, *group[1:]), look, reason, now)
    assert a.word in WORDS
    for texts in SHIPPED.languages.values():
        text = sentence(a, texts)
        assert re.fullmatch(r"[^{}]+\.", text)
        assert "None" not in text
    assert (a.missing or 0) >= 0
    assert (a.quantity is not None) == any(
        refill.state in {RefillState.QUEUED, RefillState.CLAIMED} for refill in state.refills
    )


def test_a_refill_that_waits_for_a_public_profile_is_not_called_on_its_way() -> None:
    """RULES 1: nothing is refilled until the profile is public again, which the customer can change."""
    owed = an_order_state(refills=[a_refill(300, RefillState.QUEUED)])
    assert ask(owed, WHOLE).word == "refill"
    assert ask(owed, PRIVATE).word == "profile_private"


def test_a_refill_that_waits_for_a_target_to_come_back_is_not_called_on_its_way() -> None:
    """RULES 7: the order is suspended; what a consumer has taken already is under way all the same."""
    gone = LastLook(2000, NOW, Outcome.NOT_FOUND, gone=True)
    assert ask(an_order_state(refills=[a_refill(300, RefillState.QUEUED)]), gone).word == "target_not_found"
    assert ask(an_order_state(refills=[a_refill(300, RefillState.CLAIMED)]), gone).word == "refill"


# Answers from an older count


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.COUNT])
def test_an_answer_from_an_older_count_says_so(outcome: Outcome) -> None:
    """Either the word is about the failed look, or the count is called an older one."""
    a = ask(an_order_state(), LastLook(2000, NOW - DAY, outcome, looked_at=NOW))
    assert a.stale == (a.word == "no_drop")
    assert not ask(an_order_state(), WHOLE).stale


def test_a_count_that_nobody_can_renew_is_called_an_older_one() -> None:
    assert ask(an_order_state(), replace(WHOLE, obstacle="no source is enabled")).stale


def test_the_newest_look_is_told_and_not_an_earlier_one() -> None:
    """A private profile that was deleted: the account is not found, since the first such look."""
    deleted = replace(ABSENT, private_since=NOW - 9 * DAY)
    a = ask(an_order_state(), deleted)
    assert (a.word, a.look.since) == ("target_not_found", NOW - HOUR)
    private = LastLook(2000, NOW - 9 * DAY, Outcome.BLOCKED, private_since=NOW - DAY)
    a = ask(an_order_state(), private)
    assert (a.word, a.look.since) == ("profile_private", NOW - DAY)
