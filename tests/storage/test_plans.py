"""Plans: frequent queries use an index, and cost what is due, never what exists.

Each query is overheard while the program's own function sends it, and explained by both engines.
"""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, insert

from monitor.cadence.schedule import Priority
from monitor.guarantee.daily_caps import SHOP
from monitor.model.target import Metric
from monitor.sources.budget import BEGINNING
from storage import (
    alert_groups,
    alert_history,
    alert_states,
    backlogs,
    cadence_stats,
    daily_caps,
    deliveries,
    drops,
    due,
    flags,
    guarantee_costs,
    held_refills,
    imports,
    incident_events,
    lease_completion,
    leases,
    mass_drops,
    migrate,
    notifications,
    old_rows,
    open_refills,
    order_states,
    orders,
    queue_summary,
    queued_units,
    refill_moves,
    refills,
    requests,
    reviews,
    routed_alerts,
    routes,
    search,
    self_check,
    snapshot_thinning,
    snapshots,
    sources,
    survival_curves,
    survival_orders,
    target_health,
    target_history,
    targets,
    webhook_deliveries,
    webhook_dispatch,
    webhook_log,
)
from storage.alert_groups import GroupRow
from storage.claim_selection import ClaimFilter
from storage.engine import Database
from storage.lease_calls import Complete
from storage.schema import metadata
from tests.builders import DAY, HOUR, MINUTE, NOW, a_profile, an_order
from tests.storage.busy_rows import ROWS
from tests.storage.list_reads import LISTS, SUMS
from tests.storage.query_plans import Plan, explained, plans_of

MANY = 4000
LARGE = {
    "targets", "orders", "snapshots", "drops", "decisions", "refills", "refill_events", "events",
    "source_requests", "order_flags", "requests", "reviews", "virtual_times", "deliveries",
    "notifications", "notification_events", "routed_alerts", "alert_groups", "problems",
    "webhook_deliveries", "webhook_attempts",
}  # fmt: skip
"""Tables that grow with the shop; full scans and sorts of them are not allowed."""


# A shop with many old rows


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def busy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with thousands of rows in each table, of which a few are due."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('busy') / 'refilld.db'}"
    else:
        url = request.getfixturevalue("module_postgres")
    database = Database(url)
    migrate.upgrade(database)
    with database.write() as connection:
        for table, row in ROWS.items():
            connection.execute(insert(metadata.tables[table]), [row(i) for i in range(1, MANY + 1)])
        connection.exec_driver_sql("ANALYZE")
    yield database
    database.close()


QUEUES: dict[str, tuple[Callable[[Connection], object], str]] = {
    "due targets": (
        lambda c: due.due_by_date(c, "source 2", Priority.ROUTINE, NOW + DAY, 20),
        "ix_targets_due",
    ),
    "final looks": (lambda c: due.final_looks(c, "source 2", 7, 1.0, NOW, 20), "ix_targets_final_look"),
    "virtual queue": (
        lambda c: due.by_virtual_time(c, "source 2", "stream 2", NOW, 20),
        "ix_targets_virtual",
    ),
    "streams": (lambda c: due.service_queues(c, "source 2"), "ix_targets_virtual"),
    "new targets": (lambda c: routes.unrouted(c, 20), "ix_targets_unrouted"),
    "ready refills": (lambda c: leases.claim(c, NOW + DAY, limit=20, lease=HOUR), "ix_refills_queued"),
    "anything ready": (lambda c: leases.anything_ready(c, NOW + DAY), "ix_refills_queued"),
    "ended leases": (lambda c: leases.expire(c, NOW + HOUR, 10, limit=20), "ix_refills_leases"),
    "pending deliveries": (
        lambda c: deliveries.due(c, "channel 2", NOW + 3900 * MINUTE, 20),
        "ix_deliveries_pending",
    ),
    "new alerts": (lambda c: routed_alerts.unrouted(c, 20), "ix_events_unrouted"),
    "groups that have their turn": (
        lambda c: alert_groups.due(c, NOW + 20 * MINUTE, 20),
        "ix_alert_groups_next_at",
    ),
    "due webhooks": (
        lambda c: webhook_deliveries.number_due(c, 2, NOW + 3900 * MINUTE, 4),
        "ix_webhook_deliveries_pending",
    ),
    "the next webhook": (
        lambda c: webhook_deliveries.claim(c, 2, NOW + 3900 * MINUTE),
        "ix_webhook_deliveries_pending",
    ),
    "new events": (webhook_dispatch.anything_new, "ix_events_undispatched"),
    "new events to take up": (lambda c: webhook_dispatch.take_new(c, 20), "ix_events_undispatched"),
    "newest snapshots": (lambda c: list(snapshots.newest(c, 2, 20)), "pk_snapshots"),
    "the newest request": (
        lambda c: sources.nth_request(c, "source 2", 1, BEGINNING),
        "ix_source_requests_source_at",
    ),
}
"""Queries with an order and a limit, and the index that has this order."""
QUEUES_IN_PARTITIONS = {"ix_events_unrouted", "ix_events_undispatched"}
"""Of what waits in several months, PostgreSQL sorts what it believes to be few rows."""

