"""The service manager's ear: readiness, status and watchdog, after sd_notify(3).

Only the part of the protocol that refilld needs, hence no dependency. Outside systemd nobody
listens and every call does nothing; a listener that went away is never an error, because the
daemon's work does not depend on being watched.
"""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

LONGEST_STATUS = 200
"""Characters of status text that are sent on; the rest is cut off."""

_PATIENCE = 1.0
"""Seconds to wait for a manager whose queue is full."""


class Notifier:
    """Tells the service manager named by an environment how this process is doing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._watchdog_interval = _watchdog_interval(environ)

    @property
    def watchdog_interval(self) -> timedelta | None:
        """How often `watchdog` should be called: half of what the manager allows; None when none is asked."""
        return self._watchdog_interval

    def ready(self, status: str) -> None:
        """Say that the start is over and what the daemon does now."""
        self._send("READY=1", f"STATUS={_one_line(status)}")

    def stopping(self) -> None:
        """Say that the daemon is shutting down of its own accord."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Show one line in `systemctl status`."""
        self._send(f"STATUS={_one_line(text)}")

    def watchdog(self) -> None:
        """Feed the watchdog; to be called only when the work really makes progress."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ear:
                ear.settimeout(_PATIENCE)
                ear.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return  # nobody listens any more, which is no reason to stop working


def _address(name: str) -> str | None:
    """Turn $NOTIFY_SOCKET into a socket address: a path, or `@name` of the abstract namespace."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else None


def _watchdog_interval(environ: Mapping[str, str]) -> timedelta | None:
    """Read the watchdog's demand, unless it is meant for another process (our parent, say)."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    allowed = environ.get("WATCHDOG_USEC", "")
    if not (allowed.isascii() and allowed.isdigit()) or int(allowed) == 0:
        return None
    return timedelta(microseconds=int(allowed)) / 2


def _one_line(text: str) -> str:
    """Drop what would end the line or the message early: line breaks, NUL, other controls."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:LONGEST_STATUS]
