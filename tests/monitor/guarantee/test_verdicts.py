"""RULES 2 to 5 together: what one count after another means for the orders of a target."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.order import Flag, Order, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.terms import BelowStart, RefillMode
from tests.monitor.worlds import (
    DAY,
    HOUR,
    INSTANT,
    MINUTE,
    NOW,
    START,
    Stake,
    a_drop,
    a_failed_look,
    a_look,
    a_refill,
    a_watched,
    an_order,
    completed_refill,
    examples,
    naive_claims,
    naive_end,
    naive_lines,
    play,
    settle_down,
)

FAILED = sorted(set(Outcome) - {Outcome.COUNT})


def looks(*counts: tuple[float, int]) -> list[Snapshot]:
    """Look at (hours after NOW, count), one after the other."""
    return [a_look(count, NOW + hours * HOUR) for hours, count in counts]


def told(verdicts: list[Verdict]) -> list[str]:
    """What became of the drop at each look, and the reason where there was a decision."""
    return [
        ": ".join([str(v.drop.state) if v.drop else "none", *([v.decision.reason] if v.decision else [])])
        for v in verdicts
    ]


# Measured start counts


@pytest.mark.parametrize(("count", "expected"), [(1500, 500), (1001, 1), (1000, 0), (999, 0), (0, 0)])
def test_a_missing_start_count_is_the_first_count_less_delivered(count: int, expected: int) -> None:
    """RULES 2: start_count = max(0, count - delivered)."""
    (verdict,) = evaluate_count([a_watched(an_order(start=None))], count, NOW)
    assert expected == verdict.start_count


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (START - INSTANT, None),
        (START, 500),
        (START + HOUR, 500),  # not settled yet
        (START + 40 * DAY, 500),  # too late for the guarantee, still what it counted
    ],
)
def test_it_is_measured_by_the_first_count_at_or_after_completion(at: datetime, expected: int | None) -> None:
    """RULES 2: at or after completion, also before settling."""
    (verdict,) = evaluate_count([a_watched(an_order(start=None))], 1500, at)
    assert expected == verdict.start_count


def test_a_known_start_count_is_never_measured() -> None:
    """RULES 2: only a missing one is."""
    (verdict,) = evaluate_count([a_watched(an_order(start=0))], 1500, START)
    assert verdict.start_count is None


def test_the_measured_start_count_stays() -> None:
    """RULES 2: measured by the first count, and by no later one."""
    verdicts, _ = play(a_watched(an_order(start=None)), looks((0, 1500), (1, 1400), (2, 1450)))
    expected = [500, None, None]
    assert expected == [v.start_count for v in verdicts]


def test_an_order_that_is_not_delivered_is_not_measured() -> None:
    """RULES 2: before completion there is nothing to take off the count."""
    pending = an_order(start=None, completed=None, status=OrderStatus.IN_PROGRESS)
    assert (Verdict("1", NOW),) == evaluate_count([a_watched(pending)], 1500, NOW)


@pytest.mark.parametrize(("count", "claim"), [(1500, 0), (1000, 0), (400, 600), (0, 1000)])
def test_the_measuring_look_is_judged_by_what_it_measured(count: int, claim: int) -> None:
    """RULES 2 and 3: line max(count, 1000), so only what is surely missing of 1000 is claimed."""
    (verdict,) = evaluate_count([a_watched(an_order(start=None))], count, NOW)
    assert claim == verdict.claim.units


def test_orders_measured_by_one_look_claim_nothing_at_that_look() -> None:
    """RULES 3: each lost unit is owed once, and a look that only measures shows no loss."""
    orders = [
        a_watched(an_order("a", start=None)),
        a_watched(an_order("b", start=None, completed=START + DAY)),
    ]
    # 5000 followers, 1000 of either order: a started at 3000, b at 4000, nothing is missing
    expected = [0, 0]
    assert expected == [v.claim.units for v in evaluate_count(orders, 5000, NOW)]


# Who is judged


@pytest.mark.parametrize(("early", "active"), [(INSTANT, False), (timedelta(0), True)])
def test_an_order_is_judged_from_the_moment_it_has_settled(early: timedelta, active: bool) -> None:
    """RULES 3: t >= completed_at + settle; before, a fall is neither claimed nor a drop."""
    (verdict,) = evaluate_count([a_watched(an_order(settle=24 * HOUR))], 1000, START + 24 * HOUR - early)
    assert (active, active) == (verdict.claim is not None, verdict.drop is not None)


@pytest.mark.parametrize(("early", "active"), [(INSTANT, True), (timedelta(0), False)])
def test_an_order_is_judged_until_just_before_its_window_ends(early: timedelta, active: bool) -> None:
    """RULES 3: t < completed_at + window."""
    (verdict,) = evaluate_count([a_watched(an_order(window=30 * DAY))], 1000, START + 30 * DAY - early)
    assert (active, active) == (verdict.claim is not None, verdict.drop is not None)


@pytest.mark.parametrize("flag", Flag)
def test_a_flagged_order_gets_no_verdict(flag: Flag) -> None:
    """RULES 1: nothing is opened, confirmed or refilled while a flag suspends or voids the guarantee."""
    flagged = a_watched(flags=[flag], drop=a_drop(NOW - DAY, looks=5), request_pending=True)
    assert (Verdict("1", NOW),) == evaluate_count([flagged], 1000, NOW)


def test_an_order_whose_flag_was_lifted_starts_afresh() -> None:
    """RULES 4: its drop was closed, so the next look below opens a new one that needs its own looks."""
    lifted = a_watched(drop=None)
    verdicts, _ = play(lifted, looks((0, 1500), (1, 1500), (2, 1500)))
    expected = ["suspected", "suspected", "refilled: drop_confirmed"]
    assert expected == told(verdicts)


def test_partial_orders_are_judged_only_where_they_are_promised() -> None:
    """RULES 2: an order of status Partial under `partial_orders = false` gets no verdict."""
    partial = an_order(status=OrderStatus.PARTIAL, delivered=700, remains=300, partial_orders=False)
    assert (Verdict("1", NOW),) == evaluate_count([a_watched(partial)], 0, NOW)


def test_verdicts_come_one_per_order_in_the_given_order() -> None:
    """One verdict per watched order, active or not."""
    orders = [
        a_watched(an_order("c", completed=START + DAY)),
        a_watched(an_order("a"), flags=[Flag.HOLD]),
        a_watched(an_order("b")),
    ]
    expected = ["c", "a", "b"]
    assert expected == [v.order_id for v in evaluate_count(orders, 1500, NOW)]


# A drop's life


def test_a_drop_is_suspected_confirmed_and_refilled() -> None:
    """RULES 4 and 5: two looks, two hours apart; then a refill of the claim."""
    (first, second), after = play(a_watched(), looks((0, 1500), (2, 1400)))
    assert Drop("1", DropState.SUSPECTED, NOW) == first.drop
    assert first.decision is None
    later = NOW + 2 * HOUR
    expected = Drop("1", DropState.REFILLED, NOW, looks=2, confirmed_at=later, closed_at=later)
    assert expected == second.drop
    # line 2000, of which 1400 are there
    decided = Decision(
        "1", later, Action.REFILL, Reason.DROP_CONFIRMED, 600, count=1400, line=2000, claim=600
    )
    assert decided == second.decision
    assert (a_refill(600),) == after.refills


@pytest.mark.parametrize(("confirm_after", "decided"), [(timedelta(0), True), (INSTANT, False)])
def test_one_confirmation_and_no_waiting_decides_at_the_opening_look(
    confirm_after: timedelta, decided: bool
) -> None:
    """RULES 4: the opening look counts, for `confirmations` 1 it is enough."""
    order = an_order(confirmations=1, confirm_after=confirm_after)
    (verdict,) = evaluate_count([a_watched(order)], 1500, NOW)
    assert decided == (verdict.decision is not None)


@pytest.mark.parametrize(
    ("confirmations", "last"),
    [
        (1, "refilled: drop_confirmed"),
        (2, "refilled: drop_confirmed"),
        (3, "refilled: drop_confirmed"),
        (4, "suspected"),
    ],
)
def test_confirmations_are_judged_looks_since_the_drop_opened(confirmations: int, last: str) -> None:
    """RULES 4: three looks within the two hours of `confirm_after`, the third at their end."""
    order = an_order(confirmations=confirmations, confirm_after=2 * HOUR)
    verdicts, _ = play(a_watched(order), looks((0, 1500), (1, 1500), (2, 1500)))
    expected = ["suspected", "suspected", last]
    assert expected == told(verdicts)


def test_a_recovery_closes_the_drop_and_a_new_one_needs_its_own_looks() -> None:
    """RULES 4: any judged snapshot below the threshold (50) closes it."""
    # missing: 50, 49, 50, 50
    verdicts, _ = play(a_watched(), looks((0, 1950), (1, 1951), (2, 1950), (3, 1950)))
    expected = ["suspected", "recovered", "suspected", "suspected"]
    assert expected == told(verdicts)


@pytest.mark.parametrize("outcome", FAILED)
def test_failed_looks_neither_confirm_nor_close(outcome: Outcome) -> None:
    """RULES 4: a story with failed looks in it is the story without them."""
    numbers = looks((0, 1500), (1, 1500), (2, 1500))
    failed = [a_failed_look(outcome, NOW + minutes * MINUTE) for minutes in (-10, 10, 70, 119, 130)]
    story = sorted([*numbers, *failed], key=lambda look: look.at)
    verdicts, after = play(a_watched(), story)
    expected = ["suspected", "suspected", "refilled: drop_confirmed"]
    assert expected == told(verdicts)
    assert (verdicts, after) == play(a_watched(), numbers)


def test_a_fall_to_0_is_not_judged_until_it_is_seen_twice() -> None:
    """RULES 2: the first 0 opens, confirms and claims nothing; the second is a count like any other."""
    verdicts, _ = play(a_watched(), looks((0, 2000), (1, 0), (2, 0), (4, 0)))
    # the 0 of hour 2 opens, the 0 of hour 4 confirms; below the floor of 1000, so held for review
    expected = ["none", "suspected", "held: below_start_count"]
    assert expected == told(verdicts)


def test_a_single_0_neither_confirms_nor_closes_an_open_drop() -> None:
    """RULES 2: a fall to 0 is a fault where the next count is a number again."""
    verdicts, _ = play(a_watched(), looks((0, 1500), (3, 0), (4, 1500)))
    expected = ["suspected", "refilled: drop_confirmed"]
    assert expected == told(verdicts)


@pytest.mark.parametrize(
    ("mass_drop", "closed"), [(False, "refilled: drop_confirmed"), (True, "held: mass_drop")]
)
def test_refill_and_hold_close_the_drop(mass_drop: bool, closed: str) -> None:
    """RULES 4: and while their units are in flight, nothing is missing."""
    verdicts, after = play(a_watched(), looks((0, 1500), (2, 1500), (3, 1500)), mass_drop=mass_drop)
    expected = [("suspected", 500), (closed, 500), ("none", 0)]
    assert expected == list(zip(told(verdicts), [v.claim.units for v in verdicts], strict=True))
    assert after.drop is None


@pytest.mark.parametrize(
    ("mass_drop", "closed"), [(False, "refilled: drop_confirmed"), (True, "held: mass_drop")]
)
def test_what_is_still_missing_beyond_the_units_in_flight_opens_a_new_drop(
    mass_drop: bool, closed: str
) -> None:
    """RULES 4: 500 are queued or held, then 100 more are lost; they wait for the refill in progress."""
    story = looks((0, 1500), (2, 1500), (3, 1400), (5, 1400), (6, 1400))
    verdicts, _ = play(a_watched(), story, mass_drop=mass_drop)
    expected = [
        ("suspected", 500),
        (closed, 500),
        ("suspected", 100),
        ("waiting: refill_in_progress", 100),
        ("waiting: refill_in_progress", 100),
    ]
    assert expected == list(zip(told(verdicts), [v.claim.units for v in verdicts], strict=True))


def test_a_held_refill_keeps_its_units_reserved_until_it_is_rejected() -> None:
    """RULES 5: until an operator releases or rejects it."""
    held = a_watched(refills=[a_refill(500, RefillState.HELD)])
    rejected = a_watched(refills=[a_refill(500, RefillState.REJECTED)])
    expected = [0, 500]
    assert expected == [evaluate_count([w], 1500, NOW)[0].claim.units for w in (held, rejected)]


def test_a_completed_refill_is_not_missed_before_it_has_settled() -> None:
    """RULES 3: completed but not yet settled is in flight; from then on only the count speaks."""
    state = a_watched(an_order(cooldown=HOUR), refills=[completed_refill(500, NOW - 23 * HOUR)])
    verdicts, _ = play(state, looks((0, 1500), (0.9, 1500), (1, 1500), (3, 1500)))
    expected = [("none", 0), ("none", 0), ("suspected", 500), ("refilled: drop_confirmed", 500)]
    assert expected == list(zip(told(verdicts), [v.claim.units for v in verdicts], strict=True))


def test_a_partly_delivered_refill_leaves_the_rest_missing() -> None:
    """RULES 3: of 500 asked 200 were delivered and 1500 + 200 are seen, 300 are still owed."""
    state = a_watched(refills=[completed_refill(500, NOW - 2 * DAY, delivered=200)])
    verdicts, after = play(state, looks((0, 1700), (2, 1700)))
    expected = 300
    assert expected == verdicts[1].decision.quantity
    assert a_refill(300) == after.refills[-1]


def test_wait_is_decided_again_at_each_later_judged_snapshot() -> None:
    """RULES 4: and again at each later one while the decision is `wait`, here a cooldown of 24 h."""
    order = an_order(settle=timedelta(0), cooldown=24 * HOUR)
    state = a_watched(order, refills=[completed_refill(100, NOW)])
    verdicts, _ = play(state, looks((0, 1500), (2, 1500), (10, 1400), (23.9, 1400), (24, 1300)))
    expected = [
        ("suspected", 500),
        ("waiting: cooldown", 500),  # the refill has settled at once, so 500 are missing again
        ("waiting: cooldown", 600),
        ("waiting: cooldown", 600),
        ("refilled: drop_confirmed", 700),
    ]
    assert expected == list(zip(told(verdicts), [v.claim.units for v in verdicts], strict=True))


def test_a_waiting_drop_that_recovers_is_closed_undecided() -> None:
    """RULES 4: any judged snapshot below the threshold closes it, also while it waits."""
    state = a_watched(an_order(refill=RefillMode.ON_REQUEST))
    verdicts, _ = play(state, looks((0, 1500), (2, 1500), (3, 2000)))
    expected = ["suspected", "waiting: awaiting_request", "recovered"]
    assert expected == told(verdicts)


def test_a_waiting_drop_is_decided_when_the_customer_has_asked() -> None:
    """RULES 5, row 6: nobody asked, until somebody did."""
    order = an_order(refill=RefillMode.ON_REQUEST)
    verdicts, waiting = play(a_watched(order), looks((0, 1500), (2, 1500)))
    expected = ["suspected", "waiting: awaiting_request"]
    assert expected == told(verdicts)
    (verdict,) = evaluate_count([replace(waiting, request_pending=True)], 1500, NOW + 3 * HOUR)
    answer = (Action.REFILL, 500, True)
    assert answer == (verdict.decision.action, verdict.decision.quantity, verdict.request_answered)


def test_a_refused_drop_is_not_decided_again_until_it_has_recovered() -> None:
    """RULES 4 and 5: `refuse` leaves it refused until it recovers; the next drop is decided anew."""
    state = a_watched(an_order(below_start=BelowStart.REFUSE))
    story = looks((0, 900), (2, 900), (3, 900), (9, 1500), (10, 1990), (11, 1500), (13, 1500))
    verdicts, _ = play(state, story)
    # hour 9 is above the floor of 1000 again, which does not help a refused drop; hour 10 recovers
    expected = [
        "suspected",
        "refused: below_start_count",
        "refused",
        "refused",
        "recovered",
        "suspected",
        "refilled: drop_confirmed",
    ]
    assert expected == told(verdicts)


def test_a_drop_that_opened_inside_the_window_is_confirmed_beyond_it() -> None:
    """RULES 3: later as long as it has an open drop; once that is decided, nothing new opens."""
    order = an_order(completed=NOW - 30 * DAY + HOUR, window=30 * DAY)
    # the window ends at hour 1; 500 are refilled at hour 2, 100 more are lost at hour 3
    verdicts, _ = play(a_watched(order), looks((0, 1500), (2, 1500), (3, 1400)))
    expected = ["suspected", "refilled: drop_confirmed", "none"]
    assert expected == told(verdicts)
    assert verdicts[2].claim is None


def test_a_drop_that_recovers_beyond_the_window_is_the_last() -> None:
    """RULES 4: a drop opens inside the window only."""
    order = an_order(completed=NOW - 30 * DAY + HOUR, window=30 * DAY)
    verdicts, _ = play(a_watched(order), looks((0, 1500), (2, 2000), (3, 1500)))
    expected = ["suspected", "recovered", "none"]
    assert expected == told(verdicts)


def test_a_refused_drop_does_not_outlive_the_window() -> None:
    """RULES 3: suspected or waiting, not refused."""
    order = an_order(completed=NOW - 30 * DAY + 3 * HOUR, window=30 * DAY, max_refill_percent=0)
    verdicts, _ = play(a_watched(order), looks((0, 1500), (2, 1500), (3, 1500)))
    expected = ["suspected", "refused: refill_allowance_spent", "none"]
    assert expected == told(verdicts)
    assert verdicts[2].claim is None


def test_a_claim_below_the_threshold_is_told_and_opens_nothing() -> None:
    """RULES 4: 49 of 1000 are missing, the threshold is 50."""
    (verdict,) = evaluate_count([a_watched()], 1951, NOW)
    expected = 49
    assert expected == verdict.claim.units
    assert verdict.drop is None


def test_overlapping_orders_share_one_loss_between_their_refills() -> None:
    """RULES 3: the claims of a snapshot are worked out once, before any of its decisions."""
    orders = [
        a_watched(an_order("a", start=1000), drop=replace(a_drop(NOW - DAY), order_id="a")),
        a_watched(
            an_order("b", start=2000, delivered=500, completed=START + DAY),
            drop=replace(a_drop(NOW - DAY), order_id="b"),
        ),
    ]
    # both lines 2500, 1300 missing: a ends first and pays the 1000 it delivered, b the other 300;
    # 1200 is below both floors, 1500 and 2000, so both are held for review
    verdicts = evaluate_count(orders, 1200, NOW)
    expected = [(Action.HOLD, 1000), (Action.HOLD, 300)]
    assert expected == [(v.decision.action, v.decision.quantity) for v in verdicts]


@pytest.mark.parametrize(
    ("count", "drop", "terms", "flags", "answered"),
    [
        (2000, None, {}, (), True),  # no drop
        (1500, None, {}, (), False),  # suspected, not confirmed yet
        (1500, a_drop(NOW - DAY), {}, (), True),  # refill
        (900, a_drop(NOW - DAY), {"below_start": BelowStart.REFUSE}, (), True),  # refuse
        (900, a_drop(NOW - DAY), {}, (), True),  # hold
        (1500, a_drop(NOW - DAY, DropState.REFUSED), {}, (), True),  # refused before
        (2000, a_drop(NOW - DAY), {}, (), True),  # recovered
        (1500, None, {}, (Flag.HOLD,), False),  # not judged at all
    ],
)
def test_a_standing_request_is_answered_once_nothing_is_undecided(
    count: int, drop: Drop | None, terms: dict[str, object], flags: tuple[Flag, ...], answered: bool
) -> None:
    """RULES 1: a customer's request is recorded and answered with a reason."""
    asked = a_watched(an_order(**terms), drop=drop, flags=flags, request_pending=True)
    silent = replace(asked, request_pending=False)
    expected = [answered, False]
    assert expected == [evaluate_count([w], count, NOW)[0].request_answered for w in (asked, silent)]


