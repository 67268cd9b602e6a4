"""A stand-in of Telegram's Bot API on loopback, with its documented limits, for the real Apprise plugin.

It takes 4,096 characters after the entities are parsed, refuses HTML that it cannot parse, and answers 429
with `retry_after` to more than a number of messages.
"""

import html
import http.server
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from apprise.plugins.telegram import NotifyTelegram

URL = "tgram://123456789:s3cretABCdefGHIjklMNOpqrSTUvwxYZ012345/12345/"
LONGEST = 4096
RETRY_AFTER = 45
_ENTITY = re.compile(r"</?(b|i|u|s|a|code|pre)(?: [^<>]*)?>")
_BROKEN = re.compile(r"[<>]|&(?!(?:lt|gt|amp|quot|#\d+);)")


@dataclass
class Telegram:
    """What one chat has got, as its members read it."""

    messages: list[str] = field(default_factory=list)
    requests: int = 0
    left: int | None = None
    """Messages that are still taken before 429; None without a limit."""
    refuses: Callable[[str], bool] = lambda _text: False

    @property
    def lines(self) -> list[str]:
        """The lines of all messages without their titles."""
        return [line for message in self.messages for line in message.split("\r\n")[1:]]

    def answer(self, markup: str) -> tuple[int, dict[str, Any]]:
        """The status and the body of the answer to one message."""
        self.requests += 1
        if self.left == 0:
            return 429, _error(429, f"Too Many Requests: retry after {RETRY_AFTER}") | {
                "parameters": {"retry_after": RETRY_AFTER}
            }
        bare = _ENTITY.sub("", markup)
        text = html.unescape(bare)
        if _BROKEN.search(bare) or self.refuses(text):
            return 400, _error(400, "Bad Request: can't parse entities")
        if not 0 < len(text.encode("utf-16-le")) // 2 <= LONGEST:
            return 400, _error(400, "Bad Request: message is too long")
        self.left = None if self.left is None else self.left - 1
        self.messages.append(text)
        return 200, {"ok": True, "result": {"message_id": len(self.messages)}}


def _error(code: int, description: str) -> dict[str, Any]:
    return {"ok": False, "error_code": code, "description": description}


@contextmanager
def a_telegram() -> Iterator[Telegram]:
    """Run a chat; Apprise's plugin sends to it and not to the real service."""
    chat = Telegram()

    class _Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = chat.answer(sent["text"])
            answer = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    real = NotifyTelegram.notify_url
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        NotifyTelegram.notify_url = f"http://127.0.0.1:{server.server_port}/bot"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield chat
        finally:
            NotifyTelegram.notify_url = real
            server.shutdown()
