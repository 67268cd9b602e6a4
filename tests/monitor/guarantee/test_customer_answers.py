"""Answers: every word that a customer's request can be answered with, its precedence and its numbers."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.customer_answers import Answer, LastLook, answer
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
from tests.monitor.strategies import DELIVERED, HOURS, targets

WHOLE = LastLook(2000, NOW, Outcome.COUNT)
PRIVATE = LastLook(2000, NOW, Outcome.PRIVATE)
NOTHING = LastLook(None, None, None)
DECIDED = a_drop(opened_at=NOW - DAY, state=DropState.WAITING, looks=3)
QUEUED = a_refill(400, RefillState.QUEUED)
HELD = a_refill(400, RefillState.HELD)


def counted(count: int, at: datetime = NOW) -> LastLook:
    return LastLook(count, at, Outcome.COUNT)


def ask(
    state: OrderState,
    look: LastLook = WHOLE,
    reason: Reason | None = None,
    now: datetime = NOW,
    siblings: tuple[OrderState, ...] = (),
) -> Answer:
    return answer(state, (state, *siblings), look, reason, now)


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


def test_of_several_flags_one_is_the_word_and_all_that_void_are_told() -> None:
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


def test_numbers_that_are_not_known_are_not_made_up() -> None:
    """Before the first count there is no line and nothing is missing."""
    a = ask(an_order_state(an_order(start_count=None)), NOTHING)
    assert (a.count, a.counted_at, a.line, a.missing, a.quantity) == (None, None, None, None, None)


def test_what_is_missing_is_what_this_order_may_claim() -> None:
    """RULES 3: of two orders on one link, the one that ends first pays, and the other is told the truth."""
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


def test_units_that_are_delivered_but_not_seen_yet_are_not_called_nothing() -> None:
    """A refill completed an hour ago: the customer sees 1600 and must not be told that it is 2000."""
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


# Which word goes first


def test_an_order_that_was_not_delivered_is_told_so_whatever_flags_it_has() -> None:
    """Status before flags."""
    pending = an_order(status=OrderStatus.PENDING, completed_at=None)
    assert ask(an_order_state(pending, flags=[Flag.HOLD, Flag.ABUSE])).word == "not_delivered"


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.REFUNDED, OrderStatus.FAIL])
def test_an_order_without_a_guarantee_is_told_so(status: OrderStatus) -> None:
    """Whatever was counted."""
    assert ask(an_order_state(an_order(status=status, completed_at=None)), PRIVATE).word == "no_guarantee"


def test_a_partial_order_carries_what_was_promised() -> None:
    """RULES 5, partial_orders; and nothing delivered is nothing guaranteed."""
    partial = an_order(status=OrderStatus.PARTIAL, delivered=1000, remains=100)
    assert ask(an_order_state(partial)).word == "no_drop"
    refused = an_order(status=OrderStatus.PARTIAL, delivered=1000, remains=100, partial_orders=False)
    assert ask(an_order_state(refused)).word == "no_guarantee"
    nothing = an_order(status=OrderStatus.PARTIAL, delivered=0, remains=100)
    assert ask(an_order_state(nothing)).word == "no_guarantee"


def test_flags_go_before_a_refill_and_a_refill_before_the_end_of_the_window() -> None:
    """What is on its way comes, even after the guarantee has ended; a flag has withdrawn it."""
    over = an_order(window=DAY)
    claimed = an_order_state(over, refills=[a_refill(400, RefillState.CLAIMED)])
    held = replace(claimed, flags=frozenset({Flag.HOLD}))
    abused = replace(claimed, flags=frozenset({Flag.HOLD, Flag.ABUSE}))
    assert ask(abused, PRIVATE).word == "void:abuse"
    assert ask(held, PRIVATE).word == "suspended:hold"
    assert ask(claimed, PRIVATE).word == "refill"
    assert ask(an_order_state(over), PRIVATE).word == "window_expired"


def test_a_profile_that_cannot_be_read_goes_before_what_was_counted() -> None:
    """Also before settling, and before a decision to wait."""
    fresh = an_order_state(an_order(completed_at=NOW - HOUR))
    assert ask(fresh, PRIVATE).word == "profile_private"
    assert ask(an_order_state(drop=DECIDED), PRIVATE, Reason.COOLDOWN).word == "profile_private"


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.UNAVAILABLE, Outcome.TRANSIENT])
def test_a_target_that_is_gone_is_said_to_be_whatever_the_newest_look_was(outcome: Outcome) -> None:
    """RULES 7: being gone is more than the newest look."""
    assert ask(an_order_state(), LastLook(2000, NOW, outcome, gone=True)).word == "target_not_found"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.TRANSIENT, Outcome.SCHEMA, Outcome.BLOCKED, Outcome.RATE_LIMITED,
        Outcome.LOGIN_REQUIRED, Outcome.UNAVAILABLE, Outcome.NOT_FOUND,
    ],
)  # fmt: skip
def test_a_look_that_failed_for_our_reasons_leaves_the_last_count_standing(outcome: Outcome) -> None:
    """The customer has nothing to do with our network."""
    assert ask(an_order_state(), LastLook(2000, NOW - HOUR, outcome)).word == "no_drop"


def test_an_order_is_settled_and_in_its_window_to_the_instant() -> None:
    """RULES 3: t >= completed_at + settle and t < completed_at + window."""
    state = an_order_state(an_order(window=5 * DAY))
    times = [START + DAY - INSTANT, START + DAY, START + 5 * DAY - INSTANT, START + 5 * DAY]
    words = [ask(state, counted(2000, at), now=at).word for at in times]
    assert words == ["not_settled", "no_drop", "no_drop", "window_expired"]


@pytest.mark.parametrize("window", [None, 30 * DAY])
def test_a_delivery_in_the_future_is_not_an_expired_one(window: timedelta | None) -> None:
    """A clock that was set back must not end a guarantee."""
    assert ask(an_order_state(an_order(completed_at=NOW + HOUR, window=window))).word == "not_settled"


def test_an_undecided_drop_outlives_the_window() -> None:
    """RULES 3: suspected or waiting, opened inside it."""
    state = an_order_state(an_order(window=9 * DAY), drop=replace(DECIDED, opened_at=NOW - 2 * DAY))
    assert ask(state, counted(1600), Reason.COOLDOWN).word == "cooldown"
    refused = replace(state, drop=replace(DECIDED, state=DropState.REFUSED))
    assert ask(refused, counted(1600), Reason.REFILL_LIMIT_REACHED).word == "window_expired"


def test_a_lifetime_never_expires() -> None:
    """window = "lifetime"."""
    at = START + 3650 * DAY
    assert ask(an_order_state(an_order(window=None)), counted(2000, at), now=at).word == "no_drop"


def test_a_held_refill_is_answered_with_the_reason_it_is_held_for() -> None:
    """It is not on its way, and what it was held for is still missing."""
    a = ask(an_order_state(refills=[HELD]), counted(1600), Reason.MASS_DROP)
    assert (a.word, a.quantity, a.missing) == ("mass_drop", None, 400)


def test_a_suspected_drop_waits_for_its_confirmation_whatever_was_decided_before() -> None:
    """A reason belongs to a decided drop."""
    suspected = an_order_state(drop=a_drop())
    assert ask(suspected, counted(1600), Reason.COOLDOWN).word == "awaiting_confirmation"


@pytest.mark.parametrize("state", [RefillState.COMPLETED, RefillState.DEAD, RefillState.CANCELLED])
def test_a_refill_that_has_ended_is_not_on_its_way(state: RefillState) -> None:
    """Whether it was delivered or came to nothing."""
    done = NOW - 5 * DAY if state is RefillState.COMPLETED else None
    assert ask(an_order_state(refills=[a_refill(400, state, completed_at=done)])).word == "no_drop"


# Whatever is asked


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
def test_whatever_is_asked_there_is_a_known_word_and_a_whole_sentence(
    group: list[OrderState],
    status: OrderStatus,
    flags: list[Flag],
    look: LastLook,
    now: datetime,
    measured: bool,
    data: st.DataObject,
) -> None:
    """No word without its sentence, no sentence with a hole in it, and no negative number."""
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
    """RULES 1: nothing is refilled until the profile is public again, and the customer can mend that."""
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
    """Whatever a drop was decided for, the customer who asks gets an answer."""
    state = an_order_state(drop=a_drop(state=DropState.REFUSED))
    look = LastLook(1500, NOW, Outcome.COUNT)
    assert answer(state, (state,), look, reason, NOW).sentence.endswith(".")
