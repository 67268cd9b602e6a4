"""Actions on everything that matches: frozen when previewed, then carried out by the job, row by row."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs.bulk_actions import MOST_TRIES, BulkActions
from monitor.guarantee.queue_rules import QueueRules
from monitor.guarantee.refund_review import Review, ReviewCause
from monitor.model.bulk_action import BulkAction, BulkState, ItemResult
from monitor.model.decision import Reason
from monitor.model.order import Flag
from monitor.model.target import Metric
from monitor.sources.budget import DAY
from refilld.services import bulk_preview
from refilld.services.bulk_preview import (
    BulkPreview,
    freeze,
    plan_alerts,
    plan_orders,
    plan_refills,
    plan_reviews,
)
from storage import bulk_actions, event_list, orders, reviews, walks
from storage.actor import Actor, acting
from storage.alert_list import AlertFilter
from storage.engine import Database
from storage.errors import ShadowModeError
from storage.event_list import EventFilter
from storage.order_list import OrderFilter
from storage.pages import PageRequest
from storage.refill_selection import RefillFilter
from storage.reviews import ReviewFilter
from tests.migrated_database import migrated_database
from tests.pages import rows_of_list
from tests.refilld.queue_world import QueueWorld

HELD = RefillFilter(reason=Reason.MASS_DROP)
LIVE = QueueRules()
ANA, BEN = Actor("user ana"), Actor("user ben")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    """Three refills of 100 units are held for a mass drop."""
    with migrated_database(tmp_path / "refilld.db") as database:
        made = QueueWorld(database, tmp_path)
        made.queue("1", "2", "3", held=True)
        counted(made, 1900)
        yield made


def counted(world: QueueWorld, count: int) -> None:
    at = int(world.now.timestamp() * 1_000_000)
    with world.database.write() as tx:
        tx.exec_driver_sql(f"UPDATE targets SET last_count = {count}, last_count_at = {at}")


def job(world: QueueWorld, rows: int | None = None) -> BulkActions:
    """The job, which is stopped after so many rows."""
    left = iter(range(rows)) if rows is not None else None
    return BulkActions(
        world.database, world.clock, LIVE, lambda: left is not None and next(left, None) is None
    )


def confirm(world: QueueWorld, preview: BulkPreview, who: Actor = ANA) -> None:
    with acting(who), world.database.write() as tx:
        bulk_actions.confirm(tx, preview.bulk_action_id, world.now)


def results(database: Database, preview: BulkPreview) -> dict[str, tuple[ItemResult | None, str]]:
    with database.read() as tx:
        rows = bulk_actions.items(tx, preview.bulk_action_id, PageRequest()).rows
    return {row.subject: (row.result, row.detail) for row in rows}


def release(world: QueueWorld, who: Actor = ANA, **rules: Any) -> BulkPreview:
    with acting(who), world.database.write() as tx:
        return freeze(
            tx, plan_refills(tx, BulkAction.RELEASE, HELD, replace(LIVE, **rules), world.now), world.now
        )


def test_what_was_previewed_is_done_and_what_came_later_is_not(world: QueueWorld) -> None:
    """With its units and services in the preview, and one event a row in the operator's name."""
    preview = release(world)
    (part,) = preview.parts
    assert (preview.rows, part.outcome, part.orders, part.all.units) == (3, "queued", 3, 300)
    (later,) = world.queue("4", held=True)
    job(world).run_once()
    assert world.state(1) == "held"  # it is not confirmed yet
    confirm(world, preview)
    job(world).run_once()
    assert [world.state(i) for i in (1, 2, 3, later)] == ["queued", "queued", "queued", "held"]
    assert results(world.database, preview)["1"] == (ItemResult.DONE, "queued, 100 units")
    with world.database.read() as tx:
        events = rows_of_list(event_list.page, tx, EventFilter(actor="user ana"))
        row = bulk_actions.get(tx, preview.bulk_action_id)
    assert [event.subject.refill_id for event in events] == [3, 2, 1]
    assert (row.state, row.filter) == (BulkState.FINISHED, "reason=mass_drop")


