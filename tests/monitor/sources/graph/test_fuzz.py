"""Two thousand mutated answers: each ends in an outcome, and no count is invented."""

import copy
import gzip
import io
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import Any

import pytest
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse as PooledResponse

from monitor.model.snapshot import Outcome
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading
from monitor.sources.graph.media_pages import MOST_PAGES
from monitor.sources.graph.source import GraphSource
from monitor.sources.graph.transport import _NoRedirects
from refilld.demo.graph import TOKEN, GraphStandIn
from refilld.demo.graph_answers import NOBODY, THROTTLED, discovery, error, json_answer, usage
from refilld.demo.tunnel import HttpAnswer
from tests.monitor.sources.graph.graph_world import NOW, Scripted, post, profile

MUTANTS = 1_000
SEEDS = range(2)
OVER_THE_WIRE = 60
TARGETS = [
    profile(),
    post("ReelAAAAAAA"),
    post("ReelAAAAAAA", Metric.VIEWS),
    post("PictureAAAA"),
    post("PictureAAAA", Metric.VIEWS),
    post("SecondAAAAA"),
]
MEDIA = [
    {
        "shortcode": "ReelAAAAAAA",
        "permalink": "https://www.instagram.com/reel/ReelAAAAAAA/",
        "media_type": "VIDEO",
        "media_product_type": "REELS",
        "like_count": 131,
        "view_count": 9007,
        "id": "17858843269216389",
    },
    {
        "permalink": "https://www.instagram.com/p/PictureAAAA/",
        "media_type": "IMAGE",
        "like_count": 57,
        "id": "17858843269216390",
    },
]
FIRST = discovery(
    {
        "username": "natgeo",
        "followers_count": 123456,
        "media_count": 3,
        "media": {"data": MEDIA, "paging": {"cursors": {"after": "QVFIUm"}}},
        "id": "17841401441775531",
    },
    usage(28, regain_minutes=4),
)
SECOND = discovery(
    {
        "username": "natgeo",
        "media_count": 3,
        "media": {"data": [{"shortcode": "SecondAAAAA", "like_count": 77, "media_type": "CAROUSEL_ALBUM"}]},
    },
    usage(31),
)
REFUSALS = [
    NOBODY,
    THROTTLED,
    error(190, "Malformed access token " + TOKEN),
    error(80002, headers=usage(100, 9)),
]
INVALID: list[Any] = [
    None,
    True,
    False,
    -1,
    0,
    3,
    10**12 - 1,
    10**12,
    10**30,
    1.5,
    1e300,
    "",
    "5",
    "natgeo",
    "a){id}",
]
INVALID += [
    "\ud800",
    "ReelAAAAAAA",
    "PictureAAAA",
    "https://www.instagram.com/p/SecondAAAAA/",
    [],
    {},
    [7],
    {"data": [{}]},
]


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values inside a JSON value, without its root."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (*here, key)
        yield from paths(part, (*here, key))


def mutated_value(dice: random.Random, value: Any) -> Any:
    """The value with one to three parts replaced, left out, repeated or exchanged."""
    value = copy.deepcopy(value)
    for _ in range(dice.randint(1, 3)):
        places = list(paths(value))
        if not places:
            break
        *way, last = dice.choice(places)
        holder = value
        for step in way:
            holder = holder[step]
        kind = dice.randrange(4)
        if kind == 0:
            del holder[last]
        elif kind == 1 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        elif kind == 1:
            holder[dice.choice(["like_count", "shortcode", "error", "media", "username"])] = holder.pop(last)
        else:
            holder[last] = copy.deepcopy(dice.choice(INVALID))
    return value


def garble(dice: random.Random, data: bytes) -> bytes:
    """The bytes with one to five pieces overwritten, removed, inserted, repeated or cut off."""
    raw = bytearray(data)
    for _ in range(dice.randint(1, 5)):
        at = dice.randrange(len(raw) + 1)
        piece = slice(at, at + dice.choice([1, 1, 1, 2, 8, 40]))
        kind = dice.randrange(6)
        if kind == 0:
            raw[piece] = dice.randbytes(1)
        elif kind == 1:
            raw[piece] = dice.choice([b'"', b"{", b"}", b"[", b"]", b",", b":", b"9", b"-", b"\r\n", b"\0"])
        elif kind == 2:
            del raw[piece]
        elif kind == 3:
            raw[at:at] = dice.randbytes(dice.randint(1, 9))
        elif kind == 4:
            raw[at:at] = raw[piece] * dice.randint(1, 3)
        elif dice.random() < 0.3:
            del raw[at:]
    return bytes(raw)


def mutated_answer(dice: random.Random, answer: HttpAnswer) -> HttpAnswer:
    """The answer with mutated JSON, sometimes another status or invalid usage headers."""
    if dice.random() < 0.2:
        headers = [(name, _header(garble(dice, value.encode()))) for name, value in answer.headers]
        return HttpAnswer(answer.body, answer.status, tuple(headers))
    status = answer.status if dice.random() < 0.8 else dice.choice([200, 206, 302, 400, 403, 404, 429, 500])
    return json_answer(mutated_value(dice, json.loads(answer.body)), status, answer.headers[1:])


def _header(value: bytes) -> str:
    return value.decode("latin-1").replace("\r", " ").replace("\n", " ")


