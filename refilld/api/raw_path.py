"""Paths as the client wrote them: a slash that is written %2F is a character, not the end of a part.

WSGI servers decode paths before the application sees them, which would make `/orders/a%2Fflags/…` the same as
`/orders/a/flags/…`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter

WsgiApp: TypeAlias = Callable[[dict[str, Any], Any], Iterable[bytes]]
_SLASH = "\N{FRACTION SLASH}\ue02f"
"""Stands for an encoded slash while the path is matched."""
_ENCODED = "".join(f"%{byte:02X}" for byte in _SLASH.encode())
_UNRESERVED = re.compile("%(2d|2e|5f|7e|3[0-9]|[46][1-9a-f]|[57][0-9a])", re.IGNORECASE)
"""Encoded letters, digits and -._~, which need no encoding."""


class OrderPart(BaseConverter):
    """The id of an order as one part of a path; it is chosen by the panel, and may contain slashes."""

    def to_python(self, value: str) -> str:
        return value.replace(_SLASH, "/")


def _mark(found: re.Match[str]) -> str:
    """An encoded slash, or one at the beginning that is one too many, as what stands for it."""
    return f"/{_ENCODED}" if found[0] == "//" else _ENCODED


def _has_another_spelling(raw: str) -> bool:
    """Whether a fixed part is written with %, or any part contains what stands for a slash."""
    if "%" not in raw and raw.isascii():
        return False
    parts = raw.split("/")
    if parts[:4] == ["", "api", "v1", "orders"]:
        del parts[4:5]
    return bool(_UNRESERVED.search("/".join(parts))) or _SLASH.encode() in unquote_to_bytes(
        raw.encode("latin-1")
    )


def with_raw_path(app: WsgiApp) -> WsgiApp:
    """The application, which sees encoded slashes, and one too many at the beginning, as parts of names."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raw = str(environ.get("REQUEST_URI", "")).partition("?")[0]
        if _has_another_spelling(raw):
            environ["PATH_INFO"] = "/%"  # no route has it
        elif raw.startswith("//") or "%2f" in raw.lower():
            marked = re.sub("^//|%2f", _mark, raw, flags=re.IGNORECASE)
            environ["PATH_INFO"] = unquote_to_bytes(marked.encode("latin-1")).decode("latin-1")
        return app(environ, start_response)

    return serve
