"""Gone targets through the jobs: suspended, alerted once, and restored by the next count."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from jobs.look_recording import record_looks
from monitor.guarantee.gone_detection import Absence
from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric, Target
from tests.builders import DAY, HOUR, START, a_profile
from tests.jobs.jobs_world import Answer, JobsWorld, ScriptedSource, a_configured_source, a_look, an_order

LATER = START + 2 * DAY
POST = Target(Link(LinkKind.POST, "C0deAAAAAAA"), Metric.LIKES)
Script = Callable[[str, datetime], Answer]


def lost(outcome: Outcome = Outcome.NOT_FOUND, others: Answer = 2000) -> Script:
    """Answer that natgeo is absent, and give the same answer for all other profiles."""
    return lambda name, _now: outcome if name == "natgeo" else others


def watch(world: JobsWorld, script: Script, duration: timedelta) -> None:
    """Run the sampling job once an hour for the duration."""
    sampling = world.sampling(a_configured_source(ScriptedSource(script)))
    until = world.now + duration
    while world.now < until:
        world.now += HOUR
        sampling.run_once()


def alerts_of(world: JobsWorld) -> list[str]:
    return [str(kind) for kind in world.alerts("kind")]


def answer_for(world: JobsWorld, order_id: str, script: Script) -> str:
    return world.checking(a_configured_source(ScriptedSource(script))).check(order_id)[0].word


@pytest.fixture
def world(world: JobsWorld) -> JobsWorld:
    """An order on natgeo and one on another profile, both delivered two days ago."""
    world.sell(an_order("1", start_count=1000), an_order("2", "nasa"))
    world.now = LATER
    return world


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.UNAVAILABLE])
def test_a_target_absent_for_a_day_while_others_are_read_is_suspended_and_alerted_once(
    world: JobsWorld, outcome: Outcome
) -> None:
    """RULES 7: the alert quotes the answer for the customer and replaces that for three failures."""
    world.sell(an_order("3", completed_at=START + DAY, start_count=2000))
    watch(world, lost(outcome), 23 * HOUR)
    assert (alerts_of(world), world.target().absence.gone_at) == ([], None)
    watch(world, lost(outcome), 3 * DAY)
    ((kind, text),) = world.alerts("kind", "text")
    assert (kind, "Please tell us the new one" in text, "2 order(s) suspended" in text) == (
        "target.gone",
        True,
        True,
    )
    absence = world.target().absence
    assert absence.since is not None
    assert absence.gone_at is not None
    assert DAY <= absence.gone_at - absence.since < DAY + 7 * HOUR
    assert [answer_for(world, order, lost(outcome)) for order in "123"] == [
        "target_not_found", "no_drop", "target_not_found",
    ]  # fmt: skip


@pytest.mark.parametrize("others", [Outcome.NOT_FOUND, Outcome.PRIVATE, Outcome.UNAVAILABLE])
def test_a_target_is_never_gone_while_nothing_else_is_read(world: JobsWorld, others: Outcome) -> None:
    """RULES 7: a source without successful reads cannot confirm an absence; `target.refused` is raised.

    The order is not suspended: its refill can be claimed, although the answer is `target_not_found`.
    """
    world.lose(1500)
    watch(world, lost(others=others), 5 * DAY)
    assert world.target().absence.gone_at is None
    alerts = [row.kind for row in world.alerts() if row.link == a_profile().link.url]
    assert alerts == ["review.opened", "drop.confirmed", "target.refused"]
    assert [row.quantity for row in world.claim()] == [500]


def test_reads_of_another_metric_do_not_confirm_an_absence(world: JobsWorld) -> None:
    """A retired endpoint for profiles fails for all of them while posts can still be read."""
    world.sell(an_order("3", target=POST, start_count=1000))

    def profiles_are_lost(name: str, _now: datetime) -> Answer:
        return 2000 if name == POST.link.key else Outcome.NOT_FOUND

    watch(world, profiles_are_lost, 5 * DAY)
    assert (world.target().absence.gone_at, world.target("nasa").absence.gone_at) == (None, None)


def test_a_count_brings_a_gone_target_back_at_once(world: JobsWorld) -> None:
    """Its queued refill can be claimed again, and no other target is rescheduled."""
    world.lose(1500)
    watch(world, lost(), 2 * DAY)
    assert world.claim() == []
    assert answer_for(world, "1", lost()) == "target_not_found"
    other = world.target("nasa")
    world.look(1500, world.now + HOUR)
    assert world.target().absence == Absence()
    assert world.target("nasa") == other
    assert [row.quantity for row in world.claim()] == [500]


def test_nothing_is_opened_or_confirmed_while_a_target_is_gone(world: JobsWorld) -> None:
    """The suspicion waits for the first count; a look without a count is not judged."""
    world.look(1500, LATER)
    drops = world.rows("drops")
    watch(world, lost(), 3 * DAY)
    assert world.rows("drops") == drops
    assert (world.rows("decisions"), world.rows("refills")) == ([], [])
    world.look(1500, world.now + HOUR)
    assert [row.reason for row in world.rows("decisions")] == ["drop_confirmed"]


def test_a_target_that_is_gone_again_is_alerted_again(world: JobsWorld) -> None:
    """One alert for each time it was present in between, also as a private profile."""
    for back in (2000, Outcome.PRIVATE, 2000):
        watch(world, lost(), 2 * DAY)
        world.look(back, world.now + HOUR)
    assert alerts_of(world) == [
        "target.gone", "target.ready", "target.gone", "target.private", "target.gone", "target.ready",
    ]  # fmt: skip


def test_a_gone_target_is_looked_at_at_the_slow_pace(world: JobsWorld) -> None:
    """Every six hours, independent of the number of failures, so that a return is detected."""
    source = ScriptedSource(lost())
    sampling = world.sampling(a_configured_source(source))
    for _ in range(5 * 24):
        world.now += HOUR
        sampling.run_once()
    times = [at for at, name in source.reads if name == "natgeo"]
    assert {after - before for before, after in pairwise(times)} == {6 * HOUR}


def test_a_post_out_of_reach_of_its_source_is_not_gone(world: JobsWorld) -> None:
    """RULES 7: the source did not look far enough; the operator learns once that it is not read, and why."""
    detail = "not among the newest 500 media of natgeo, and older ones are not asked for"
    target_id = world.target().target_id
    for hours in range(0, 60, 6):
        world.look(2000, LATER + hours * HOUR, profile="nasa")
        out_of_reach = replace(
            a_look(Outcome.UNAVAILABLE, world.now, a_profile()), out_of_reach=True, detail=detail
        )
        with world.database.write() as tx:
            record_looks(tx, {target_id: out_of_reach}, world.policy)
    assert world.target().absence == Absence()
    text = f"followers of {a_profile().link} could not be read 3 times in a row (unavailable: {detail})"
    assert world.alerts("kind", "text") == [("target.refused", text)]


def test_a_name_that_was_taken_over_is_not_judged_and_is_told_once(world: JobsWorld) -> None:
    """RULES 7: by the id in the source's own id space."""
    for hours, (count, account) in enumerate([(2000, "me:1"), (40, "me:2"), (40, "me:2"), (40, "me:2")]):
        at = LATER + 3 * hours * HOUR
        snapshot = replace(a_look(count, at, a_profile()), source_account=account)
        with world.database.write() as tx:
            record_looks(tx, {world.target().target_id: snapshot}, world.policy)
    assert world.rows("drops") == []
    text = (
        f"{a_profile().link} belongs to another account now (shows account 2 where the series is of 1), "
        "whose followers are not judged; 1 order(s) wait for the account that they were sold for. "
        "Ask the customer for its new name"
    )
    assert world.alerts("kind", "text") == [("target.other_account", text)]