def packed(dice: random.Random, answer: HttpAnswer) -> HttpAnswer:
    """The same answer, perhaps compressed or in chunks."""
    body = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
    if dice.random() < 0.2:
        return HttpAnswer(gzip.compress(body), answer.status, (*answer.headers, ("Content-Encoding", "gzip")))
    return answer


def messages(dice: random.Random) -> list[bytes]:
    """The responses of one look as bytes; at least one of them is mutated."""
    answers = [FIRST, SECOND] if dice.random() < 0.8 else [dice.choice(REFUSALS)]
    victim = dice.randrange(len(answers))
    if dice.random() < 0.5:
        answers[victim] = mutated_answer(dice, answers[victim])
        return [packed(dice, answer).encode() for answer in answers]
    raw = [packed(dice, answer).encode() for answer in answers]
    raw[victim] = garble(dice, raw[victim])
    return raw


@dataclass
class Cable(BaseAdapter):
    """An HTTP adapter that answers with given bytes, parsed by the same libraries as real responses."""

    waiting: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """The decompressed bodies that were read completely."""
    sent: int = 0

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        self.sent += 1
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(request.url)
        raw = self.waiting.pop(0) if len(self.waiting) > 1 else self.waiting[0]
        self._remember(raw)
        return HTTPAdapter().build_response(request, self._pooled(raw))

    def _pooled(self, raw: bytes) -> PooledResponse:
        plain = HTTPResponse(SimpleNamespace(makefile=lambda _: io.BytesIO(raw)))  # type: ignore[arg-type]
        plain.begin()
        return PooledResponse(
            body=plain,
            headers=dict(plain.headers.items()),
            status=plain.status,
            reason=plain.reason,
            preload_content=False,
            original_response=plain,
            enforce_content_length=True,
        )

    def _remember(self, raw: bytes) -> None:
        with suppress(Exception):
            self.bodies.append(self._pooled(raw).read(decode_content=True))

    def close(self) -> None:
        pass


def numbers_in(bodies: list[bytes], target: Target) -> set[int]:
    """All numbers that the answers contain for a target, found without the code under test."""
    found = set()
    for body in bodies:
        with suppress(ValueError, RecursionError, TypeError, KeyError, AttributeError):
            found |= set(_numbers_in(json.loads(body)["business_discovery"], target))
    return found


def _numbers_in(shown: Any, target: Target) -> Iterator[int]:
    if shown["username"].lower() != "natgeo":
        return
    if target.metric is Metric.FOLLOWERS:
        yield shown["followers_count"]
        return
    for medium in shown["media"]["data"]:
        name = medium["shortcode"] if "shortcode" in medium else medium.get("permalink")
        key = "like_count" if target.metric is Metric.LIKES else "view_count"
        if isinstance(name, str) and target.link.key in name and type(medium.get(key)) is int:
            yield medium[key]


def check(reading: Reading, bodies: list[bytes]) -> None:
    """Check what must hold for every reading."""
    assert [snapshot.target for snapshot in reading.snapshots] == TARGETS
    assert reading.requests <= MOST_PAGES
    assert reading.rate_limit.used_percent in {None, *range(101)}
    assert timedelta(0) < (reading.rate_limit.wait or timedelta(1)) <= timedelta(days=1)
    assert TOKEN not in repr(reading)
    for snapshot in reading.snapshots:
        assert len(snapshot.detail) <= 200
        assert snapshot.detail.isprintable()
        if snapshot.outcome is Outcome.COUNT:
            assert type(snapshot.count) is int
            assert snapshot.count in numbers_in(bodies, snapshot.target)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_thousand_mutated_answers_raise_nothing_and_invent_no_count(
    source: GraphSource, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """From the bytes of the answer to the snapshots; every possible outcome occurs."""
    dice = random.Random(seed)
    ends: Counter[Outcome] = Counter()
    cable = Cable()
    monkeypatch.setattr(os, "environ", {})  # `requests` reads all of it for each request
    monkeypatch.setattr(_NoRedirects, "get_adapter", lambda *_, **__: cable)
    for _ in range(MUTANTS):
        cable.waiting, cable.bodies, cable.sent = messages(dice), [], 0
        reading = source.read(TARGETS, NOW)
        assert reading.requests == cable.sent
        check(reading, cable.bodies)
        ends.update(snapshot.outcome for snapshot in reading.snapshots)
    assert set(Outcome) - set(ends) == {Outcome.PRIVATE}  # professional accounts are never private
    assert min(ends.values()) >= 10
    assert ends[Outcome.COUNT] > MUTANTS


def test_mutated_answers_over_real_tls_raise_nothing(
    standin: GraphStandIn, source: GraphSource, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same over sockets: valid HTTP framing with mutated bodies."""
    dice = random.Random(1125)
    for _ in range(OVER_THE_WIRE):
        answers = [mutated_answer(dice, FIRST), SECOND]
        if dice.random() < 0.5:
            answers[0] = HttpAnswer(
                garble(dice, FIRST.encode().partition(b"\r\n\r\n")[2]), 200, FIRST.headers
            )
        standin.world = Scripted(list(answers))
        bodies = [one.body if isinstance(one.body, bytes) else one.body.encode() for one in answers]
        check(source.read(TARGETS, NOW), bodies)
    assert capfd.readouterr() == ("", "")
