"""The self-check: what it finds out about targets, budgets, clocks, credentials and migrations."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from jobs.configured_source import ConfiguredSource
from jobs.monitor_reading import MonitorReading
from jobs.self_check import SelfCheck
from monitor.self_monitoring.limits import SelfCheckLimits
from storage import alert_list, daemons, revision, tokens
from storage.alert_list import AlertFilter
from storage.daemons import DaemonMode
from storage.engine import Database
from tests.builders import DAY, HOUR, MINUTE
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order
from tests.pages import rows_of_list

LIMITS = SelfCheckLimits(free_bytes=0, silent_after=90 * DAY, no_import_after=None)


def a_source(per_day: int | None, reserve: int) -> ConfiguredSource:
    configured = a_configured_source(ScriptedSource())
    budget = replace(configured.budget, requests_per_day=per_day, reserve=reserve)
    return replace(configured, budget=budget)


def check(world: JobsWorld, per_day: int | None = None, reserve: int = 0, **how: object) -> list[str]:
    """Run the job with one source; returns the kinds of the alerts that it has added."""
    before = len(world.alerts())
    configured = a_source(per_day, reserve)
    SelfCheck(MonitorReading(world.database, (configured,), LIMITS, **how), world.clock).run_once()  # type: ignore[arg-type]
    return [str(kind) for kind in world.alerts("kind")[before:]]


def look(world: JobsWorld, per_day: int | None = None, reserve: int = 0) -> None:
    """Look at all targets that are due and that the budget allows."""
    world.sampling(a_source(per_day, reserve)).run_once()


def test_targets_that_nobody_looks_at_are_told_until_most_are_seen(world: JobsWorld) -> None:
    world.sell(*(an_order(f"{i}", f"shop{i}") for i in range(10)))
    look(world)
    world.now += 12 * HOUR
    assert check(world) == []
    world.now += 7 * HOUR
    assert check(world) == ["looks.overdue", "targets.unseen"]
    assert "10 of 10 targets are overdue by more than 12 hours" in world.alerts("text")[-1]
    assert check(world) == []
    look(world)
    assert check(world) == ["looks.on_time", "targets.seen"]


def test_a_daily_budget_that_is_spent_early_is_told_with_its_next_request(world: JobsWorld) -> None:
    """It ends when the requests are a day old."""
    world.sell(*(an_order(f"{i}", f"shop{i}") for i in range(10)))
    for _ in range(6):
        look(world, per_day=6)
        world.now += 10 * MINUTE
    assert check(world, per_day=6) == ["budget.exhausted"]
    assert check(world, per_day=6) == []
    assert check(world, per_day=10) == ["budget.available"]
    assert check(world, per_day=6) == ["budget.exhausted"]
    world.now += DAY
    assert "budget.available" in check(world, per_day=6)


def test_what_is_reserved_for_checks_is_spent_for_looks(world: JobsWorld) -> None:
    """Looks stop at the limit less the reserve, which nobody may use for days."""
    world.sell(*(an_order(f"{i}", f"shop{i}") for i in range(10)))
    look(world, per_day=6, reserve=50)
    assert check(world, per_day=6, reserve=50) == ["budget.exhausted"]
    assert check(world, per_day=6, reserve=0) == ["budget.available"]


def test_an_old_session_is_told_until_it_is_renewed(world: JobsWorld, tmp_path: Path) -> None:
    file = tmp_path / "session"
    file.touch()

    def renewed(at: datetime) -> None:
        os.utime(file, (at.timestamp(), at.timestamp()))

    files = {"instaloader": ("session_file", file)}
    renewed(world.now)
    world.now += 53 * DAY
    assert check(world, credential_files=files) == ["credentials.old"]
    assert check(world, credential_files=files) == []
    renewed(world.now)
    assert check(world, credential_files=files) == ["credentials.renewed"]
    file.unlink()
    assert check(world, credential_files=files) == []


def test_a_token_that_ends_is_told_until_it_is_rotated_or_revoked(world: JobsWorld) -> None:
    """Each by itself; one without an end never is."""

    def change(act: Callable[..., object], *given: object, **more: object) -> None:
        with world.database.write() as tx:
            act(tx, *given, world.now, **more)

    scopes = (tokens.Scope.REFILLS_CONSUME,)
    change(tokens.create, "worker", scopes, lifetime=15 * DAY)
    change(tokens.create, "feeder", scopes, lifetime=15 * DAY)
    change(tokens.create, "panel", scopes)
    assert check(world) == []
    world.now += DAY
    assert check(world) == ["token.ending", "token.ending"]
    with world.database.read() as tx:
        worker, feeder = (tokens.named(tx, name).token_id for name in ("worker", "feeder"))
    change(tokens.revoke, feeder)
    assert check(world) == ["token.settled"]
    with world.database.write() as tx:
        tokens.rotate(tx, worker, world.now, overlap=DAY, lifetime=90 * DAY)
    assert check(world) == ["token.settled"]


def test_a_database_that_was_not_migrated_is_told(world: JobsWorld) -> None:
    def stamp(name: str) -> None:
        with world.database.write() as tx:
            tx.execute(text("UPDATE alembic_version SET version_num = :name"), {"name": name})

    stamp("0001")
    assert check(world) == ["migrations.pending"]
    assert check(world) == []
    stamp(revision.newest())
    assert check(world) == ["migrations.done"]


def server_clock(database: Database) -> Callable[[timedelta], Callable[[], datetime]]:
    """Clocks that differ from the server's."""

    def clock(apart: timedelta) -> Callable[[], datetime]:
        def now() -> datetime:
            with database.read() as tx:
                at: datetime = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
            return at + apart

        return now

    return clock


def test_a_clock_a_day_ahead_of_postgresql_is_told_by_its_machine_only(migrated_postgres: Database) -> None:
    """And nothing else is: what is told follows the server's clock."""
    clock = server_clock(migrated_postgres)

    def told(host: str, apart: timedelta) -> list[str]:
        SelfCheck(MonitorReading(migrated_postgres, (), LIMITS, host=host), clock(apart)).run_once()
        with migrated_postgres.read() as tx:
            return [str(row.event.kind) for row in rows_of_list(alert_list.page, tx, AlertFilter())]

    with migrated_postgres.write() as tx:
        daemons.register(tx, "ahead", 1, "0", DaemonMode.RUN, clock(timedelta(0))())
    assert told("right", timedelta(seconds=2)) == []
    assert told("ahead", DAY) == ["clock.wrong"]
    assert told("right", timedelta(0)) == ["clock.wrong"]
    assert told("ahead", timedelta(0)) == ["clock.right", "clock.wrong"]


def test_the_clock_of_a_machine_without_a_daemon_is_not_wrong_for_ever(migrated_postgres: Database) -> None:
    clock = server_clock(migrated_postgres)
    SelfCheck(MonitorReading(migrated_postgres, (), LIMITS, host="retired"), clock(-DAY)).run_once()
    SelfCheck(MonitorReading(migrated_postgres, (), LIMITS, host="right"), clock(timedelta(0))).run_once()
    with migrated_postgres.read() as tx:
        kinds = [str(row.event.kind) for row in rows_of_list(alert_list.page, tx, AlertFilter())]
    assert kinds == ["clock.right", "clock.wrong"]
