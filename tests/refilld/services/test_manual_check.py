"""Manual checks: a look at once if the budget allows it, and an answer in any case."""

import json

import pytest

from jobs.target_selection import CLAIMED_FOR
from monitor.cadence.schedule import Priority
from monitor.guarantee.customer_answers import STANDS_UNREAD
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from refilld.services.refill_requests import Recheck, answer_now
from storage import sources
from storage.errors import NotFoundError
from tests.builders import DAY, HOUR, MINUTE, START
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order

LATER = START + 2 * DAY


def standing(world: JobsWorld) -> int:
    return world.rows("requests", "answered_at").count(None)


def test_a_check_reads_the_target_at_once(world: JobsWorld) -> None:
    """The request is charged, the snapshot stored, and the next look scheduled."""
    world.sell(an_order())
    world.now = LATER
    source = ScriptedSource(lambda _name, _now: 2000)
    answer, recheck = world.checking(a_configured_source(source)).check("1")
    assert (answer.word, answer.count, answer.counted_at, recheck) == ("no_drop", 2000, LATER, Recheck.DONE)
    assert world.rows("source_requests", "source", "at") == [("scripted", LATER)]
    assert world.rows("snapshots", "at", "count") == [(LATER, 2000)]
    assert world.target().schedule.next_due_at == LATER + 3 * HOUR


def test_an_answered_request_is_closed(world: JobsWorld) -> None:
    """Nothing is missing, so the request is answered."""
    world.sell(an_order())
    world.now = LATER
    world.checking(a_configured_source(ScriptedSource())).check("1")
    assert standing(world) == 0


def test_a_reported_drop_is_suspected_confirmed_and_refilled(world: JobsWorld) -> None:
    """The request stays open until the decision, and each answer gives the state."""
    world.sell(an_order(terms={"refill": "on_request"}))
    checking = world.checking(a_configured_source(ScriptedSource(lambda _name, _now: 1500)))
    words = []
    for world.now in (LATER, LATER + HOUR, LATER + 2 * HOUR):
        answer, _ = checking.check("1")
        words.append((answer.word, answer.missing, standing(world)))
    expected = [("awaiting_confirmation", 500, 1), ("awaiting_confirmation", 500, 2), ("refill", 500, 0)]
    assert words == expected
    assert answer.quantity == 500


def test_a_repeated_check_adds_no_request(world: JobsWorld) -> None:
    """There is one row for any number of checks."""
    world.sell(an_order())
    world.now = LATER
    checking = world.checking()
    for _ in range(5):
        checking.check("1")
    assert len(world.rows("requests")) == 1


def test_without_budget_the_target_becomes_urgent(world: JobsWorld) -> None:
    """Nothing is sent and nothing is charged."""
    world.sell(an_order())
    world.look(2000, LATER)
    with world.database.write() as tx:
        sources.note_requests(tx, "scripted", LATER, 1)
    source = ScriptedSource()
    answer, recheck = world.checking(a_configured_source(source, spacing=MINUTE)).check("1")
    assert (answer.word, recheck, source.reads) == ("no_drop", Recheck.DUE, [])
    assert world.rows("targets", "next_due_at", "priority") == [(LATER, int(Priority.URGENT))]
    assert len(world.rows("source_requests")) == 1


def test_an_overdue_routine_target_becomes_urgent(world: JobsWorld) -> None:
    """Being due is not enough: a thousand others may be ahead of it."""
    world.sell(*(an_order(str(i), f"profile{i}") for i in range(5)))
    world.now += HOUR
    world.checking().check("4")
    source = ScriptedSource()
    world.sampling(a_configured_source(source)).run_once()
    assert source.names[0] == "profile4"


def test_a_request_is_open_until_a_later_look_answers_it(world: JobsWorld) -> None:
    """A count from before the request does not answer it."""
    world.sell(an_order(terms={"refill": "on_request"}))
    world.look(2000, LATER)
    answer, recheck = world.checking().check("1")
    assert (answer.word, recheck, standing(world)) == ("no_drop", Recheck.IMPOSSIBLE, 1)
    world.lose(1500, LATER + HOUR)
    assert world.rows("refills", "quantity", "state") == [(500, RefillState.QUEUED)]
    assert standing(world) == 0


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.PRIVATE, Outcome.RATE_LIMITED])
def test_a_failed_look_does_not_answer_a_request(world: JobsWorld, outcome: Outcome) -> None:
    """Once the profile can be read again, the request is decided."""
    world.sell(an_order(terms={"refill": "on_request"}))
    world.look(2000, LATER)
    world.now = LATER + HOUR
    world.checking(a_configured_source(ScriptedSource(lambda _name, _now: outcome))).check("1")
    world.lose(1500, LATER + DAY)
    assert world.rows("refills", "quantity") == [500]


