"""Times that a clock wrote while it was ahead are repaired: every column, or there is a reason why not."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from monitor.alerts.routes import DEFAULT
from monitor.events.kind import EventKind
from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import (
    daemons,
    deliveries,
    due,
    events,
    future_times,
    mass_drops,
    notifications,
    requests,
    sources,
    transfers,
    webhooks,
)
from storage.column_types import Instant
from storage.daemons import DaemonMode
from storage.engine import Database
from storage.leases import Failure
from storage.schema import metadata, refills
from storage.schema import targets as targets_table
from storage.source_tables import source_state
from storage.transfer_action import TransferAction
from tests import lease_calls
from tests.builders import DAY, HOUR, MINUTE, NOW, a_profile, an_event, an_order
from tests.notification_rows import tell
from tests.storage.lease_actions import claim, get
from tests.storage.shop import bring_to, everything, queue, sell, statements_of
from tests.storage.webhook_rows import ACCEPTED, an_endpoint, dispatch, happen, record
from tests.storage.webhook_rows import claim as claim_webhook

SECOND = timedelta(seconds=1)
STEPS = [timedelta(hours=1), timedelta(days=2), timedelta(days=6 * 365)]
"""How far the clock was ahead."""


def columns() -> Iterator[str]:
    """All columns with a time."""
    for table in metadata.sorted_tables:
        yield from (f"{table.name}.{one.name}" for one in table.columns if isinstance(one.type, Instant))


def happened() -> set[str]:
    return {f"{table.name}.{name}" for table, names in future_times.HAPPENED.items() for name in names}


@pytest.mark.parametrize("column", sorted(columns()))
def test_every_time_is_repaired_or_has_a_reason(column: str) -> None:
    """A new column has to be decided."""
    places = [happened(), future_times.LASTS, future_times.SCHEDULE, future_times.LEFT]
    assert [column in place for place in places].count(True) == 1


def repair(database: Database, now: datetime = NOW) -> int:
    with database.write() as tx:
        return future_times.repair(tx, now, 2 * DAY).rows


def filled(database: Database, at: datetime) -> None:
    """A row in every table, written at this time, with every time set that may be."""
    sell(database, an_order("0", target=a_profile("other")), now=at)
    with database.write() as tx:
        bring_to(tx, "0", RefillState.COMPLETED, at)
        requests.ask(tx, "0", at)
        mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(20, 9), at)
        events.add(tx, an_event(EventKind.MASS_DROP_STARTED, "text"), at)
        sources.note_reads(tx, {("graph", Metric.LIKES): at})
        daemons.register(tx, "host", 7, "1", DaemonMode.RUN, at)
    endpoint_id = an_endpoint(database)
    dispatch(database, endpoint_id, at=at)
    record(database, claim_webhook(database, endpoint_id, at), ACCEPTED, at)
    with database.write() as tx:
        for table, names in future_times.HAPPENED.items():
            free = [
                name for name in names if not table.c[name].nullable or table.name in {"targets", "orders"}
            ]
            if free:
                tx.execute(update(table).values(dict.fromkeys(free, at)))


@pytest.mark.parametrize("step", STEPS)
def test_what_happened_in_the_future_happened_now(database: Database, step: timedelta) -> None:
    filled(database, NOW + step)
    assert repair(database) > 0
    for table, names in future_times.HAPPENED.items():
        for row in everything(database)[table.name]:
            assert [name for name in names if (at := getattr(row, name)) and at > NOW] == [], table.name
    assert repair(database) == 0


def test_nothing_is_repaired_when_the_clock_was_right(database: Database) -> None:
    filled(database, NOW - HOUR)
    before = everything(database)
    assert repair(database) == 0
    assert everything(database) == before


# What lasts


@pytest.mark.parametrize("step", STEPS)
def test_a_lease_of_that_time_keeps_its_length(database: Database, step: timedelta) -> None:
    """A claim of 30 seconds ends 30 seconds after the clock is right again, and not days later."""
    queue(database, "1")
    (row,) = claim(database, NOW + step, lease=30 * SECOND)
    repair(database)
    assert get(database, row.refill_id).leased_until == NOW + 30 * SECOND


def test_a_lease_that_a_right_clock_gave_is_not_shortened(database: Database) -> None:
    queue(database, "1")
    (row,) = claim(database, NOW, lease=DAY)
    repair(database)
    assert get(database, row.refill_id).leased_until == NOW + DAY


def test_a_lease_that_was_extended_under_a_wrong_clock_is_at_most_a_day(database: Database) -> None:
    queue(database, "1")
    (row,) = claim(database, NOW, lease=HOUR)
    with database.write() as tx:
        lease_calls.extend(tx, row.refill_id, row.lease_token, NOW + 40 * DAY)
    repair(database)
    assert get(database, row.refill_id).leased_until == NOW + DAY


@pytest.mark.parametrize("step", STEPS)
def test_a_refill_that_failed_at_that_time_waits_as_long_as_it_should(
    database: Database, step: timedelta
) -> None:
    queue(database, "1")
    (row,) = claim(database, NOW + step)
    with database.write() as tx:
        failure = Failure("down", retry_after=10 * MINUTE)
        lease_calls.fail(tx, row.refill_id, row.lease_token, NOW + step, failure, 10)
    repair(database)
    assert claim(database, NOW + 9 * MINUTE) == []
    assert [one.refill_id for one in claim(database, NOW + 10 * MINUTE)] == [row.refill_id]


@pytest.mark.parametrize("step", STEPS)
def test_a_refill_held_at_that_time_is_released_when_it_should(database: Database, step: timedelta) -> None:
    (refill_id,) = queue(database, "1")
    with database.write() as tx:
        change = update(refills).where(refills.c.refill_id == refill_id)
        at = NOW + step
        tx.execute(change.values(state="held", created_at=at, available_at=at, release_at=at + 6 * HOUR))
    repair(database)
    assert get(database, refill_id).release_at == NOW + 6 * HOUR


@pytest.mark.parametrize(
    ("reason", "until"),
    [
        (Reason.DAILY_CAP, datetime.combine(NOW.date() + DAY, time(), UTC)),
        (Reason.MASS_DROP, NOW + 2 * DAY),
        (Reason.RESTORED, NOW + 5 * HOUR),
    ],
)
def test_a_hold_that_was_renewed_at_that_time_is_no_longer_than_a_new_one(
    database: Database, reason: Reason, until: datetime
) -> None:
    """The refill is older; only its hold was renewed three years ahead. A shorter one stays."""
    (refill_id,) = queue(database, "1")
    change = update(refills).where(refills.c.refill_id == refill_id)
    for release_at, repaired in ((NOW + 1095 * DAY, until), (NOW + HOUR, NOW + HOUR)):
        with database.write() as tx:
            transfers.record(tx, TransferAction.RESTORED, "monday.db", NOW, 1, NOW + 5 * HOUR)
            tx.execute(change.values(state="held", reason=reason, release_at=release_at))
        repair(database)
        assert get(database, refill_id).release_at == repaired


@pytest.mark.parametrize("step", STEPS)
def test_a_source_that_was_refused_at_that_time_is_paused_as_long_as_it_should(
    database: Database, step: timedelta
) -> None:
    at = NOW + step
    state: dict[str, Any] = {
        "source": "graph", "stopped": False, "reason": "blocked", "refusals": 1, "level": 1,
        "suspected_refusals": 0, "suspected_target": "", "failed_targets": "", "refused_at": at,
        "paused_until": at + HOUR, "used_at": at, "wait_until": at + 10 * MINUTE,
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(source_state), state)
    repair(database)
    (row,) = everything(database)["source_state"]
    assert (row.paused_until, row.wait_until) == (NOW + HOUR, NOW + 10 * MINUTE)
    assert (row.refused_at, row.used_at) == (NOW, NOW)


def test_an_alert_of_that_time_is_sent_at_once(database: Database) -> None:
    with database.write() as tx:
        deliveries.register(tx, ["mail"], NOW)
        tell(tx, ["text"], NOW + DAY)
        notifications.plan(tx, {DEFAULT: ["mail"]}, NOW + DAY)
    repair(database)
    with database.write() as tx:
        assert len(deliveries.due(tx, "mail", NOW, 10)) == 1


def test_a_webhook_of_that_time_is_sent_at_once(database: Database) -> None:
    endpoint_id = an_endpoint(database)
    happen(database, "graph")
    dispatch(database, endpoint_id, at=NOW + DAY)
    with database.write() as tx:
        webhooks.note_failure(tx, webhooks.get(tx, endpoint_id), NOW + DAY, NOW + DAY + HOUR)
    repair(database)
    assert claim_webhook(database, endpoint_id) is not None


# Evidence


def newest(database: Database, *, thorough: bool) -> datetime | None:
    with database.read() as tx:
        return future_times.newest_written(tx, thorough=thorough)


def test_the_evidence_needs_no_source(database: Database) -> None:
    """The beats of daemons, and the events of refills."""
    assert newest(database, thorough=True) is None
    with database.write() as tx:
        daemons.register(tx, "host", 7, "1", DaemonMode.RUN, NOW)
    assert newest(database, thorough=False) == NOW
    queue(database, "1")
    claim(database, NOW + HOUR)
    assert newest(database, thorough=False) == NOW + HOUR


def test_an_import_under_a_wrong_clock_is_found_at_the_start(database: Database) -> None:
    """No daemon ran then; the targets are looked at now."""
    sell(database, an_order("1"), now=NOW + 2 * DAY)
    assert newest(database, thorough=True) == NOW + 2 * DAY
    with database.write() as tx:
        assert future_times.repair(tx, NOW, DAY).targets == 1


def test_a_repair_locks_targets_and_then_refills_in_the_order_of_their_ids(postgresql: Database) -> None:
    """As looks, operators and consumers do, so that none waits for the other for ever."""
    with postgresql.write() as tx:
        sent = [sql for sql, _ in statements_of(tx, lambda: future_times.repair(tx, NOW, DAY))]
    assert sent[0].endswith("ORDER BY targets.target_id FOR UPDATE")
    assert sent[1].endswith("ORDER BY refills.refill_id FOR UPDATE")


def test_a_repair_locks_every_target_that_it_changes(postgresql: Database) -> None:
    """So another transaction that holds one of them holds up the repair before that has locked anything."""
    filled(postgresql, NOW + DAY)
    assert everything(postgresql)["targets"]
    with postgresql.write() as tx:
        due.lock_future_times(tx, NOW, future_times.HAPPENED[targets_table])
        with postgresql.write() as other:
            query = select(targets_table.c.target_id).with_for_update(skip_locked=True)
            assert other.execute(query).all() == []
