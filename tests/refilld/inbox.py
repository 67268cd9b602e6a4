"""A webhook on loopback that accepts alert messages, or refuses them under /refuse."""

import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any


@dataclass
class Inbox:
    """Its address in Apprise's form, and the received messages."""

    address: str
    messages: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def an_inbox() -> Iterator[Inbox]:
    """Run a new, empty inbox."""
    inbox = Inbox("")

    class _Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            inbox.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path.startswith("/refuse") else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        inbox.address = f"json://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield inbox
        server.shutdown()