LOOKUPS: dict[str, tuple[Callable[[Connection], object], set[str]]] = {
    "the alerts of a group": (
        lambda c: alert_groups.load(c, GroupRow("default", "group 1", NOW)),
        {"ix_routed_alerts_group_key"},
    ),
    "the problems that keep others back": (alert_groups.inhibiting, {"ix_problems_inhibiting"}),
    "the alerts of a problem": (
        lambda c: routed_alerts.open_alerts(c, ["1", "2"]),
        {"ix_routed_alerts_dedup_key"},
    ),
    "messages without deliveries": (
        lambda c: notifications.plan(c, {"default": ["mail"]}, NOW),
        {"ix_notifications_pending", "pk_deliveries"},
    ),
    "the state of alerts": (
        lambda c: alert_states.settle(c, [20, 40, 41]),
        {"pk_routed_alerts", "ix_deliveries_event_id", "ix_notification_events_event_id"},
    ),
    "the state of messages": (
        lambda c: alert_states.settle_notifications(c, [20, 40, 41]),
        {"pk_deliveries", "pk_notification_events"},
    ),
    "the way of an alert": (
        lambda c: alert_history.history(c, 41),
        {"pk_routed_alerts", "ix_notification_events_event_id"},
    ),
    "a full hour": (
        lambda c: sources.nth_request(c, "source 2", 30, NOW + 3900 * MINUTE),
        {"ix_source_requests_source_at"},
    ),
    "a full day": (
        lambda c: sources.nth_request(c, "source 2", 500, NOW + 2000 * MINUTE),
        {"ix_source_requests_source_at"},
    ),
    "requests in the last hour": (
        lambda c: sources.served(c, "source 2", NOW + 3900 * MINUTE),
        {"ix_source_requests_source_at"},
    ),
    "all that a request shows": (
        lambda c: due.lock_by_request(c, "source 2", ["page 2", "page 6"], NOW),
        {"ix_targets_request_key"},
    ),
    "guarantees that are over": (lambda c: due.unschedule_ended(c, NOW + HOUR), {"ix_targets_coverage_ends"}),
    "a clock": (lambda c: cadence_stats.virtual_time(c, "source 77"), {"pk_virtual_times"}),
    "targets that are looked at": (lambda c: targets.locked(c, [77, 78, 79]), {"pk_targets"}),
    "orders of several targets": (
        lambda c: order_states.of_targets(c, [77, 78, 79]),
        {"ix_orders_target_id", "uq_drops_one_open_per_order", "uq_refills_order_id_number"},
    ),
    "one target": (lambda c: targets.get(c, 77, lock=True), {"pk_targets"}),
    "the target of an order": (lambda c: targets.of_order(c, "77"), {"pk_targets"}),
    "all that bears on a target": (
        lambda c: order_states.of_target(c, 77),
        {"ix_orders_target_id", "uq_drops_one_open_per_order", "uq_refills_order_id_number"},
    ),
    "a target that is looked at": (
        lambda c: targets.ensure(c, [a_profile("user77")]),
        {"uq_targets_link_metric"},
    ),
    "the orders of a batch": (
        lambda c: orders.import_batch(c, [an_order(f"{i}") for i in range(1, 50)], NOW),
        {"ix_decisions_order_id"},
    ),
    "completed refills": (
        lambda c: lease_completion.complete(
            c, [Complete(i, f"token {i}") for i in (77, 78, 79)], [77, 78, 79], NOW
        ),
        {"pk_refills"},
    ),
    "the story of a refill": (lambda c: refills.events_of(c, 77), {"ix_refill_events_refill_id"}),
    "the drops of an order": (lambda c: drops.of_order(c, "77"), {"ix_drops_order_id"}),
    "the decisions on an order": (lambda c: drops.decisions_of(c, "77"), {"ix_decisions_order_id"}),
    "the flags of an order": (lambda c: flags.of_order(c, "77"), set()),
    "what was judged of late": (
        lambda c: mass_drops.tally(c, Metric.LIKES, NOW + 3900 * MINUTE),
        {"ix_targets_judged"},
    ),
    **SUMS,
    "what is held": (lambda c: held_refills.held_for_mass_drop(c, Metric.LIKES), {"ix_refills_held"}),
    "what is used of a day": (
        lambda c: queued_units.usage(c, (NOW + 4000 * MINUTE).date()),
        {"ix_queued_units_at"},
    ),
    "what a daily cap holds": (lambda c: daily_caps.held(c, SHOP), {"ix_refills_held"}),
    "what a backlog waits for": (lambda c: backlogs.awaited(c, 7), {"ix_orders_backlog_id"}),
    "the sums of a backlog": (lambda c: backlogs.sums(c, 7), {"ix_orders_backlog_id"}),
    "the last request about an order": (lambda c: requests.last_granted(c, "77"), {"ix_requests_order_id"}),
    "open refills": (
        open_refills.open_refill_sums,
        {"ix_refills_held", "ix_refills_unfinished", "ix_refills_leases"},
    ),
    "what is ready of a provider": (
        lambda c: leases.anything_ready(c, NOW + DAY, ClaimFilter(providers=frozenset({"acme"}))),
        {"ix_refills_queued_part"},
    ),
    "open reviews": (reviews.open_by_cause, {"ix_reviews_open"}),
    "pending alerts": (self_check.undelivered, {"ix_notifications_pending"}),
    "what has happened lately": (
        lambda c: incident_events.occurred(c, NOW + 3900 * MINUTE),
        {"pk_events"},
    ),
    "targets that are overdue": (
        lambda c: self_check.overdue(c, ["source 2"], NOW),
        {"ix_targets_due"},
    ),
    "the oldest due look": (lambda c: self_check.due_since(c, "source 2"), {"ix_targets_due"}),
    "the attempts of a webhook": (
        lambda c: webhook_log.attempts_of(c, 77),
        {"ix_webhook_attempts_delivery_id"},
    ),
    "the last import": (imports.orders_at, set()),
    "a search": (lambda c: search.search(c, "user77"), {"ix_targets_key"}),
    "the newest retention curves": (survival_curves.newest_run, set()),
    "the orders of a retention curve": (
        lambda c: survival_orders.orders_of(c, [77, 78, 79]),
        {"ix_orders_target_id"},
    ),
    "the looks of a retention curve": (
        lambda c: survival_orders.looks_at(c, [2, 3], NOW + 3900 * MINUTE),
        {"pk_snapshots"},
    ),
    "what ends the observation of an order": (
        lambda c: survival_orders.interruptions_of(c, [77, 78, 79]),
        {"ix_orders_target_id", "uq_refills_order_id_number", "ix_requests_order_id"},
    ),
    "a slice of refills": (lambda c: guarantee_costs.next_refills(c, 3900, 20), {"pk_refills"}),
    "the looks of a day": (
        lambda c: target_history.counts_between(c, [2, 3], NOW, NOW + HOUR),
        {"pk_snapshots"},
    ),
    "what waits in the queue": (queue_summary.summary, {"ix_refills_unfinished"}),
    "who has moved a refill": (lambda c: refill_moves.last_by(c, "77", 77), {"ix_events_order_id"}),
    "the reviews of an order": (lambda c: reviews.of_order(c, "77"), {"ix_reviews_order_id"}),
}
"""Queries by key, and the indexes that serve them."""


