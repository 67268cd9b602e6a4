"""JSON answers, with times in RFC 3339."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from json import JSONEncoder
from wsgiref.types import WSGIEnvironment

from flask import Response
from werkzeug.datastructures import Headers

from monitor.model.instants import rfc3339

HARDENING = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
"""Headers of every answer: it may hold lease tokens, so it is not cached; and its type is not guessed."""


class _JsonAnswer(Response):
    """An answer whose headers are complete: they need no copy that completes them."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:  # noqa: ARG002
        return self.headers


def answer(value: Mapping[str, object], status: int = 200) -> Response:
    """A JSON answer."""
    return _JsonAnswer(to_json(value), status, content_type="application/json")


def to_json(value: Mapping[str, object]) -> str:
    """One line of JSON; half a surrogate, which a client may send in a name, becomes a question mark."""
    text = _ENCODER.encode(value) + "\n"
    return text if text.isascii() else text.encode(errors="replace").decode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} is not JSON")


_ENCODER = JSONEncoder(default=_plain, ensure_ascii=False)
