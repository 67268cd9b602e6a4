"""Request ids: each HTTP request has one, which is in its answer and in the events that it causes."""

import re
from random import getrandbits

from flask import Flask, Response, g, request

from storage.actor import UNKNOWN, Actor, become

HEADER = "X-Request-Id"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Give each request an id, or keep that of a proxy."""
    app.before_request(_begin)
    app.after_request(_answer)
    app.teardown_request(_end)


def new() -> str:
    """An id for a request that has none."""
    return f"{getrandbits(128):032x}"


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = name = given if _GIVEN.fullmatch(given) else new()
    become(Actor("http", name))  # until the token is known


def _answer(response: Response) -> Response:
    response.headers.add(HEADER, g.get("request_id", ""))
    return response


def _end(_error: BaseException | None) -> None:
    """The thread goes on to serve requests of others."""
    become(UNKNOWN)