def deletion(table: str) -> Callable[[Connection], object]:
    return lambda connection: old_rows.delete_batch(connection, table, NOW + DAY, 10)


def thin(connection: Connection) -> None:
    snapshot_thinning.begin_pass(connection, NOW + DAY)
    batch = snapshot_thinning.next_batch(connection, 5, 500)
    assert batch is not None
    snapshot_thinning.delete_batch(connection, batch)


RETENTION: dict[str, tuple[Callable[[Connection], object], set[str]]] = {
    "snapshots": (thin, {"pk_snapshots"}),
    **{table: (deletion(table), {f"pk_{table}"}) for table in old_rows.TABLES},
}
"""Batches of the retention by table, and the index in whose order each reads its table."""


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_is_read_in_the_order_of_its_index(busy: Database, queue: str) -> None:
    """No full table scan and no sort: the cost depends on what is due."""
    work, index = QUEUES[queue]
    plans = plans_of(busy, work)
    assert {table for plan in plans for table in plan.scanned & LARGE} == set()
    assert {index} <= plans[0].indexes
    few_sorted = not busy.sqlite and index in QUEUES_IN_PARTITIONS
    assert few_sorted or {plan.sorts for plan in plans if index in plan.indexes} == {False}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_in_the_order_of_its_index(busy: Database, name: str) -> None:
    """On SQLite, which is told so; PostgreSQL may sort the few rows that it knows of."""
    work, index = LISTS[name]
    plans = plans_of(busy, work)
    by_index = [plan for plan in plans if index in plan.indexes]
    assert not busy.sqlite or (by_index and not any(plan.sorts for plan in by_index))
    small = set() if busy.sqlite else {"orders", "targets"}  # PostgreSQL reads them whole
    scanned = {table for plan in plans for table in plan.scanned & LARGE if f"_{table}_" not in index}
    assert scanned - small == set()


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_a_lookup_uses_its_index(busy: Database, lookup: str) -> None:
    """No full table scan."""
    work, indexes = LOOKUPS[lookup]
    plans = plans_of(busy, work)
    assert {table for plan in plans for table in plan.scanned & LARGE} == set()
    assert indexes - {index for plan in plans for index in plan.indexes} == set()


@pytest.mark.parametrize("table", RETENTION)
def test_a_batch_of_the_retention_reads_no_table_from_end_to_end(busy: Database, table: str) -> None:
    """It continues behind the last row; the key of a SQLite table has no name in a plan."""
    work, index = RETENTION[table]
    plans = plans_of(busy, work)
    assert {name for plan in plans for name in plan.scanned & LARGE} == set()
    if not busy.sqlite or table == "snapshots":
        assert index <= {name for plan in plans for name in plan.indexes}


def test_the_looks_of_a_period_are_found_by_target(busy: Database) -> None:
    """The report scans targets, but not their snapshots."""
    (plan,) = plans_of(busy, lambda c: target_health.looks_since(c, NOW))
    assert "snapshots" not in plan.scanned
    assert "pk_snapshots" in plan.indexes


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM orders", Plan(frozenset(), frozenset({"orders"}), sorts=False)),
        ("SELECT * FROM orders ORDER BY remains", Plan(frozenset(), frozenset({"orders"}), sorts=True)),
    ],
)
def test_scans_and_sorts_are_detected(busy: Database, statement: str, expected: Plan) -> None:
    """The tests above can fail."""
    with busy.read() as connection:
        assert explained(connection, statement, ()) == expected
