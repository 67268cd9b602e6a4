"""Claims that wait, seen from the server: what it keeps of them, and how it ends."""

import json
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder

from refilld.deferred_answer import DEFER, DeferredAnswer

MAX_WAIT = 20.0
"""Seconds after which a test gives up on another thread."""


@dataclass
class Client:
    """The client of a claim: it may be gone, and gets the answer once."""

    answer: DeferredAnswer
    gone: bool = False
    asked: Event = field(default_factory=Event)
    """Set when somebody asked whether it is gone."""
    sent: Event = field(default_factory=Event)

    def is_gone(self) -> bool:
        self.asked.set()
        return self.gone

    def send_answer(self) -> None:
        assert not self.sent.is_set()
        self.answer.close()
        self.sent.set()

    def refills(self) -> list[dict[str, Any]]:
        """The refills of the answer, which is waited for."""
        assert self.sent.wait(MAX_WAIT)
        return list(self.answer.get_json()["refills"])

    def order_ids(self) -> list[str]:
        return [refill["order_id"] for refill in self.refills()]


def deferred(app: Flask, token: str, **body: Any) -> DeferredAnswer:
    """The answer to a claim that finds nothing, as the server gets it from the application."""
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    asked = json.dumps({"wait_seconds": 30, **body})
    built = EnvironBuilder("/api/v1/refills/claim", method="POST", headers=headers, data=asked)
    environ, taken = built.get_environ(), list[DeferredAnswer]()
    environ[DEFER] = taken.append
    assert list(app.wsgi_app(environ, _no_answer)) == []
    (answer,) = taken
    return answer


def waiting(app: Flask, token: str, **body: Any) -> Client:
    """A claim that waits."""
    client = Client(deferred(app, token, **body))
    assert client.answer.wait(client)
    return client


def _no_answer(*_arguments: Any) -> Any:
    raise AssertionError("a deferred answer is not begun")
