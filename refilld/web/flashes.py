"""Messages that the next page shows once, such as the result of an action.

They travel in a cookie that is signed with the cookie of the visitor, so nobody else can write one.
"""

from dataclasses import dataclass
from enum import StrEnum

from flask import Flask, Response, g, request
from itsdangerous import BadData, URLSafeSerializer

from refilld.web.visitor import visitor

COOKIE = "refilld-message"
_LONGEST = 1500
"""Characters of all messages; browsers refuse cookies above 4 kB."""
_SECONDS = 60


class FlashLevel(StrEnum):
    """What a message tells."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Flash:
    """One message."""

    level: FlashLevel
    text: str


def register(app: Flask, *, secure: bool) -> None:
    """Keep messages for the page after a redirect, and forget them once they are shown."""

    @app.after_request
    def keep(response: Response) -> Response:
        pending: list[Flash] = g.get("flashes", [])
        if pending:
            value = _serializer().dumps([(one.level, one.text[:_LONGEST]) for one in pending[:3]])
            response.set_cookie(COOKIE, value, max_age=_SECONDS, secure=secure, httponly=True, samesite="Lax")
        elif g.get("flashes_shown") and COOKIE in request.cookies:
            response.delete_cookie(COOKIE, secure=secure, httponly=True, samesite="Lax")
        return response


def add(level: FlashLevel, text: str) -> None:
    """Show a message on this page, or on the one that follows a redirect."""
    g.setdefault("flashes", []).append(Flash(level, text))


def shown() -> list[Flash]:
    """The messages for the page that is rendered now."""
    found = [*_sent(), *g.pop("flashes", [])]
    g.flashes_shown = True
    return found


def _sent() -> list[Flash]:
    cookie = request.cookies.get(COOKIE, "")
    try:
        return [Flash(FlashLevel(level), str(text)) for level, text in _serializer().loads(cookie)]
    except (BadData, ValueError, TypeError):
        return []


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(visitor().secret, salt="refilld message")
