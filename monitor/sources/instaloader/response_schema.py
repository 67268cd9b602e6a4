"""The shape of an answer: its paths and their types, without values."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response

MAX_DEPTH = 12
MOST_PATHS = 400
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]{0,59}")
_TYPES = {bool: "true/false", int: "whole number", float: "number", str: "text", type(None): "null"}
Shape = dict[str, str]
"""Types by path, as in `data.user.pk`; `[]` stands for every element of a list."""


@dataclass(frozen=True, slots=True)
class ResponseShape:
    """One request and its answer, without content."""

    method: str
    path: str
    status: int | None
    """None if there was no answer."""
    content_type: str = ""
    size: int = 0
    """Bytes of the decompressed body."""
    leads: str = ""
    """Where a redirect leads: `login`, `challenge` or `elsewhere`."""


def answered(request: PreparedRequest, answer: Response | None) -> ResponseShape:
    """Describe an answer, or that there was none."""
    method, path = request.method or "", urlsplit(request.url or "").path
    if answer is None:
        return ResponseShape(str(method), str(path), None)
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    known = content_type if re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,40}", content_type) else ""
    return ResponseShape(
        str(method), str(path), answer.status_code, known, len(answer.content), _leads(answer)
    )


def json_shape(answer: Response | None) -> Shape:
    """Describe a JSON body; empty if it is invalid."""
    with suppress(ValueError, RecursionError, RuntimeError, AttributeError):
        return shape(json.loads(answer.text)) if answer is not None else {}
    return {}


def shape(value: Any) -> Shape:
    """Describe a JSON value; a path can have several types."""
    found: dict[str, set[str]] = {}
    for path, kind in _walk(value, "", MAX_DEPTH):
        if path in found or len(found) < MOST_PATHS:
            found.setdefault(path, set()).add(kind)
    return {path: " or ".join(sorted(kinds)) for path, kinds in found.items()}


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict | list):
        yield path, _TYPES.get(type(value), "text")
        return
    yield path, "object" if isinstance(value, dict) else "list"
    if not depth:
        return
    if isinstance(value, list):
        for part in value:
            yield from _walk(part, f"{path}[]", depth - 1)
        return
    for key, part in value.items():
        # A key can be a value itself, for example a user id.
        name = key if _WORD.fullmatch(key) else "*"
        yield from _walk(part, f"{path}.{name}" if path else name, depth - 1)


def _leads(answer: Response) -> str:
    if not answer.is_redirect:
        return ""
    path = answer.headers["location"].partition("?")[0]
    if "/accounts/login" in path:
        return "login"
    return "challenge" if "/challenge" in path else "elsewhere"