@pytest.mark.parametrize("flag", Flag)
def test_an_order_that_is_not_covered_costs_no_look(world: JobsWorld, flag: Flag) -> None:
    """The stored state answers the request."""
    world.sell(an_order())
    world.flag("1", flag)
    source = ScriptedSource()
    before = world.rows("targets")
    answer, recheck = world.checking(a_configured_source(source)).check("1")
    word = "suspended:hold" if flag is Flag.HOLD else f"void:{flag}"
    assert (answer.word, recheck) == (word, Recheck.NOT_NEEDED)
    assert (source.reads, world.rows("targets"), standing(world)) == ([], before, 0)
    payloads = dict(world.rows("events", "kind", "payload"))
    assert json.loads(payloads["refill.requested"])["granted"] is False


def test_an_expired_guarantee_costs_no_look(world: JobsWorld) -> None:
    """From the end of the guarantee on."""
    world.sell(an_order())
    source = ScriptedSource()
    world.now = START + 30 * DAY
    answer, recheck = world.checking(a_configured_source(source)).check("1")
    assert (answer.word, recheck, source.reads) == ("window_expired", Recheck.NOT_NEEDED, [])


def test_a_paused_source_is_not_asked_by_a_check(world: JobsWorld) -> None:
    """A check does not ignore the pause."""
    world.sell(an_order())
    source = ScriptedSource(lambda _name, _now: Outcome.BLOCKED)
    checking = world.checking(a_configured_source(source))
    assert checking.check("1")[1] is Recheck.FAILED
    world.now += STANDS_UNREAD
    assert checking.check("1")[1] is Recheck.DUE
    assert len(source.reads) == 1


@pytest.mark.parametrize(
    ("outcome", "recheck"),
    [
        (Outcome.TRANSIENT, Recheck.FAILED),
        (Outcome.SCHEMA, Recheck.FAILED),
        (Outcome.RATE_LIMITED, Recheck.FAILED),
        (Outcome.LOGIN_REQUIRED, Recheck.FAILED),
        (Outcome.PRIVATE, Recheck.DONE),
        (Outcome.NOT_FOUND, Recheck.DONE),
    ],
)
def test_a_failed_look_is_not_reported_as_done(world: JobsWorld, outcome: Outcome, recheck: Recheck) -> None:
    """An old count must not be presented as new."""
    world.sell(an_order())
    source = ScriptedSource(lambda _name, _now: outcome)
    assert world.checking(a_configured_source(source)).check("1")[1] is recheck


def test_a_source_that_cannot_count_the_metric_is_skipped(world: JobsWorld) -> None:
    """The next source that can count it is used."""
    world.sell(an_order())
    blind = ScriptedSource(name="views", metrics=frozenset({Metric.VIEWS}))
    source = ScriptedSource()
    world.checking(a_configured_source(blind), a_configured_source(source)).check("1")
    assert (len(blind.reads), len(source.reads)) == (0, 1)


def test_a_target_of_a_source_that_was_disabled_is_read_by_another_one(world: JobsWorld) -> None:
    """Before the daemon is restarted, too."""
    world.sell(an_order())
    world.checking(a_configured_source(ScriptedSource(name="disabled"))).check("1")
    world.now = LATER
    source = ScriptedSource()
    assert world.checking(a_configured_source(source)).check("1")[1] is Recheck.DONE
    assert len(source.reads) == 1


def test_a_killed_check_is_charged_and_repeated(world: JobsWorld) -> None:
    """The request stays open and the target becomes due."""
    world.sell(an_order())
    checking = world.checking(a_configured_source(ScriptedSource(lambda _name, _now: SystemExit("killed"))))
    with pytest.raises(SystemExit):
        checking.check("1")
    assert world.rows("source_requests", "at") == [START]
    assert world.rows("targets", "claimed_until") == [START + CLAIMED_FOR]
    assert standing(world) == 1