def test_a_second_operator_is_told_what_the_first_did(world: QueueWorld) -> None:
    first, second = release(world), release(world, BEN)
    confirm(world, first)
    confirm(world, second, BEN)
    job(world).run_once()
    with world.database.read() as tx:
        assert bulk_actions.progress(tx, second.bulk_action_id).refused == 3
    assert results(world.database, second)["1"] == (
        ItemResult.REFUSED,
        "refill 1 has changed: it is queued (mass_drop) now, by user ana",
    )


def test_a_process_that_ends_is_continued_by_the_next(world: QueueWorld) -> None:
    """Every row is done once."""
    preview = release(world)
    confirm(world, preview)
    job(world, rows=1).run_once()
    assert [world.state(i) for i in (1, 2, 3)] == ["queued", "held", "held"]
    job(world).run_once()
    assert [world.events(i) for i in (1, 2, 3)] == [["held", "queued"]] * 3


def test_a_row_that_fails_unexpectedly_keeps_back_no_other(world: QueueWorld) -> None:
    """Neither the next row nor the next action; it is refused, and the log has the error."""
    first, second = release(world), release(world, BEN)
    confirm(world, first)
    confirm(world, second, BEN)
    with world.database.write() as tx:
        tx.exec_driver_sql("UPDATE bulk_items SET expected = '{}' WHERE item_id = 1")
    with capture_logs() as logged:
        job(world).run_once()
    assert results(world.database, first)["1"] == (
        ItemResult.REFUSED,
        "an unexpected error; it is in the log of refilld",
    )
    assert [world.state(i) for i in (1, 2, 3)] == ["queued"] * 3  # the first by the second action
    assert [(one["event"], one["row"]) for one in logged if one["log_level"] == "error"] == [
        ("bulk_action.row_failed", "1")
    ]


def flag_first(world: QueueWorld) -> tuple[BulkPreview, BulkPreview]:
    """Two confirmed actions: the first flags order 1, which the database does not carry out."""
    with acting(ANA), world.database.write() as tx:
        flagging = freeze(tx, plan_orders(tx, BulkAction.FLAG, ["1"], world.now, Flag.HOLD), world.now)
        rejecting = freeze(tx, plan_refills(tx, BulkAction.REJECT, [2], LIVE, world.now), world.now)
        tx.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON order_flags BEGIN DELETE FROM missing; END"
        )
    for preview in (flagging, rejecting):
        confirm(world, preview)
    return flagging, rejecting


def test_a_row_that_the_database_does_not_carry_out_is_left_for_the_next_round(world: QueueWorld) -> None:
    """Other actions go on."""
    flagging, _ = flag_first(world)
    rounds = job(world)
    rounds.run_once()
    assert results(world.database, flagging) == {"1": (None, "")}
    assert world.state(2) == "rejected"
    with world.database.write() as tx:
        tx.exec_driver_sql("DROP TRIGGER broken")
    rounds.run_once()
    assert results(world.database, flagging) == {"1": (ItemResult.DONE, "flagged hold")}


def test_a_row_that_the_database_never_carries_out_is_refused_in_the_end(world: QueueWorld) -> None:
    flagging, _ = flag_first(world)
    rounds, found = job(world), []
    with capture_logs() as logged:
        for _ in range(MOST_TRIES):
            found += [results(world.database, flagging)["1"][0]]
            rounds.run_once()
    result, why = results(world.database, flagging)["1"]
    assert (set(found), result) == ({None}, ItemResult.REFUSED)
    assert why.startswith("the database did not carry it out in 10 rounds")
    tries = [one for one in logged if one["event"] == "bulk_action.row_put_off"]
    assert len(tries) == MOST_TRIES
    assert all("no such table: main.missing" in one["error"] for one in tries)


def test_more_units_than_were_shown_are_refused(world: QueueWorld) -> None:
    """The refill stays as it is."""
    counted(world, 1950)
    preview = release(world)
    assert preview.parts[0].all.units == 150
    confirm(world, preview)
    counted(world, 1900)
    job(world).run_once()
    assert {one for one, _ in results(world.database, preview).values()} == {ItemResult.REFUSED}
    assert world.state(1) == "held"


