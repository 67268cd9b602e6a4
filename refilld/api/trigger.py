"""Wakes the event loop of the HTTP server from another thread."""

from threading import Lock
from typing import Any

from waitress.trigger import trigger  # type: ignore[import-untyped]


class Trigger(trigger):  # type: ignore[misc]
    """As waitress's own; pulled after it was closed, it does nothing.

    waitress writes to the number of the closed descriptor, which another file may have by then. A thread that
    outlives the server would do that.
    """

    def __init__(self, sockets: dict[int, Any]) -> None:
        self._open = Lock()
        super().__init__(sockets)

    def close(self) -> None:
        with self._open:
            super().close()

    def _physical_pull(self) -> None:
        with self._open:
            if not self._closed:
                super()._physical_pull()
