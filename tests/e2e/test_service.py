"""The daemon as a service: notifications, an orderly stop, and a machine-readable log."""

import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from threading import Event
from time import monotonic

import pytest

from refilld.demo.instagram import RATE_LIMITED, Profile
from tests.e2e.installation import MAX_WAIT, Installation, Sold

SHOP = [Sold(f"{n}", f"profile.{n}") for n in range(1, 5)]


@pytest.fixture
def started(place: Installation) -> Installation:
    """Starts each process from its program file, as a service manager does."""
    place.forked = False
    return place


@pytest.fixture
def manager(started: Installation) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        path = str(started.folder / "notify")
        listener.bind(path)
        listener.settimeout(MAX_WAIT)
        started.environ |= {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"}
        yield listener


def receive_until(listener: socket.socket, word: str) -> list[str]:
    """Receive messages up to this one; fails after the socket's timeout."""
    received: list[str] = []
    while word not in received:
        received += listener.recv(4096).decode().split("\n")
    return received


def test_the_service_manager_is_notified(place: Installation, manager: socket.socket) -> None:
    """READY once, WATCHDOG repeatedly, STOPPING at the end."""
    with place.daemon() as daemon:
        assert receive_until(manager, "READY=1")[0] == "READY=1"
        assert daemon.logged("http.listening"), "READY comes after the start of the HTTP server"
        receive_until(manager, "WATCHDOG=1")
        receive_until(manager, "WATCHDOG=1")
        assert daemon.stop() == 0
        assert "READY=1" not in receive_until(manager, "STOPPING=1")


def test_a_daemon_whose_database_was_migrated_ends(place: Installation) -> None:
    """One line gives the reason; it must not decide by the rules of an older version."""
    place.environ |= {"WATCHDOG_USEC": "200000"}
    place.sell(SHOP)
    with place.daemon() as daemon:
        daemon.until_logged("look.taken", len(SHOP))
        with closing(sqlite3.connect(place.folder / "refilld.db")) as newer, newer:
            newer.execute("UPDATE alembic_version SET version_num = '9999'")
        assert daemon.process.wait(MAX_WAIT) == 2
        last = daemon.log.read_text().splitlines()[-1]
    assert last.startswith("refilld: ")
    assert last.endswith("is at 9999, which this refilld does not know; install a newer refilld")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_lets_the_current_look_finish(started: Installation, number: signal.Signals) -> None:
    """Its snapshot is stored, no other look starts, and the exit code is 0."""
    asked, answer = Event(), Event()

    def slowly(_now: datetime) -> int:
        asked.set()
        answer.wait(MAX_WAIT)
        return 1100

    started.sell(SHOP)
    for order in SHOP:
        started.world.profiles[order.username] = Profile(slowly)
    with started.daemon() as daemon:
        assert asked.wait(MAX_WAIT)
        daemon.process.send_signal(number)
        daemon.until_logged("daemon.stopping")
        answer.set()
        began = monotonic()
        assert daemon.process.wait(MAX_WAIT) == 0
        assert monotonic() - began < 5
        assert [line["count"] for line in daemon.logged("look.taken")] == [1100]
        assert daemon.events[-1]["event"] == "daemon.stopped"
    assert started.looks() == 1
    assert len(started.drops()) == 1
    assert "is sound" in started.command("db", "check")


def test_the_log_is_one_json_object_per_line(place: Installation) -> None:
    """Also during an outage and a failing job; standard output stays empty."""
    place.sell(SHOP)
    with place.daemon() as daemon:
        daemon.until_logged("look.taken", len(SHOP), outcome="count")
        place.world.outage = RATE_LIMITED
        daemon.until_logged("source.paused")
        with closing(sqlite3.connect(place.folder / "refilld.db", timeout=MAX_WAIT)) as fault:
            fault.execute("ALTER TABLE events RENAME TO mislaid").close()
            failed = daemon.until_logged("job.failed", job="alerting")[0]
            fault.execute("ALTER TABLE mislaid RENAME TO events").close()
        assert "no such table: events" in failed["exception"]
        assert daemon.stop() == 0
        for line in daemon.events:
            assert {"event", "level", "timestamp"} <= line.keys()
        assert daemon.log.with_suffix(".out").read_text() == ""
