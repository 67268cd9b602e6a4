"""Routes: the source of a target, decided when the target is new and after changes that may affect it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import update

from monitor.cadence.schedule import FinalLook, Priority, QueuePosition
from monitor.evaluation.target_state import TargetState
from monitor.model.target import Metric, Target
from storage import routes, schema, targets
from storage.engine import Database
from tests.builders import DAY, HOUR, NOW, a_pending_order, a_post, a_profile, an_order
from tests.storage.shop import everything, put_target, rows_of, sell

POSITION = QueuePosition(1.5, "old s", NOW + HOUR, NOW + 20 * DAY, FinalLook(7, 2.5))
POSITION_COLUMNS: dict[str, Any] = {
    "virtual_due": 1.5, "service_queue": "old s", "not_before": NOW + HOUR,
    "coverage_ends_at": NOW + 20 * DAY,
    "final_look_slot": 7, "final_look_value": 2.5,
}  # fmt: skip


def put(database: Database, name: str, at: datetime | None = NOW, **changes: Any) -> int:
    with database.write() as connection:
        return put_target(connection, name, at, Priority.ROUTINE, **changes)


def unrouted(database: Database, limit: int = 100) -> list[int]:
    with database.write() as connection:
        return [row.target_id for row in routes.unrouted(connection, limit)]


def get(database: Database, target_id: int) -> TargetState:
    with database.read() as connection:
        return targets.get(connection, target_id)


def place(database: Database) -> list[dict[str, Any]]:
    return [{name: row._mapping[name] for name in POSITION_COLUMNS} for row in rows_of(database, "targets")]


def sources_of(database: Database) -> list[str | None]:
    return [row.source for row in rows_of(database, "targets")]


def test_a_new_target_is_routed_when_it_becomes_due(database: Database) -> None:
    """A target without a due time is not routed; "no source" is a result too."""
    new = put(database, "new", source=None)
    far = put(database, "far", NOW + 90 * DAY, source=None)
    put(database, "unscheduled", None, source=None)
    put(database, "known")
    put(database, "no source", source="")
    assert unrouted(database) == [new, far]


def test_new_targets_are_routed_in_batches(database: Database) -> None:
    """The oldest first, no more than the limit."""
    ids = [put(database, f"user{number}", source=None) for number in range(3)]
    assert unrouted(database, limit=2) == ids[:2]


def test_two_daemons_route_different_targets(postgresql: Database) -> None:
    """Targets locked by one daemon are skipped by the other."""
    first, second = put(postgresql, "a", source=None), put(postgresql, "b", source=None)
    with postgresql.write() as slow, postgresql.write() as quick:
        assert [row.target_id for row in routes.unrouted(slow, 1)] == [first]
        quick.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        assert [row.target_id for row in routes.unrouted(quick, 2)] == [second]


def with_source(state: TargetState, source: str, request_key: str) -> TargetState:
    return replace(state, schedule=replace(state.schedule, source=source, request_key=request_key))


def test_routing_stores_source_request_key_and_queue_position(database: Database) -> None:
    """Nothing else changes."""
    queued, dated = (
        put(database, "queued", source=None),
        put(database, "dated", source=None, **POSITION_COLUMNS),
    )
    before = get(database, queued)
    rows = [with_source(get(database, i), "graph", f"page {i}") for i in (queued, dated)]
    with database.write() as connection:
        routes.save_routes(connection, rows, {queued: POSITION})
        routes.save_routes(connection, [], {})
    after = with_source(before, "graph", f"page {queued}")
    assert get(database, queued) == replace(after, schedule=replace(after.schedule, service_queue="old s"))
    schedule = get(database, dated).schedule
    assert (schedule.source, schedule.request_key) == ("graph", f"page {dated}")
    assert place(database) == [POSITION_COLUMNS, dict.fromkeys(POSITION_COLUMNS) | {"service_queue": ""}]
    assert unrouted(database) == []


def test_invalidating_a_route_makes_that_target_unrouted(database: Database) -> None:
    """Its date stays."""
    target_id = put(database, "natgeo", NOW + DAY)
    put(database, "other")
    with database.write() as connection:
        routes.reroute(connection, [target_id])
        routes.reroute(connection, [])
    assert unrouted(database) == [target_id]
    assert get(database, target_id).schedule.next_due_at == NOW + DAY


def test_targets_of_disabled_sources_become_unrouted(database: Database) -> None:
    """Their queue positions are overwritten by the next routing."""
    for source in ("graph", "instaloader", "", None):
        put(database, f"by {source}", source=source, **POSITION_COLUMNS)
    with database.write() as connection:
        assert routes.leave_sources(connection, ["graph", "simulated"]) == 2
        assert routes.leave_sources(connection, ["graph"]) == 0
    assert sources_of(database) == ["graph", None, None, None]
    waiting = [(row["virtual_due"], row["final_look_slot"]) for row in place(database)]
    assert waiting == [(1.5, 7)] * 4


def test_without_given_sources_all_targets_become_unrouted(database: Database) -> None:
    """As after a new source was enabled."""
    for source in ("graph", ""):
        put(database, f"by {source}", source=source)
    with database.write() as connection:
        assert routes.leave_sources(connection, []) == 2
    assert sources_of(database) == [None, None]


def test_targets_are_unrouted_in_the_order_of_an_evaluation(postgresql: Database) -> None:
    """Another order could deadlock with it."""
    first, second = put(postgresql, "a", source="gone"), put(postgresql, "b", source="gone")
    with postgresql.write() as connection:
        connection.execute(
            update(schema.targets).where(schema.targets.c.target_id == first).values(due_reason="x")
        )
    with ThreadPoolExecutor(1) as pool, postgresql.write() as evaluation:
        targets.get(evaluation, first, lock=True)
        starting = pool.submit(leave, postgresql)
        while not evaluation.exec_driver_sql(WAITING).scalar_one():
            assert not starting.done()
        evaluation.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        assert targets.get(evaluation, second, lock=True).target_id == second
        evaluation.commit()
        assert starting.result(timeout=30) == 2


def leave(database: Database) -> int:
    with database.write() as connection:
        return routes.leave_sources(connection, ["graph"])


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def test_a_restart_with_the_same_sources_changes_nothing(database: Database) -> None:
    """No target becomes unrouted."""
    put(database, "natgeo", **POSITION_COLUMNS)
    before = everything(database)
    with database.write() as connection:
        assert routes.leave_sources(connection, ["simulated"]) == 0
    assert everything(database) == before


# What makes a target unrouted


def routed(database: Database) -> None:
    """Route everything to one source."""
    with database.write() as connection:
        connection.execute(update(schema.targets).values(source="graph", request_key="natgeo"))


def test_a_new_owner_makes_a_post_unrouted(database: Database) -> None:
    """The same owner again changes nothing."""

    def ensure(target: Target) -> int:
        with database.write() as connection:
            return targets.ensure(connection, [target])[target.link.url, target.metric]

    target_id = ensure(a_post())
    routed(database)
    assert ensure(a_post()) == target_id
    assert sources_of(database) == ["graph"]
    assert ensure(a_post(owner="natgeo")) == target_id
    assert (sources_of(database), get(database, target_id).target.owner) == ([None], "natgeo")
    routed(database)
    ensure(a_post(owner="natgeo"))
    ensure(a_post(owner="other"))
    assert (sources_of(database), get(database, target_id).target.owner) == (["graph"], "natgeo")


def test_a_new_order_makes_its_target_unrouted(database: Database) -> None:
    """Its service may allow other sources; other targets keep their route."""
    sell(database, an_order("1"), an_order("2", target=a_profile("zoo")))
    routed(database)
    sell(database, an_order("3"), an_order("2", target=a_profile("zoo")))
    assert sources_of(database) == [None, "graph"]


def test_a_changed_order_makes_its_target_unrouted(database: Database) -> None:
    """Also one that is completed only now."""
    sell(database, a_pending_order("1"), a_pending_order("2", target=a_post()))
    routed(database)
    sell(database, an_order("1"))
    assert sources_of(database) == [None, "graph"]


def test_metrics_of_one_link_are_routed_separately(database: Database) -> None:
    """Each metric has its own route."""
    sell(database, an_order("1", target=a_post()), an_order("2", target=a_post(metric=Metric.VIEWS)))
    routed(database)
    sell(database, an_order("3", target=a_post(metric=Metric.VIEWS)))
    assert sources_of(database) == ["graph", None]