def test_a_request_stands_while_the_decision_is_to_wait() -> None:
    """RULES 5: a wait is not the last word on a request."""
    state = a_watched(drop=a_drop(NOW - DAY), refills=[a_refill(100)], request_pending=True)
    (verdict,) = evaluate_count([state], 1500, NOW)
    assert Action.WAIT is verdict.decision.action
    assert not verdict.request_answered


# RULES 3 to 5 once more, as a book that a clerk could keep: no state machine, only what was seen.


@dataclass
class Slip:
    """A refill on paper."""

    quantity: int
    state: str
    completed_at: datetime | None = None
    delivered: int = 0

    @property
    def open(self) -> bool:
        return self.state in {"held", "queued", "claimed"}

    @property
    def units(self) -> int:
        return self.quantity if self.open else self.delivered


@dataclass
class Account:
    """An order on paper: its sale, and what has happened to it since."""

    sale: Order
    start: int | None
    flags: set[Flag] = field(default_factory=set)
    slips: list[Slip] = field(default_factory=list)
    low: list[datetime] = field(default_factory=list)
    """The judged looks of the open drop, the opening one first; empty when there is none."""
    word: str = ""
    """The last decision on the open drop."""
    request_pending: bool = False

    @property
    def delivered(self) -> int:
        return self.sale.quantity - self.sale.remains

    def flying(self, now: datetime) -> int:
        settle = self.sale.terms.settle
        landing = [s for s in self.slips if s.state == "completed" and now < s.completed_at + settle]
        return sum(s.units for s in self.slips if s.open) + sum(s.units for s in landing)

    def active(self, now: datetime) -> bool:
        terms, done = self.sale.terms, self.sale.completed_at
        carries = self.sale.status == "Completed" or (self.sale.status == "Partial" and terms.partial_orders)
        if not carries or self.flags or now < done + terms.settle:
            return False
        # a drop on paper has always opened inside the window: nothing else is ever written down
        return now < naive_end(self.sale) or (bool(self.low) and self.word != "refuse")

    def observation(self, now: datetime) -> Stake:
        return Stake(
            self.sale.order_id,
            self.sale.completed_at,
            naive_end(self.sale),
            self.start + self.delivered,
            self.delivered,
            self.flying(now),
        )

    def threshold(self) -> int:
        terms = self.sale.terms
        return max(terms.min_drop_units, ceil(Fraction(terms.min_drop_percent * self.delivered, 100)), 1)

    def allowance(self) -> int:
        share = floor(Fraction(self.sale.terms.max_refill_percent * self.delivered, 100))
        return share - sum(slip.units for slip in self.slips)

    def decide(  # noqa: PLR0911 - one return per row of the table
        self, *, below: bool, now: datetime, mass_drop: bool
    ) -> tuple[str, str]:
        terms = self.sale.terms
        done = [slip.completed_at for slip in self.slips if slip.state == "completed"]
        if any(slip.open for slip in self.slips):
            return "wait", "refill_in_progress"
        if terms.max_refills != 0 and len(done) >= terms.max_refills:
            return "refuse", "refill_limit_reached"
        if self.allowance() <= 0:
            return "refuse", "refill_allowance_spent"
        if done and now < max(done) + terms.cooldown:
            return "wait", "cooldown"
        if below and terms.below_start == "refuse":
            return "refuse", "below_start_count"
        if terms.refill == "on_request" and not self.request_pending:
            return "wait", "awaiting_request"
        if mass_drop:
            return "hold", "mass_drop"
        if below and terms.below_start == "review":
            return "hold", "below_start_count"
        return "refill", "drop_confirmed"


