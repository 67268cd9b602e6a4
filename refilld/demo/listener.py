"""A listener: a proxy that remembers what was asked of the hosts that it stands in for."""

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock
from types import TracebackType
from typing import Self

from refilld.demo.proxy import Proxy
from refilld.demo.tunnel import HttpAnswer, HttpRequest


class Listener:
    """Up from entering to leaving the context; other hosts than its own get no answer."""

    def __init__(
        self, hosts: Iterable[str], answer: Callable[[HttpRequest], HttpAnswer], remember: int
    ) -> None:
        """`remember` is the number of requests kept in `requests`, the newest ones."""
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
        """The environment variables that lead a program here."""
        return self._proxy.environment

    @property
    def requests(self) -> tuple[HttpRequest, ...]:
        """The requests that were noted, oldest first."""
        with self._lock:
            return tuple(self._log)

    def forget(self) -> None:
        """Empty `requests`."""
        with self._lock:
            self._log.clear()

    def note(self, asked: HttpRequest) -> None:
        """Remember a request."""
        with self._lock:
            self._log.append(asked)