def test_an_action_takes_a_limited_number_of_rows(world: QueueWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says that there are more."""
    monkeypatch.setattr(bulk_preview, "MOST", 2)
    preview = release(world)
    assert (preview.rows, preview.more) == (2, True)


def test_a_filter_without_an_index_is_searched_in_a_part_of_the_orders(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the preview says that there may be more."""
    monkeypatch.setattr(walks, "WINDOW", 1)
    wanted = OrderFilter(metric=Metric.FOLLOWERS)
    found = []
    for pages in (2, 4):
        monkeypatch.setattr(bulk_preview, "SEARCHED", pages)
        with world.database.read() as tx:
            planned = plan_orders(tx, BulkAction.CHECK, wanted, world.now)
        found.append((len(planned.items), planned.new.more))
    assert found == [(2, True), (3, False)]


def test_shadow_mode_previews_nothing_that_would_be_queued(world: QueueWorld) -> None:
    with pytest.raises(ShadowModeError):
        release(world, shadow=True)


def test_refills_are_chosen_by_id_too(world: QueueWorld) -> None:
    """An unknown one is left out, with the reason."""
    with acting(ANA), world.database.write() as tx:
        preview = freeze(tx, plan_refills(tx, BulkAction.REJECT, [2, 77], LIVE, world.now), world.now)
    confirm(world, preview)
    job(world).run_once()
    assert [(one.name, one.why) for one in preview.left_out] == [("77", "there is no such refill")]
    assert [world.state(i) for i in (1, 2, 3)] == ["held", "rejected", "held"]


def test_orders_are_flagged_unflagged_and_checked(world: QueueWorld) -> None:
    """An order that has the flag is left out; a check makes a look due and is an event of its own."""
    previews = []
    for action, chosen in (
        (BulkAction.FLAG, OrderFilter(metric=Metric.FOLLOWERS)),
        (BulkAction.FLAG, ["1", "x"]),
        (BulkAction.UNFLAG, OrderFilter(flag=Flag.HOLD)),
        (BulkAction.CHECK, ["2"]),
    ):
        with acting(ANA), world.database.write() as tx:
            flag = None if action is BulkAction.CHECK else Flag.HOLD
            planned = plan_orders(tx, action, chosen, world.now, flag)
            previews.append(freeze(tx, planned, world.now))
        confirm(world, previews[-1])
        job(world).run_once()
    assert [preview.rows for preview in previews] == [3, 0, 3, 1]
    assert {one.why for one in previews[1].left_out} == {"already flagged hold", "there is no such order"}
    with world.database.read() as tx:
        newest = rows_of_list(event_list.page, tx, EventFilter(), 1)[0]
        target = orders.get(tx, "2").target_id
    assert (newest.kind, newest.actor, newest.payload) == (
        "order.check_requested", "user ana", {"target_id": target},
    )  # fmt: skip


def test_a_flag_that_somebody_else_set_or_lifted_first_is_refused_with_their_name(world: QueueWorld) -> None:
    told = []
    for action in (BulkAction.FLAG, BulkAction.UNFLAG):
        previews = []
        for who in (ANA, BEN):
            with acting(who), world.database.write() as tx:
                previews.append(freeze(tx, plan_orders(tx, action, ["1"], world.now, Flag.HOLD), world.now))
            confirm(world, previews[-1], who)
        job(world).run_once()
        told.append(results(world.database, previews[1])["1"][1])
    assert told == [
        "order 1 is flagged hold already, by user ana",
        "order 1 is not flagged hold; user ana lifted it",
    ]


def test_reviews_are_closed_with_a_note(world: QueueWorld) -> None:
    with acting(ANA), world.database.write() as tx:
        order = orders.get(tx, "1").order
        reviews.open_review(tx, Review("1", ReviewCause.SHORT_DELIVERY, 100, None), order, world.now)
        planned = plan_reviews(tx, ReviewFilter(before=world.now + DAY), "refunded", world.now)
        preview = freeze(tx, planned, world.now)
    confirm(world, preview)
    job(world).run_once()
    with world.database.read() as tx:
        (row,) = reviews.of_order(tx, "1")
    assert (row.note, preview.parts[0].outcome, preview.parts[0].all.units) == ("refunded", "closed", 100)


def test_alerts_that_are_told_once_are_not_acknowledged(world: QueueWorld) -> None:
    with acting(ANA), world.database.write() as tx:
        preview = freeze(tx, plan_alerts(tx, AlertFilter(), world.now), world.now)
    assert preview.rows == 0
