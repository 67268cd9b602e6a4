"""A listener: a proxy that records the requests to the hosts that it stands in for."""

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock
from types import TracebackType
from typing import Self

from refilld.demo.proxy import Proxy
from refilld.demo.tunnel import HttpAnswer, HttpRequest


class Listener:
    """A running proxy, as a context manager; requests to other hosts get a 502."""

    def __init__(
        self, hosts: Iterable[str], answer: Callable[[HttpRequest], HttpAnswer], remember: int
    ) -> None:
        """`requests` keeps the `remember` newest requests."""
        self._log: deque[HttpRequest] = deque(maxlen=remember)
        self._lock = Lock()
        self._proxy = Proxy(hosts, answer)

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._proxy.__exit__(kind, error, trace)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point a program to this proxy."""
        return self._proxy.environment

    @property
    def requests(self) -> tuple[HttpRequest, ...]:
        """The recorded requests, oldest first."""
        with self._lock:
            return tuple(self._log)

    def forget(self) -> None:
        """Empty `requests`."""
        with self._lock:
            self._log.clear()

    def note(self, request: HttpRequest) -> None:
        """Record a request."""
        with self._lock:
            self._log.append(request)
