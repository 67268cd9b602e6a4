"""A proxy on loopback that answers for a few host names itself.

It terminates TLS with a certificate of its own. A program that is pointed to it by the usual environment
variables uses the real addresses unchanged, and no request leaves the machine.
"""

import ssl
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

import trustme

from refilld.demo.tunnel import HttpAnswer, HttpRequest, Server


class Proxy:
    """Serves `answer` for `hosts`, as a context manager; other hosts get a 502."""

    def __init__(self, hosts: Iterable[str], answer: Callable[[HttpRequest], HttpAnswer]) -> None:
        self._hosts = frozenset(hosts)
        self._answer = answer

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="refilld-demo-")
        self._bundle = Path(self._folder.name, "ca.pem")
        self._server = Server(self._hosts, self._answer, self._tls())
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="stand-in", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        self._folder.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point a program to this proxy, and make it trust only its certificate."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {
            "HTTPS_PROXY": url,
            "https_proxy": url,
            "NO_PROXY": "",
            "no_proxy": "",
            "REQUESTS_CA_BUNDLE": str(self._bundle),
        }

    def _tls(self) -> ssl.SSLContext:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self._bundle)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.num_tickets = 0  # sessions are never resumed
        authority.issue_cert(*self._hosts).configure_cert(context)
        return context
