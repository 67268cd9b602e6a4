"""The self-check job: each condition is told once when it begins and once when it ends."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.configured_source import ConfiguredSource
from jobs.monitor_reading import GRACE, MonitorReading
from jobs.self_check import SelfCheck
from monitor.alerts.routes import DEFAULT
from monitor.errors import BadInputError
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.self_monitoring.limits import MEBIBYTE, SelfCheckLimits
from refilld.orders_file import ParsedRow, RawRow, Refused
from refilld.services.order_import import ImportListeners, import_orders
from storage import alert_states, deliveries, notifications, sources
from storage.errors import UnreachableError
from tests.builders import DAY, HOUR, INSTANT, MINUTE, START
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order, jobs_world
from tests.notification_rows import tell

LIMITS = SelfCheckLimits(free_bytes=0, unseen_share=2)
"""The share of unseen targets is tried beside, in `test_self_check_parts`."""
REFUSED = Refused(2, "2", BadInputError("quantity", "is not a number"), "2,?")


def check(world: JobsWorld, *configured: ConfiguredSource, **how: object) -> list[str]:
    """Run the job; returns the kinds of the alerts that it has added."""
    before = len(world.alerts())
    with world.database.write() as tx:
        alert_states.keep(tx, world.alerts("alert_id"))
    job = SelfCheck(MonitorReading(world.database, configured, LIMITS, **how), world.clock)  # type: ignore[arg-type]
    job.run_once()
    return [str(kind) for kind in world.alerts("kind")[before:]]


def look(world: JobsWorld, source: ScriptedSource, hours: int, per_hour: int = 1000) -> None:
    """Sample for some hours, ten minutes apart."""
    job = world.sampling(a_configured_source(source, per_hour))
    for _ in range(6 * hours):
        job.run_once()
        world.now += 10 * MINUTE


def test_a_source_that_reads_nothing_is_told_once_and_so_is_its_end(world: JobsWorld) -> None:
    """With the reason; a restart repeats nothing."""
    world.sell(an_order())
    source = ScriptedSource(lambda _name, now: 2000 if now < START + HOUR else Outcome.BLOCKED)
    configured = a_configured_source(source)
    look(world, source, 1)
    assert check(world, configured) == []
    look(world, source, 12)
    assert check(world, configured) == ["looks.stopped"]
    assert world.alerts("text")[-1] == (
        "nothing was read for 12 hours, though looks are due: scripted is stopped until it is resumed "
        "(blocked: scripted blocked). Drops are not seen; refilld doctor says what to do"
    )
    world.now += DAY
    assert check(world, configured) == ["looks.overdue"]
    assert check(world, configured) == []
    with world.database.write() as tx:
        sources.note_reads(tx, {("scripted", Metric.FOLLOWERS): world.now})
    assert check(world, configured) == ["looks.resumed"]
    assert check(world, configured) == []


def test_failed_looks_without_a_pause_are_reading_gap_too(world: JobsWorld) -> None:
    """Each failed look sets a later date, so the target is never due for long."""
    world.sell(an_order())
    source = ScriptedSource(lambda _name, _now: Outcome.UNAVAILABLE)
    look(world, source, 12)
    assert check(world, a_configured_source(source)) == ["looks.stopped"]
    assert "scripted was asked 2 times since, and showed nothing" in world.alerts("text")[-1]


def test_private_profiles_are_read(world: JobsWorld) -> None:
    """A shop whose customers are all private is not blind."""
    world.sell(an_order())
    source = ScriptedSource(lambda _name, _now: Outcome.PRIVATE)
    look(world, source, 12)
    assert check(world, a_configured_source(source)) == []


def test_a_shop_without_a_look_due_is_not_silent(world: JobsWorld) -> None:
    """Neither without orders nor between two looks."""
    world.now += DAY
    assert check(world, a_configured_source(ScriptedSource())) == []
    world.sell(an_order())
    look(world, ScriptedSource(), 1)
    world.now += 4 * HOUR
    assert check(world, a_configured_source(ScriptedSource())) == []


def test_a_daemon_gets_time_for_its_first_looks(world: JobsWorld) -> None:
    """It may have been off for days."""
    world.sell(an_order())
    look(world, ScriptedSource(lambda _name, _now: Outcome.BLOCKED), 1)
    world.now += DAY
    started = world.now - GRACE
    assert check(world, a_configured_source(ScriptedSource()), started=started + INSTANT) == []
    assert check(world, a_configured_source(ScriptedSource()), started=started) == [
        "looks.stopped",
        "looks.overdue",
    ]


def test_a_restart_ends_no_condition_of_the_looks(world: JobsWorld) -> None:
    """In the time for the first looks nothing is known about them."""
    world.sell(an_order())
    look(world, ScriptedSource(lambda _name, _now: Outcome.BLOCKED), 1)
    world.now += DAY
    source = a_configured_source(ScriptedSource())
    assert check(world, source) == ["looks.stopped", "looks.overdue"]
    assert check(world, source, started=world.now - MINUTE) == []


def test_an_overdue_look_is_told_until_it_is_taken(world: JobsWorld) -> None:
    """Though other targets are read all the time: a second look, due after an hour, waits."""
    world.sell(*(an_order(f"{i}", f"shop{i}") for i in range(20)))
    source = ScriptedSource()
    small = a_configured_source(source, per_hour=1)
    look(world, source, 12, per_hour=1)
    assert check(world, small) == []
    look(world, source, 1, per_hour=1)
    assert check(world, small) == ["looks.overdue"]
    assert "12 hours, since 2026-03-01 13:00 UTC" in world.alerts("text")[-1]
    assert "scripted was asked 13 times in 24 hours, for other looks" in world.alerts("text")[-1]
    look(world, source, 1)
    assert check(world, small) == ["looks.on_time"]


def test_alerts_that_wait_are_told(world: JobsWorld) -> None:
    """The end is told when all were sent."""
    with world.database.write() as tx:
        tell(tx, ["held"], world.now)
        notifications.plan(tx, {DEFAULT: ["mail"]}, world.now)
    job = SelfCheck(MonitorReading(world.database, (), LIMITS), world.clock)
    for world.now in (START, START + HOUR, START + 2 * HOUR):
        job.run_once()
    assert world.alerts("kind") == ["drop.held", "alerts.undelivered"]
    with world.database.write() as tx:
        deliveries.sent(tx, "mail", deliveries.due(tx, "mail", world.now, 10), world.now)
    assert check(world) == ["alerts.delivered"]


def test_a_refill_that_nobody_claims_is_told(world: JobsWorld) -> None:
    """One that cannot be claimed, because its profile is private, is not."""
    world.sell(an_order())
    world.lose(1500)
    assert check(world) == []
    world.now += DAY
    assert check(world) == ["queue.stalled"]
    world.look(Outcome.PRIVATE)
    assert check(world) == ["queue.moving"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_that_fills_is_told_and_a_full_one_is_a_fault_of_the_storage(small_disk: Path) -> None:
    """It ends with the next round that can be written."""
    with jobs_world(small_disk) as world:
        limits = SelfCheckLimits(free_bytes=1 * MEBIBYTE)
        job = SelfCheck(MonitorReading(world.database, (), limits), world.clock)
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(MEBIBYTE))
        job.run_once()
        assert world.alerts("kind") == ["disk.low"]
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(bytes(4 * MEBIBYTE))
        world.now += MINUTE
        with pytest.raises(UnreachableError, match="full"):
            job.run_once()
        assert "full" in (world.database.storage_fault or "")
        ballast.unlink()
        job.run_once()
        assert world.database.storage_fault is None


def import_file(world: JobsWorld, *rows: ParsedRow) -> None:
    """What `refilld orders import` does with the rows of a file."""
    import_orders(world.database, rows, world.now, ImportListeners(lambda _: None, lambda _: None))


def test_imports_that_end_are_told(world: JobsWorld) -> None:
    """An import that changes nothing counts, one of which every row is refused does not."""
    world.now += 30 * DAY
    assert check(world) == []
    import_file(world, (RawRow(2, {}), an_order()))
    world.now += 4 * DAY
    import_file(world, (RawRow(2, {}), an_order()))
    world.now += 7 * DAY - INSTANT
    assert check(world) == []
    import_file(world, REFUSED)
    world.now += INSTANT
    assert check(world) == ["imports.stopped"]
    assert world.alerts("text")[-1].startswith("no orders were imported for 7 days, since ")
    import_file(world)
    assert check(world) == ["imports.resumed"]