def test_a_check_of_an_unknown_order_stores_nothing(world: JobsWorld) -> None:
    """No request is recorded without an order."""
    with pytest.raises(NotFoundError, match="there is no order 404"):
        world.checking(a_configured_source(ScriptedSource())).check("404")
    assert world.rows("requests") == []


def test_a_held_refill_is_answered_with_its_reason(world: JobsWorld) -> None:
    """The answer is not `no_drop`."""
    world.sell(an_order())
    world.lose(900)
    answer, _ = world.checking().check("1")
    assert answer.word == "below_start_count"
    world.operate("approve")
    answer, _ = world.checking().check("1")
    assert (answer.word, answer.quantity) == ("refill", 1000)


@pytest.mark.parametrize("start", [None, 2000])
def test_an_order_completed_after_the_count_does_not_change_the_answer(
    world: JobsWorld, start: int | None
) -> None:
    """A count older than its delivery does not include it, with or without a start count."""
    world.sell(an_order())
    world.look(2000, LATER)
    world.now = LATER + 2 * DAY
    world.sell(an_order("2", completed_at=LATER + HOUR, start_count=start))
    assert world.checking().check("1")[0].word == "no_drop"


def test_an_order_without_a_start_count_is_answered_from_the_last_count(
    world: JobsWorld,
) -> None:
    """The next look measures its start count; until then the last count is used."""
    world.sell(an_order())
    world.look(3000, LATER)
    world.sell(an_order("2", start_count=None))
    answers = [world.checking().check(order_id)[0].word for order_id in ("1", "2")]
    assert answers == ["no_drop", "not_readable"]


def test_every_stored_time_comes_from_the_given_clock(world: JobsWorld) -> None:
    """No stored time comes from the real clock."""
    world.sell(an_order())
    world.now = LATER
    world.checking(a_configured_source(ScriptedSource())).check("1")
    times = [*world.rows("requests", "at"), *world.rows("requests", "answered_at")]
    assert set(times) == {LATER}


def test_a_request_with_a_recent_answer_is_recorded_without_a_look(world: JobsWorld) -> None:
    """Under `on_request` the next look decides about later losses."""
    world.sell(an_order(terms={"refill": "on_request"}))
    world.now = LATER
    source = ScriptedSource(lambda _name, now: 2000 if now == LATER else 1500)
    checking = world.checking(a_configured_source(source))
    assert checking.check("1")[1] is Recheck.DONE
    world.now = LATER + 10 * MINUTE
    for _ in range(3):
        assert checking.check("1")[1] is Recheck.STANDS
    assert (standing(world), len(source.reads)) == (1, 1)
    world.lose(1500, LATER + HOUR)
    assert [str(reason) for reason in world.rows("decisions", "reason")] == ["drop_confirmed"]


def test_a_check_reads_a_target_with_a_waiting_drop(world: JobsWorld) -> None:
    """A recent answer does not prevent the look."""
    world.sell(an_order(terms={"refill": "on_request"}))
    world.now = LATER
    checking = world.checking(a_configured_source(ScriptedSource(lambda _name, _now: 2000)))
    checking.check("1")
    for minutes in (10, 20):
        world.look(1500, LATER + minutes * MINUTE)
    world.look(1500, LATER + 130 * MINUTE)
    assert [str(reason) for reason in world.rows("decisions", "reason")] == ["awaiting_request"]
    world.now += MINUTE
    assert (
        world.checking(a_configured_source(ScriptedSource(lambda _name, _now: 1500))).check("1")[0].word
        == "refill"
    )


def test_a_request_without_a_guarantee_is_recorded_once_an_hour(world: JobsWorld) -> None:
    """More requests within the hour are not recorded."""
    world.sell(an_order(status=OrderStatus.PENDING, completed_at=None))
    for _ in range(50):
        assert world.checking().check("1")[1] is Recheck.NOT_NEEDED
    assert len(world.rows("requests")) == 1


def test_a_request_after_one_without_a_guarantee_is_recorded(world: JobsWorld) -> None:
    """The earlier one was answered without a look, so it does not stand for the new one."""
    world.sell(an_order(terms={"refill": "on_request"}))
    world.flag("1", Flag.HOLD)
    world.checking().check("1")
    world.unflag("1", Flag.HOLD)
    world.checking().check("1")
    assert standing(world) == 1
    world.lose(1500, LATER)
    assert world.rows("refills", "quantity") == [500]


# Only looking


