"""A SQLite file that cannot be written for a while: nothing is lost, and work goes on by itself."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.faults.crew import Crew, until
from tests.faults.daemon_process import EXIT_CODE
from tests.faults.http_client import pause
from tests.faults.judgement import check, check_all_made_good
from tests.faults.shop import Shop
from tests.faults.working_shop import at_work, steps_go_on
from tests.full_disk import SmallDisk, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", megabytes=24) as disk:
        yield disk


@pytest.fixture
def shop(sqlite_shop: Shop, disk: SmallDisk) -> Shop:
    """A shop whose database alone is on the small disk."""
    file = disk.folder / "refilld.db"
    shutil.move(sqlite_shop.place / file.name, file)
    return replace(sqlite_shop, url=f"sqlite:///{file}")


def until_refused(crew: Crew) -> None:
    """The daemon notes that it cannot write."""
    until(lambda: "job.failed" in crew.tail("daemon-0"), lambda: "a failure")


def test_a_full_disk_stops_work_and_loses_nothing(shop: Shop, disk: SmallDisk) -> None:
    """Whether the daemon waits for room, or is killed meanwhile."""
    with at_work(shop, "full disk") as crew:
        for killed in (False, True):
            disk.fill()
            until_refused(crew)
            if killed:
                crew.kill("daemon-0")
            check(shop)
            disk.make_room()
            if killed:
                crew.start("daemon-0")
            steps_go_on(crew)
        check_all_made_good(shop, crew)


def test_a_file_that_another_process_locks_stops_writes_only(shop: Shop) -> None:
    """Probes are answered at once; callers get an answer in time, and repeat what was refused."""
    with at_work(shop, "locked") as crew:
        with locked(shop):
            pause(1)
            check(shop)
            with urlopen(f"http://127.0.0.1:{shop.ports[0]}/healthz", timeout=2) as answer:
                assert answer.status == 200
        steps_go_on(crew)
        check_all_made_good(shop, crew)


@contextmanager
def locked(shop: Shop) -> Iterator[None]:
    file = shop.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        yield


def test_a_read_only_file_system_ends_the_daemon_and_loses_nothing(shop: Shop, disk: SmallDisk) -> None:
    """As after a fault of the disk; the next start on a writable one goes on."""
    with at_work(shop, "read-only") as crew:
        crew.kill("daemon-0")
        mounted(disk, "ro")
        crew.start("daemon-0")
        assert crew.ended("daemon-0") == EXIT_CODE
        assert "read-only" in crew.tail("daemon-0").lower()
        mounted(disk, "rw")
        crew.start("daemon-0")
        check_all_made_good(shop, crew)


def mounted(disk: SmallDisk, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk.folder)], check=True)
