"""The self-check job: each condition is told once when it begins and once when it ends."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.configured_source import ConfiguredSource
from jobs.self_check import GRACE, SelfCheck
from monitor.alerts.routes import DEFAULT
from monitor.alerts.self_check import MEBIBYTE, SelfCheckLimits
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from storage import alert_states, deliveries, notifications, sources
from storage.errors import UnreachableError
from tests.builders import DAY, HOUR, INSTANT, MINUTE, START
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, an_order, jobs_world
from tests.notification_rows import tell

LIMITS = SelfCheckLimits(free_bytes=0)


def check(world: JobsWorld, *configured: ConfiguredSource, **how: object) -> list[str]:
    """Run the job; returns the kinds of the alerts that it has added."""
    before = len(world.alerts())
    with world.database.write() as tx:
        alert_states.keep(tx, world.alerts("alert_id"))
    job = SelfCheck(world.database, world.clock, configured, LIMITS, **how)  # type: ignore[arg-type]
    job.run_once()
    return [str(kind) for kind in world.alerts("kind")[before:]]


def look(world: JobsWorld, source: ScriptedSource, hours: int) -> None:
    """Sample for some hours, ten minutes apart."""
    job = world.sampling(a_configured_source(source))
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
    assert check(world, configured) == []
    with world.database.write() as tx:
        sources.note_reads(tx, {("scripted", Metric.FOLLOWERS): world.now})
    assert check(world, configured) == ["looks.resumed"]
    assert check(world, configured) == []


def test_failed_looks_without_a_pause_are_silence_too(world: JobsWorld) -> None:
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
    assert check(world, a_configured_source(ScriptedSource()), started=started) == ["looks.stopped"]


def test_alerts_that_wait_are_told(world: JobsWorld) -> None:
    """The end is told when all were sent."""
    with world.database.write() as tx:
        tell(tx, ["held"], world.now)
        notifications.plan(tx, {DEFAULT: ["mail"]}, world.now)
    job = SelfCheck(world.database, world.clock, (), LIMITS)
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
        job = SelfCheck(world.database, world.clock, (), limits)
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
