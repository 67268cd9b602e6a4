"""Who may read the metrics: holders of a token with the scope `metrics:read`, and listed peers."""

from collections.abc import Callable, Sequence
from hashlib import sha256

from flask import Response, request

from refilld.settings.networks import PeerNetwork, in_networks
from storage.errors import NotMigratedError, UnreachableError

MOST_REMEMBERED = 16
"""Tokens that are remembered for the time in which the database cannot be asked."""


class MetricsAccess:
    """Decides on each request for the metrics.

    A peer is the other end of the connection, and never what a header names: behind a proxy, every request
    comes from the proxy.
    """

    def __init__(
        self,
        peers: Sequence[PeerNetwork],
        require_ready: Callable[[], None],
        token_refusal: Callable[[], Response | None],
    ) -> None:
        """`token_refusal` asks the database, and `require_ready` raises soon unless that answers."""
        self._peers = peers
        self._require_ready = require_ready
        self._token_refusal = token_refusal
        self._accepted: dict[bytes, None] = {}

    def refusal(self) -> Response | None:
        """The answer to a request that may not read the metrics; None if it may.

        While the database cannot be asked, a token is accepted that was accepted when it was last asked.
        """
        if in_networks(request.remote_addr, self._peers):
            return None
        sent = sha256(request.headers.get("Authorization", "").encode()).digest()
        try:
            self._require_ready()
            refused = self._token_refusal()
        except (UnreachableError, NotMigratedError):
            if sent in self._accepted:
                return None
            raise
        self._remember(sent, accepted=refused is None)
        return refused

    def _remember(self, sent: bytes, *, accepted: bool) -> None:
        self._accepted.pop(sent, None)
        if accepted:
            self._accepted[sent] = None
            if len(self._accepted) > MOST_REMEMBERED:
                self._accepted.pop(next(iter(self._accepted)), None)
