"""Notifications to the service manager: readiness, status and watchdog, as in sd_notify(3).

Implements only the part of the protocol that refilld needs. Without systemd, or when its socket is
gone, every call does nothing and raises nothing.
"""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

LONGEST_STATUS = 200
"""Characters of status text; the rest is cut off."""

_TIMEOUT = 1.0
"""Seconds to wait when the manager's queue is full."""


class Notifier:
    """Sends notifications to the service manager named in the environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._watchdog_interval = _watchdog_interval(environ)

    @property
    def watchdog_interval(self) -> timedelta | None:
        """How often to call `watchdog`: half of the manager's limit; None when it has no watchdog."""
        return self._watchdog_interval

    def ready(self, status: str) -> None:
        """Report that the start is complete, with a status line."""
        self._send("READY=1", f"STATUS={_one_line(status)}")

    def stopping(self) -> None:
        """Report that the daemon is shutting down."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send(f"STATUS={_one_line(text)}")

    def watchdog(self) -> None:
        """Reset the watchdog; call it only when all jobs make progress."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.settimeout(_TIMEOUT)
                manager.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return  # the socket is gone; the daemon goes on


def _address(name: str) -> str | None:
    """The socket address in $NOTIFY_SOCKET: a path, or `@name` in the abstract namespace."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else None


def _watchdog_interval(environ: Mapping[str, str]) -> timedelta | None:
    """Half of $WATCHDOG_USEC; None without it, or when it is meant for another process ($WATCHDOG_PID)."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    allowed = environ.get("WATCHDOG_USEC", "")
    if not (allowed.isascii() and allowed.isdigit()) or int(allowed) == 0:
        return None
    return timedelta(microseconds=int(allowed)) / 2


def _one_line(text: str) -> str:
    """The text without control characters, which could end the line or the message early."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:LONGEST_STATUS]
