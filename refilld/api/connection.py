"""Connections of clients: limits for slow and for many ones, and requests of half-closed connections."""

import socket
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.task import ErrorTask  # type: ignore[import-untyped]
from waitress.utilities import Error  # type: ignore[import-untyped]

from refilld import request_ids
from refilld.api.problems import MIMETYPE, RETRY_AFTER, problem_json
from refilld.api.request_task import DeferredSignal, RequestTask
from refilld.api.responses import HARDENING
from refilld.api.strict_parser import StrictParser
from refilld.deferred_answer import DeferredAnswer

REQUEST_SECONDS = 20.0
"""Seconds from the first byte of a request to its last."""
UNREAD_SECONDS = 20.0
"""Seconds that a client may read nothing of an answer."""
QUEUE_SECONDS = 5.0
"""Seconds that a whole request waits for a thread; then its caller is told to come again."""
PER_PEER = 250
"""Connections from one address, besides those of waiting claims; for another one the slowest is closed."""
IN_ALL = 480
"""Connections from all addresses; likewise."""


class _Busy(Error):  # type: ignore[misc]  # noqa: N818  # it is not raised
    """No thread came free in time."""

    code = HTTPStatus.SERVICE_UNAVAILABLE.value
    reason = HTTPStatus.SERVICE_UNAVAILABLE.phrase


class _ProblemTask(ErrorTask):  # type: ignore[misc]
    """An error of waitress as a problem answer."""

    def execute(self) -> None:
        fault = self.request.error
        body = problem_json(fault.code, fault.body).encode()
        self.status = f"{fault.code} {fault.reason}"
        self.response_headers += [
            ("Content-Type", MIMETYPE),
            (request_ids.HEADER, request_ids.new()),
            *HARDENING,
        ]
        if isinstance(fault, _Busy):
            self.response_headers.append(("Retry-After", RETRY_AFTER))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _ConnectionServer:
    """What a connection needs of the server, whose event loop it wakes only if there is something to do."""

    def __init__(self, server: Any, is_needed: Callable[[], bool]) -> None:
        self.adj, self.application, self.add_task = server.adj, server.application, server.add_task
        self.effective_port, self.server_name = server.effective_port, server.server_name
        self.active_channels = server.active_channels
        self._wake, self._is_needed = server.pull_trigger, is_needed

    def pull_trigger(self) -> None:
        """Waitress calls this after each answer."""
        if self._is_needed():
            self._wake()