def test_an_operators_look_records_no_request(world: JobsWorld) -> None:
    """A drop under `on_request` is confirmed by the looks, and waits for a request."""
    world.sell(an_order(terms={"refill": "on_request"}))
    checking = world.checking(a_configured_source(ScriptedSource(lambda _name, _now: 1500)))
    for world.now in (LATER, LATER + 2 * HOUR):
        answer, recheck = checking.check("1", look_only=True)
    assert (answer.word, answer.variant, recheck) == ("awaiting_request", "not_asked", Recheck.DONE)
    assert (world.rows("requests"), world.rows("refills")) == ([], [])


def test_an_operators_look_is_repeated_after_an_hour_or_when_asked_for(world: JobsWorld) -> None:
    world.sell(an_order())
    source = ScriptedSource()
    checking = world.checking(a_configured_source(source))
    world.now = LATER
    rechecks = [checking.check("1", look_only=True, fresh=fresh)[1] for fresh in (False, False, True)]
    world.now += HOUR + MINUTE
    rechecks.append(checking.check("1", look_only=True)[1])
    assert rechecks == [Recheck.DONE, Recheck.STANDS, Recheck.DONE, Recheck.DONE]
    assert len(source.reads) == 3


def test_an_operators_look_at_an_order_that_is_not_covered_is_not_needed(world: JobsWorld) -> None:
    world.sell(an_order())
    world.flag("1", Flag.HOLD)
    answer, recheck = world.checking().check("1", look_only=True)
    assert (answer.word, recheck, answer.look.obstacle) == ("suspended:hold", Recheck.NOT_NEEDED, None)


# What a look that gave no count says


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Outcome.NOT_FOUND, "target_not_found"),
        (Outcome.UNAVAILABLE, "not_readable"),
        (Outcome.PRIVATE, "profile_private"),
        (Outcome.HIDDEN, "counts_hidden"),
        (Outcome.TRANSIENT, "no_drop"),
        (Outcome.SCHEMA, "no_drop"),
        (Outcome.BLOCKED, "no_drop"),
        (Outcome.RATE_LIMITED, "no_drop"),
        (Outcome.LOGIN_REQUIRED, "no_drop"),
    ],
)
def test_a_fresh_look_without_a_count_is_told(world: JobsWorld, outcome: Outcome, word: str) -> None:
    """With its outcome, and with the time of the older count."""
    world.sell(an_order())
    world.look(2000, LATER)
    world.now = LATER + DAY
    source = ScriptedSource(lambda _name, _now: outcome)
    answer, _ = world.checking(a_configured_source(source)).check("1", fresh=True)
    assert (answer.word, answer.look.outcome, answer.counted_at) == (word, outcome, LATER)
    assert (answer.look.looked_at, answer.stale) == (LATER + DAY, word == "no_drop")


def test_a_profile_that_is_not_found_is_told_since_when(world: JobsWorld) -> None:
    """Before the third look, after which the target is gone."""
    world.sell(an_order())
    world.look(2000, LATER)
    checking = world.checking(a_configured_source(ScriptedSource(lambda _name, _now: Outcome.NOT_FOUND)))
    for world.now in (LATER + DAY, LATER + DAY + HOUR):
        answer, _ = checking.check("1", fresh=True)
        assert (answer.word, answer.look.gone, answer.look.since) == ("target_not_found", False, LATER + DAY)


@pytest.mark.parametrize("then", [Outcome.BLOCKED, Outcome.TRANSIENT, Outcome.UNAVAILABLE])
@pytest.mark.parametrize(
    ("first", "word", "variant"),
    [(Outcome.NOT_FOUND, "target_not_found", ""), (Outcome.UNAVAILABLE, "not_readable", "unavailable")],
)
def test_a_failed_look_does_not_take_back_that_a_target_was_not_found(
    world: JobsWorld, first: Outcome, word: str, variant: str, then: Outcome
) -> None:
    """RULES 5: from the first look that did not find it, until one shows that it is there."""
    world.sell(an_order())
    world.look(2000, LATER)
    world.look(first, LATER + HOUR)
    world.look(then, LATER + 2 * HOUR)
    with world.database.read() as tx:
        found = answer_now(tx, "1", world.now)
    assert (found.word, found.variant, found.look.since) == (word, variant, LATER + HOUR)
    world.look(2000, LATER + 3 * HOUR)
    with world.database.read() as tx:
        assert answer_now(tx, "1", world.now).word == "no_drop"
