"""Answers that are sent later: the server keeps their connections without a thread."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from flask import Response

DEFER = "refilld.defer"
"""Key of the WSGI environment: the server's function that takes a DeferredAnswer, if it has one."""


class WaitingClient(Protocol):
    """The client of a deferred answer."""

    def is_gone(self) -> bool:
        """Whether the client no longer waits, as far as the server knows."""

    def send_answer(self) -> None:
        """Send the answer as it is now; to be called once."""


class DeferredAnswer(Response):
    """A whole answer that may be changed until it is sent; a server that defers none sends it at once."""

    join: Callable[["DeferredAnswer", WaitingClient], bool]

    def wait(self, client: WaitingClient) -> bool:
        """Let the client wait, now that no thread does; returns False if this is to be sent at once."""
        return self.join(self, client)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        defer = environ.get(DEFER)
        if defer is None:
            return super().__call__(environ, start_response)
        defer(self)
        return ()