class Connection(HTTPChannel):  # type: ignore[misc]
    """One connection; the event loop asks `readable` and `writable` at least once a second."""

    error_task_class = _ProblemTask
    parser_class = StrictParser
    request: StrictParser | None
    """The request that is being received; none while another one is served."""
    task_class = RequestTask
    deferred: DeferredAnswer | None = None
    """The answer to its first request, for which its client waits."""

    def __init__(self, server: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(server, *args, **kwargs)
        self.server = _ConnectionServer(server, self._needs_event_loop)
        self._half_closed = False
        self._rest = b""
        """Input after the request that is being served: parsed when its answer is sent."""
        self._begun_at = monotonic()
        self._waiting, self._waiting_since = 0, monotonic()
        self.queued_at = monotonic()
        """When its first whole request began to wait for a thread."""
        peers = [one for one in self._all() if one.addr[0] == self.addr[0] and one.deferred is None]
        _make_room(self, peers, PER_PEER)
        _make_room(self, self._all(), IN_ALL)

    def _all(self) -> list[Any]:
        return list(self.server.active_channels.values())

    @property
    def unfinished(self) -> bool:
        """Whether a request has begun, or no request came yet."""
        return self.request is not None or self.last_activity == self.creation_time

    def received(self, data: bytes) -> bool:
        """Take a piece of input: one request, whose answer the client gets before the next one is parsed."""
        if self.request is None:
            data = data.lstrip(b"\r\n")
        if not data or self.requests or self._rest:
            self._rest += data
            return True
        if self.request is None:
            self.request, self._begun_at = StrictParser(self.adj), monotonic()
        parser = self.request
        taken: bool = super().received(data)
        self._rest = parser.rest
        return taken

    def service(self) -> None:
        """Serve the first request, or send its answer that was deferred."""
        if self.deferred is None:
            self._refuse_late()
        try:
            super().service()
        except DeferredSignal:
            if self.deferred is not None and not self.deferred.wait(self):
                super().service()

    def _refuse_late(self) -> None:
        """Refuse the first request if it has waited long: it would find others that wait, too."""
        if monotonic() - self.queued_at > QUEUE_SECONDS and not self.requests[0].error:
            self.requests[0].error = _Busy("All threads are busy.")

    def defer(self, answer: DeferredAnswer) -> None:
        """Send this answer to the first request later."""
        self.deferred = answer

    def send_answer(self) -> None:
        """Let a thread send the answer that was deferred."""
        self.server.add_task(self)

    def is_gone(self) -> bool:
        """Whether the client closed at least his side, or sent another request: then that goes unnoticed."""
        return self.check_client_disconnected() or bool(self._rest)

    def readable(self) -> bool:
        """Whether to wait for input; closes what is too slow, or finished by both sides."""
        if self.request is not None and not self.requests:
            self.will_close |= monotonic() - self._begun_at > REQUEST_SECONDS
        if self._half_closed and not self.requests:
            self.close_when_flushed = True
        self.will_close |= self._is_unread()
        if self.will_close:  # here, as the socket of a client that does not read never becomes writable
            self.handle_close()
        return not self._ends_or_goes_on() and (bool(self.requests) or not self.total_outbufs_len)

    def _ends_or_goes_on(self) -> bool:
        """Whether it is to be closed, or its next request came already."""
        return bool(self._rest) or self._half_closed or self.will_close or self.close_when_flushed

    def _needs_event_loop(self) -> bool:
        """Whether the event loop has more to do than to wait for the next request, as it does anyway."""
        return self._ends_or_goes_on() or self.total_outbufs_len > 0

    def _is_unread(self) -> bool:
        """Whether the client has read nothing for too long, although answers or requests wait for that."""
        waiting = self.total_outbufs_len + (0 if self.requests else len(self._rest))
        if waiting != self._waiting:
            self._waiting, self._waiting_since = waiting, monotonic()
        return bool(waiting) and monotonic() - self._waiting_since > UNREAD_SECONDS

    def handle_read(self) -> None:
        """Read; a client that closes his side after a request still gets its answer."""
        if (self.requests or self.total_outbufs_len) and self._ended():
            self._half_closed = True
        else:
            super().handle_read()

    def writable(self) -> bool:
        """Whether to send, to close, or to parse the next request."""
        if self.socket is None:
            return False
        return self._may_go_on() or (bool(super().writable()) and not self._is_sending())

    def _is_sending(self) -> bool:
        """Whether a thread sends its answer just now; it wakes the event loop when something is left."""
        if not self.requests or self.will_close:
            return False
        is_free = self.outbuf_lock.acquire(blocking=False)
        if is_free:
            self.outbuf_lock.release()
        return not is_free

    def handle_write(self) -> None:
        """Parse the next request if there is one, else send."""
        if self._may_go_on():
            rest, self._rest = self._rest, b""
            self.received(rest)
        super().handle_write()

    def _may_go_on(self) -> bool:
        return bool(self._rest) and not self.requests and not self.total_outbufs_len

    def _ended(self) -> bool:
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except OSError:
            return False

    def check_client_disconnected(self) -> bool:
        """Whether the client closed at least his side: nothing is worth waiting for."""
        return self._half_closed or not bool(self.connected)


def _make_room(newest: Connection, connections: list[Any], most: int) -> None:
    """Close one connection if there are too many: the oldest without a whole request, else an idle one."""
    if len(connections) > most:
        idle = [one for one in connections if not one.requests and not one.will_close and one is not newest]
        chosen = min(idle, key=lambda one: (not one.unfinished, one.creation_time), default=newest)
        chosen.will_close = True
