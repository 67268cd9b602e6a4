"""A client of the daemons that never gives up; after a call without an answer it tries another daemon."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from random import Random
from threading import Event
from typing import Any

from tests.faults.shop import Shop

TIMEOUT = 15.0
"""Seconds for an answer; more than a daemon may need when its database does not answer."""
PAUSE = 0.02
"""Seconds before a call is repeated."""
IDLE = 0.1
"""Seconds without work."""


@dataclass(frozen=True)
class Answer:
    """What a daemon answered."""

    status: int
    fields: dict[str, Any]


class Client:
    """One connection at a time, to one of the daemons."""

    def __init__(self, shop: Shop, random: Random) -> None:
        self._shop, self._random = shop, random
        self._connection: HTTPConnection | None = None

    def post(self, path: str, body: object, **headers: str) -> Answer | None:
        """Send a request once; None if no answer came."""
        try:
            return self._post(path, body, headers)
        except (OSError, HTTPException, ValueError):
            self.close()
            pause()
            return None

    def until_answered(self, path: str, body: object, **headers: str) -> Answer:
        """Repeat a request until a daemon carries it out or refuses it."""
        while True:
            answer = self.post(path, body, **headers)
            if answer is not None and answer.status != 503:
                return answer
            pause()

    def _post(self, path: str, body: object, headers: Mapping[str, str]) -> Answer:
        if self._connection is None:
            port = self._random.choice(self._shop.ports)
            self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        known = {"Authorization": f"Bearer {self._shop.token}", "Content-Type": "application/json"}
        self._connection.request("POST", f"/api/v1/{path}", json.dumps(body), {**known, **headers})
        answer = self._connection.getresponse()
        fields = json.loads(answer.read())
        if answer.will_close:
            self.close()
        return Answer(answer.status, fields)

    def close(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._connection = None


def pause(seconds: float = PAUSE) -> None:
    """Let others work."""
    Event().wait(seconds)