def test_a_renamed_profile_stays_the_same_target(world: JobsWorld) -> None:
    """RULES 7: the account is the same, and the current username is stored for the next look."""
    target_id = world.target().target_id
    for hours, count in enumerate([2000, 1500, 1500]):
        name = "renamed" if hours else ""
        snapshot = replace(a_look(count, LATER + 3 * hours * HOUR, a_profile()), account="17", username=name)
        with world.database.write() as tx:
            record_looks(tx, {target_id: snapshot}, world.policy)
    row = world.target()
    assert (row.target, row.target.account, row.target.username_now) == (a_profile(), "17", "renamed")
    assert [row.quantity for row in world.rows("refills")] == [500]


def test_a_count_of_another_account_is_not_judged(world: JobsWorld) -> None:
    """RULES 7: another account that took over the username is not covered by the guarantee."""
    target_id = world.target().target_id
    for hours, (count, account) in enumerate([(2000, "17"), (30, "18"), (30, "18")]):
        snapshot = replace(a_look(count, LATER + 3 * hours * HOUR, a_profile()), account=account)
        with world.database.write() as tx:
            record_looks(tx, {target_id: snapshot}, world.policy)
    assert world.rows("drops") == []
    assert world.rows("snapshots", "outcome") == [Outcome.COUNT, Outcome.SCHEMA, Outcome.SCHEMA]