@dataclass(frozen=True)
class Entry:
    """What the clerk writes about one order at one look."""

    start: int | None = None
    claim: int | None = None
    drop: tuple[str, datetime] | None = None
    decision: tuple[str, str, int, int] | None = None
    """Verb, reason, quantity, line."""

    @classmethod
    def of(cls, verdict: Verdict) -> "Entry":
        drop, decision = verdict.drop, verdict.decision
        return cls(
            verdict.start_count,
            None if verdict.claim is None else verdict.claim.units,
            drop and (str(drop.state), drop.opened_at),
            decision and (str(decision.action), str(decision.reason), decision.quantity, verdict.claim.line),
        )


class Book:
    """The accounts of one target."""

    def __init__(self, orders: list[Order]) -> None:
        self.accounts = [Account(order, order.start_count) for order in orders]

    def look(self, count: int, now: datetime, *, mass_drop: bool) -> list[Entry]:
        measured = [self._measure(account, count, now) for account in self.accounts]
        observations = [account.observation(now) for account in self.accounts if account.active(now)]
        effective = count + sum(account.flying(now) for account in self.accounts)
        claims, lines = naive_claims(observations, effective), naive_lines(observations)
        entries = []
        for account, start in zip(self.accounts, measured, strict=True):
            order_id = account.sale.order_id
            if order_id not in claims:
                entries.append(Entry(start))
                continue
            below = effective < lines[order_id] - account.delivered
            drop, decision = self._judge(account, claims[order_id], now, below=below, mass_drop=mass_drop)
            if decision is not None:
                decision = (*decision, lines[order_id])
            entries.append(Entry(start, claims[order_id], drop, decision))
        return entries

    def _measure(self, account: Account, count: int, now: datetime) -> int | None:
        done = account.sale.completed_at
        if account.start is not None or done is None or now < done:
            return None
        mine = (done, account.sale.order_id)
        on_top = [
            other.delivered
            for other in self.accounts
            if other.sale.completed_at and other.sale.completed_at <= now
            if (other.sale.completed_at, other.sale.order_id) > mine
        ]
        account.start = max(0, count - account.delivered - sum(on_top))
        return account.start

    def _judge(
        self, account: Account, claim: int, now: datetime, *, below: bool, mass_drop: bool
    ) -> tuple[tuple[str, datetime] | None, tuple[str, str, int] | None]:
        """What becomes of the order's drop, and the decision on it."""
        terms = account.sale.terms
        opened = account.low[0] if account.low else now
        if claim < account.threshold():
            recovered = ("recovered", opened) if account.low else None
            account.low, account.word, account.request_pending = [], "", False
            return recovered, None
        if not account.low and now >= naive_end(account.sale):
            account.request_pending = False
            return None, None
        account.low.append(now)
        enough = len(account.low) >= terms.confirmations and now >= opened + terms.confirm_after
        if account.word == "refuse":
            account.request_pending = False
            return ("refused", opened), None
        if account.word != "wait" and not enough:
            return ("suspected", opened), None
        action, reason = account.decide(below=below, now=now, mass_drop=mass_drop)
        quantity = min(claim, account.allowance()) if action in {"refill", "hold"} else 0
        account.word = action
        account.request_pending = account.request_pending and action == "wait"
        if quantity:
            account.slips.append(Slip(quantity, "held" if action == "hold" else "queued"))
            account.low, account.word = [], ""
        state = {"wait": "waiting", "refuse": "refused", "hold": "held", "refill": "refilled"}[action]
        return (state, opened), (action, reason, quantity)


