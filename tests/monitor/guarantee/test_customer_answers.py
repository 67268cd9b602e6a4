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
    NOTHING,
    PRIVATE,
    QUEUED,
    WHOLE,
    ask,
    counted,
)
from tests.monitor.strategies import DELIVERED, HOURS, targets

# Every word


@pytest.mark.parametrize(
    ("word", "state", "look", "sentence"),
    [
        ("refill", an_order_state(refills=[QUEUED]), counted(1600), "A refill of 400 is on its way."),
        (
            "no_drop",
            an_order_state(),
            WHOLE,
            "Nothing is missing: the count is 2000, and the order is whole at 2000.",
        ),
        ("below_threshold", an_order_state(), counted(1951), "49 are missing of 1000; refills start at 50."),
        (
            "awaiting_confirmation",
            an_order_state(),
            counted(1950),
            "50 seem to be missing; a second look confirms it before we refill.",
        ),
        (
            "not_settled",
            an_order_state(an_order(completed_at=NOW - HOUR)),
            WHOLE,
            "The delivery is too fresh to be judged; that starts 2026-03-12 11:00 UTC.",
        ),
        (
            "window_expired",
            an_order_state(an_order(window=10 * DAY)),
            WHOLE,
            "The guarantee of this order ended 2026-03-11 12:00 UTC.",
        ),
        ("void:dispute", an_order_state(flags=[Flag.DISPUTE]), WHOLE, "The guarantee is void: dispute."),
        (
            "suspended:hold",
            an_order_state(flags=[Flag.HOLD]),
            WHOLE,
            "The guarantee is suspended while the order is on hold.",
        ),
        (
            "profile_private",
            an_order_state(),
            PRIVATE,
            "The profile is private; please make it public, then we check again.",
        ),
        (
            "target_not_found",
            an_order_state(),
            LastLook(2000, NOW, Outcome.NOT_FOUND, gone=True),
            "The link leads to no public count any more; please check it.",
        ),
        (
            "counts_hidden",
            an_order_state(),
            LastLook(2000, NOW, Outcome.HIDDEN),
            "The count is not shown to visitors; please show it, then we check again.",
        ),
        (
            "not_delivered",
            an_order_state(an_order(status=OrderStatus.IN_PROGRESS, completed_at=None)),
            WHOLE,
            "The order is not delivered yet (In progress).",
        ),
        (
            "no_guarantee",
            an_order_state(an_order(status=OrderStatus.REFUNDED, completed_at=None)),
            WHOLE,
            "An order of status Refunded carries no guarantee.",
        ),
        (
            "no_guarantee",
            an_order_state(an_order(refill=RefillMode.NEVER)),
            WHOLE,
            "An order sold without refill carries no guarantee.",
        ),
        (
            "not_readable",
            an_order_state(),
            NOTHING,
            "No count could be read since the delivery settled; we keep trying.",
        ),
    ],
)
def test_every_word_has_its_case_and_its_sentence(
    word: str, state: OrderState, look: LastLook, sentence: str
) -> None:
    """RULES 5, end: one of the fixed words, always with the numbers."""
    given_answer = ask(state, look)
    assert (word, sentence) == (given_answer.word, given_answer.sentence)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason.REFILL_IN_PROGRESS, "400 are missing; a refill is under way already."),
        (Reason.REFILL_LIMIT_REACHED, "All 3 refills of this order have been delivered."),
        (Reason.REFILL_ALLOWANCE_SPENT, "Refills of this order have reached 150% of what was delivered."),
        (Reason.COOLDOWN, "400 are missing; the next refill starts when the last one is 1d old."),
        (
            Reason.BELOW_START_COUNT,
            "The count is below what it was before the order; an operator looks at it.",
        ),
        (Reason.AWAITING_REQUEST, "400 are missing; your request is noted and is decided at the next look."),
        (Reason.MASS_DROP, "Many counts fell at once; we wait to see whether the platform gives them back."),
    ],
)
def test_a_decided_drop_is_answered_with_its_reason(reason: Reason, sentence: str) -> None:
    """RULES 5: or the reason above."""
    given_answer = ask(an_order_state(drop=DECIDED), counted(1600), reason)
    assert (given_answer.word, given_answer.sentence) == (reason, sentence)


@pytest.mark.parametrize("flag", [flag for flag in Flag if flag.voids])
def test_each_flag_that_voids_is_named(flag: Flag) -> None:
    """void:<flag>."""
    assert f"void:{flag}" == ask(an_order_state(flags=[flag])).word


def test_of_several_flags_one_is_the_word_and_all_void_ones_are_in_the_sentence() -> None:
    """A hold suspends, it voids nothing."""
    given_answer = ask(an_order_state(flags=[Flag.HOLD, Flag.DISPUTE, Flag.CHARGEBACK]))
    expected = ("void:chargeback", "The guarantee is void: chargeback, dispute.")
    assert expected == (given_answer.word, given_answer.sentence)


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
    assert b.sentence == (
        "The count is 2600, and the order is whole at 3000; what is missing is on its way already, "
        "or another order on the same link pays for it."
    )


def test_delivered_units_not_yet_in_a_count_are_mentioned() -> None:
    """A refill completed an hour ago: the customer sees 1600, so the answer must not say 2000."""
    a = ask(an_order_state(refills=[a_completed_refill(400, NOW - HOUR)]), counted(1600))
    assert (a.word, a.missing) == ("no_drop", 0)
    assert not a.sentence.startswith("Nothing is missing")


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
)
STATUSES = DELIVERED | st.sampled_from([s for s in OrderStatus if not s.delivered])


@given(
    targets(), STATUSES, st.lists(st.sampled_from(Flag), max_size=2), LOOKS, HOURS, st.booleans(), st.data()
)
@examples(300)
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
    assert re.fullmatch(r"[A-Z0-9][^{}]+\.", a.sentence)
    assert "None" not in a.sentence
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


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_sentence(reason: Reason) -> None:
    """So that every decision can be explained to the customer."""
    state = an_order_state(drop=a_drop(state=DropState.REFUSED))
    look = LastLook(1500, NOW, Outcome.COUNT)
    assert answer(state, (state,), look, reason, NOW).sentence.endswith(".")
