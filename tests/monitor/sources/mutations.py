"""Mutated answers: seeded changes of bytes, JSON, status and headers."""

import gzip
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from refilld.demo.tunnel import HttpAnswer

INVALID: list[Any] = [
    None, True, False, 0, -1, 3, 7, 10**12, 10**30, 1.5, 1e308, float("nan"), "", "natgeo", "7", "1.2m",
    "\ud800", [], {}, [[]], [None], {"count": 5}, {"": {}},
]  # fmt: skip
STATUSES = [200] * 12 + [204, 301, 302, 400, 401, 403, 404, 408, 429, 500, 503, 560, 999, 100 + 499]
HEADERS: list[tuple[str, str]] = [
    ("Location", "https://www.instagram.com/accounts/login/"), ("Location", "/challenge/?x=1"),
    ("Location", "http://["), ("Location", ""), ("Location", "\xff\xfe"), ("Content-Encoding", "gzip"),
    ("Content-Encoding", "deflate"), ("Content-Encoding", "br, gzip"), ("Content-Type", "application/json"),
    ("Content-Type", "text/html; charset=utf-16"), ("Content-Type", "text/html; charset=klingon"),
    ("Set-Cookie", "csrftoken=; Domain=.instagram.com; Path=/"), ("Set-Cookie", "=;=;="),
    ("Set-Cookie", "csrftoken=\xe9; Path=/; Expires=Thu, 99 Foo 9999"),
]  # fmt: skip
WORDS = [b"for(;;);", b"null", b"\x00", b"\xff\xfe", b"</script>", b"[" * 2000, b'"', b"{", b"}", b"1" * 5000]


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (*here, key)
        yield from paths(part, (*here, key))


def mutate_value(value: Any, chance: Random) -> Any:
    """Mutate one part of the JSON value in place, in one of several ways."""
    places = list(paths(value))
    if not places:
        return deepcopy(chance.choice(INVALID))
    *way, last = chance.choice(places)
    inside = value
    for key in way:
        inside = inside[key]
    kind = chance.randrange(6)
    if kind == 0:
        del inside[last]
    elif kind == 1:
        inside[last] = [inside[last]]
    elif kind == 2 and isinstance(inside, dict):
        inside[f"{last}_"] = inside.pop(last)
    elif kind == 3:
        inside[last] = json.loads(json.dumps(value))
    else:
        inside[last] = deepcopy(chance.choice(INVALID))
    return value


def bitten(body: bytes, chance: Random) -> bytes:
    """Change, remove, repeat or insert some bytes of a body."""
    start = chance.randrange(len(body) + 1)
    end = min(len(body), start + chance.choice([0, 1, 1, 2, 8, 64, 10_000]))
    kind = chance.randrange(6)
    if kind == 0:
        return body[:start]
    if kind == 1:
        return body[:start] + body[end:]
    if kind == 2:
        return body[:end] + body[start:]
    if kind == 3:
        return body[:start] + bytes(chance.randrange(256) for _ in range(end - start)) + body[end:]
    if kind == 4:
        return body[:start] + chance.choice(WORDS) + body[end:]
    return re.sub(rb"\d+", lambda found: chance.choice([found[0], b"-" + found[0], b"1e3"]), body)


_SCRIPT = re.compile(r"(<script[^>]*>)(.*)(</script>)", re.DOTALL)


def rewritten(text: str, chance: Random) -> str:
    """Change the JSON of a body, or within a page."""
    page = _SCRIPT.search(text)
    try:
        value = json.loads(page[2] if page else text)
    except ValueError:
        return text
    for _ in range(chance.choice([1, 1, 2, 3])):
        value = mutate_value(value, chance)
    changed = json.dumps(value)
    return f"{page[1]}{changed}{page[3]}" if page else changed


@dataclass(frozen=True)
class Mutant:
    """An answer, and its body as a reader receives it."""

    answer: HttpAnswer
    seen: bytes


def mutant(answer: HttpAnswer, chance: Random) -> Mutant:
    """Mutate an answer, mostly in one part."""
    text = answer.body if isinstance(answer.body, str) else answer.body.decode()
    body = rewritten(text, chance).encode(errors="surrogatepass") if chance.random() < 0.6 else text.encode()
    if chance.random() < 0.4:
        body = bitten(body, chance)
    changed = replace(answer, body=body)
    if chance.random() < 0.25:
        changed = replace(changed, status=chance.choice(STATUSES))
    if chance.random() < 0.25:
        changed = replace(changed, headers=(*answer.headers, chance.choice(HEADERS)))
    if chance.random() < 0.05:
        packed = (*answer.headers, ("Content-Encoding", "gzip"))
        changed = replace(changed, body=bitten(gzip.compress(body), chance), headers=packed)
    return Mutant(changed, body)