@st.composite
def sales(draw: st.DrawFn, order_id: str) -> Order:
    """Draw an order with few and near numbers and times."""
    status = draw(st.sampled_from([OrderStatus.COMPLETED] * 4 + [OrderStatus.PARTIAL, OrderStatus.PENDING]))
    hours = st.sampled_from([0, 0, 1, 2, 24]).map(lambda h: h * HOUR)
    return an_order(
        order_id,
        start=draw(st.none() | st.integers(0, 40)),
        delivered=draw(st.integers(1, 30)),
        completed=None if status.waiting else START + draw(st.integers(0, 12)) * HOUR,
        status=status,
        remains=draw(st.sampled_from([0, 0, 5])),
        window=draw(st.sampled_from([12 * HOUR, 3 * DAY, 30 * DAY, None, None])),
        settle=draw(hours),
        min_drop_units=draw(st.sampled_from([0, 1, 3])),
        min_drop_percent=draw(st.sampled_from([0, 5, 30])),
        confirmations=draw(st.sampled_from([1, 2, 2, 3])),
        confirm_after=draw(hours),
        cooldown=draw(hours),
        max_refills=draw(st.sampled_from([0, 0, 1, 2])),
        max_refill_percent=draw(st.sampled_from([0, 100, 150, 150, 1000])),
        below_start=draw(st.sampled_from(BelowStart)),
        partial_orders=draw(st.booleans()),
        refill=draw(st.sampled_from([*[RefillMode.AUTOMATIC] * 4, RefillMode.ON_REQUEST])),
    )


