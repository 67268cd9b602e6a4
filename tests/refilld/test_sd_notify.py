"""Notifications follow systemd's protocol; without a service manager they do nothing."""

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from refilld.daemon.sd_notify import LONGEST_STATUS, Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A listening datagram socket and its name as in $NOTIFY_SOCKET, in both forms."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@refilld-{uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        listener.settimeout(5)
        yield name, listener


def received(listener: socket.socket) -> str:
    return listener.recv(4096).decode()


def test_every_call_is_one_message_of_the_protocol(manager: tuple[str, socket.socket]) -> None:
    name, listener = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.ready("3 orders")
    notifier.status("4 orders")
    notifier.watchdog()
    notifier.stopping()
    messages = [received(listener) for _ in range(4)]
    assert messages == ["READY=1\nSTATUS=3 orders", "STATUS=4 orders", "WATCHDOG=1", "STOPPING=1"]


def test_a_status_is_one_line_of_limited_length(
    manager: tuple[str, socket.socket],
) -> None:
    name, listener = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.status("all well\nWATCHDOG=1\r\0\udcff end")
    notifier.status("é" * 10_000)
    assert received(listener) == "STATUS=all well WATCHDOG=1 end"
    assert received(listener) == "STATUS=" + "é" * LONGEST_STATUS


def test_a_missing_socket_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    notifier = Notifier({"NOTIFY_SOCKET": str(path)})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        notifier.watchdog()
        assert received(listener) == "WATCHDOG=1"
    notifier.watchdog()
    path.unlink()
    notifier.stopping()


@pytest.mark.parametrize("name", ["", "relative", "vsock:2:1", "/" + "x" * 200, "@" + "x" * 200])
def test_an_invalid_socket_name_disables_every_call(name: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.ready("ready")
    notifier.stopping()


def test_without_systemd_every_call_does_nothing() -> None:
    notifier = Notifier({})
    notifier.ready("ready")
    notifier.status("status")
    notifier.watchdog()
    notifier.stopping()
    assert notifier.watchdog_interval is None


def test_a_full_socket_does_not_block_the_daemon(
    monkeypatch: pytest.MonkeyPatch, manager: tuple[str, socket.socket]
) -> None:
    monkeypatch.setattr("refilld.daemon.sd_notify._TIMEOUT", 0.01)
    notifier = Notifier({"NOTIFY_SOCKET": manager[0]})
    backlog = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    for _ in range(min(backlog, 1000) + 5):
        notifier.watchdog()


@pytest.mark.parametrize("pid", [{}, {"WATCHDOG_PID": str(os.getpid())}])
def test_the_watchdog_interval_is_halved(pid: dict[str, str]) -> None:
    assert Notifier({"WATCHDOG_USEC": "60000000", **pid}).watchdog_interval == timedelta(seconds=30)


@pytest.mark.parametrize(
    "environ",
    [
        {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "mine"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "-1"},
        {"WATCHDOG_USEC": "²"},
    ],
)
def test_an_invalid_or_foreign_watchdog_is_ignored(environ: dict[str, str]) -> None:
    assert Notifier(environ).watchdog_interval is None