ENDS = ("claimed", "completed", "completed", "short", "dead", "cancelled", "rejected", "released")
STEPS = (timedelta(0), 30 * MINUTE, HOUR, HOUR, 2 * HOUR, 5 * HOUR, DAY, DAY, 9 * DAY)
WHICH = st.integers(0, 11)


class History(RuleBasedStateMachine):
    """The same history of one target, judged by the program and written down by the clerk."""

    watched: list[OrderState]
    book: Book
    now: datetime

    @initialize(orders=st.tuples(sales("b"), sales("c"), sales("a")), number=st.integers(1, 3))
    def sell(self, orders: tuple[Order, ...], number: int) -> None:
        self.now = START
        self.watched = [a_watched(order) for order in orders[:number]]
        self.book = Book(list(orders[:number]))

    @rule(
        steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=5),
        missing=st.integers(-3, 45) | st.integers(1, 15),
        mass_drop=st.sampled_from([False, False, False, True]),
    )
    def look(self, steps: list[timedelta], missing: int, *, mass_drop: bool) -> None:
        """Look a few times at a count that stays where it has gone."""
        later = self.now + steps[0]
        accounts = [account for account in self.book.accounts if account.start is not None]
        lines = naive_lines([account.observation(later) for account in accounts if account.active(later)])
        flying = sum(account.flying(later) for account in self.book.accounts)
        count = max(0, max(lines.values(), default=60) - flying - missing)
        for step in steps:
            self.now += step
            expected = self.book.look(count, self.now, mass_drop=mass_drop)
            verdicts = evaluate_count(self.watched, count, self.now, mass_drop=mass_drop)
            assert expected == [Entry.of(verdict) for verdict in verdicts]
            self.watched = [settle_down(w, v) for w, v in zip(self.watched, verdicts, strict=True)]
            assert [a.request_pending for a in self.book.accounts] == [
                w.request_pending for w in self.watched
            ]

    def _open_slips(self) -> list[tuple[int, int]]:
        """Where the open refills are: the order's place, and the refill's place in it."""
        return [(i, j) for i, a in enumerate(self.book.accounts) for j, s in enumerate(a.slips) if s.open]

    @precondition(lambda self: self._open_slips())
    @rule(which=WHICH, end=st.sampled_from(ENDS), share=st.integers(0, 100), step=st.sampled_from(STEPS))
    def move_a_refill(self, which: int, end: str, share: int, step: timedelta) -> None:
        self.now += step
        slips = self._open_slips()
        i, j = slips[which % len(slips)]
        slip = self.book.accounts[i].slips[j]
        done = end in {"completed", "short"}
        slip.state = "completed" if done else "queued" if end == "released" else end
        slip.completed_at = self.now if done else None
        slip.delivered = 0 if not done else slip.quantity * share // 100 if end == "short" else slip.quantity
        refill = Refill(
            self.watched[i].order.order_id,
            slip.quantity,
            RefillState(slip.state),
            slip.completed_at,
            slip.delivered if end == "short" else None,
        )
        refills = list(self.watched[i].refills)
        refills[j] = refill
        self.watched[i] = replace(self.watched[i], refills=tuple(refills))

    @rule(which=WHICH, flag=st.sampled_from([Flag.HOLD, Flag.DISPUTE]))
    def flag_an_order(self, which: int, flag: Flag) -> None:
        """RULES 4: it closes the open drop and cancels held and queued refills; claimed ones stay."""
        i = which % len(self.watched)
        account, state = self.book.accounts[i], self.watched[i]
        account.flags.add(flag)
        account.low, account.word = [], ""
        for slip in account.slips:
            slip.state = "cancelled" if slip.state in {"held", "queued"} else slip.state
        refills = [
            replace(r, state=RefillState.CANCELLED) if r.state in {"held", "queued"} else r
            for r in state.refills
        ]
        self.watched[i] = replace(state, flags=state.flags | {flag}, drop=None, refills=tuple(refills))

    @precondition(lambda self: any(w.flags for w in self.watched))
    @rule()
    def lift_all_flags(self) -> None:
        for account in self.book.accounts:
            account.flags.clear()
        self.watched = [replace(w, flags=frozenset()) for w in self.watched]

    @rule(which=WHICH)
    def ask(self, which: int) -> None:
        i = which % len(self.watched)
        self.book.accounts[i].request_pending = True
        self.watched[i] = replace(self.watched[i], request_pending=True)

    @invariant()
    def at_most_one_refill_of_an_order_is_open(self) -> None:
        assert all(sum(r.state.open for r in w.refills) <= 1 for w in getattr(self, "watched", []))

    @invariant()
    def refills_stay_within_their_limits(self) -> None:
        for state in getattr(self, "watched", []):
            order, terms = state.order, state.order.terms
            assert sum(r.units for r in state.refills) * 100 <= terms.max_refill_percent * order.delivered
            completed = [r for r in state.refills if r.state is RefillState.COMPLETED]
            assert terms.max_refills == 0 or len(completed) <= terms.max_refills


class TestAnyHistory(History.TestCase):
    """RULES 3 to 5, twice: drops and decisions of any history are those that the clerk writes down."""

    settings = examples(250, steps=40)
