"""Two thousand mutated answers: each ends in a typed outcome and gives no invented count."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from io import BytesIO
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3._collections import HTTPHeaderDict

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.instaloader.source import InstaloaderSource
from refilld.demo.instagram import (
    MISSING,
    START_PAGE,
    InstagramStandIn,
    account_answer,
    media,
    post_answer,
    profile_page,
    user,
)
from refilld.demo.members import clips_answer
from refilld.demo.tunnel import HttpAnswer, HttpRequest
from tests.monitor.sources.mutations import Mutant, mutant

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CODE = "C0deAAAAAAA"
COOKIES = {"sessionid": "17%3AFAKE%3A3", "csrftoken": "FAKEtoken", "ds_user_id": "17"}
POST = media(CODE, likes=100, plays=9001) | {"product_type": "clips"}
SHY = POST | {"play_count": None}
GOOD = {
    "start": START_PAGE,
    "page": profile_page("natgeo", 1234, user_id="17"),
    "account": account_answer(user("nat.geo", 4321, user_id="17")),
    "post": post_answer(POST),
    "member": post_answer(POST),
    "clips": clips_answer([POST]),
}
FOLLOWERS = Target(Link(LinkKind.PROFILE, "natgeo"), Metric.FOLLOWERS, account="17")
LIKES, VIEWS = (Target(Link(LinkKind.POST, CODE), metric) for metric in (Metric.LIKES, Metric.VIEWS))
ASKED_BY = {
    "start": [LIKES], "page": [FOLLOWERS], "account": [FOLLOWERS], "post": [LIKES, VIEWS],
    "member": [LIKES, VIEWS], "clips": [VIEWS],
}  # fmt: skip
TIMES = {"start": 400, "page": 400, "account": 300, "post": 300, "member": 300, "clips": 300}
WITH_LOGIN = {"member", "clips"}


def kind_of(path: str, doc_id: str) -> str:
    """The kind of a request."""
    if path == "/graphql/query":
        return "clips" if doc_id == "27234427476213202" else "member"
    if path == "/api/graphql":
        return "account" if doc_id == "27937681195819736" else "post"
    return "start" if path == "/" else "page"


class Sources:
    """An anonymous source, one with a login, and their answers."""

    def __init__(self, session: Path) -> None:
        session.write_text(json.dumps(COOKIES))
        session.chmod(0o600)
        self.answers: dict[str, HttpAnswer] = {}
        self.visitor = InstaloaderSource(timeout=5)
        self.member = InstaloaderSource.configured({"session_file": str(session)})
        self.now = NOON
        self.served = Counter[str]()

    def look(self, kind: str, mutated: Mutant) -> tuple[Snapshot, ...]:
        """Take a look that needs that kind of answer; all other answers are valid."""
        self.answers = GOOD | {kind: mutated.answer}
        if kind == "account":
            self.answers["page"] = MISSING
        if kind == "clips":
            self.answers["member"] = post_answer(SHY)
        # Tokens and refused logins expire before each look, so that the mutated answer is read.
        self.now += timedelta(hours=7 if kind in {"start", "member"} else 1)
        source = self.member if kind in WITH_LOGIN else self.visitor
        return source.read(ASKED_BY[kind], self.now).snapshots


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "session.json")


@pytest.fixture
def transport(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer from memory in place of the network, below the counted and bounded transport."""

    def send(adapter: HTTPAdapter, request: PreparedRequest, **_: Any) -> Response:
        form = parse_qs(str(request.body or ""))
        kind = kind_of(request.path_url, form.get("doc_id", [""])[0])
        answer = sources.answers[kind]
        sources.served[kind] += 1
        return adapter.build_response(request, received(answer))

    monkeypatch.setattr(HTTPAdapter, "send", send)
    monkeypatch.setattr("requests.utils.getproxies", dict)  # a fifth of the time, for a network that is none


def received(answer: HttpAnswer) -> HTTPResponse:
    """The answer as urllib3 has it after reading the headers."""
    headers, message = HTTPHeaderDict(), Message()
    for name, value in (("Content-Type", "text/html; charset=utf-8"), *answer.headers):
        headers.add(name, value)
        message[name] = value
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    connection: Any = SimpleNamespace(msg=message, isclosed=lambda: True, close=lambda: None)
    return HTTPResponse(
        BytesIO(body), headers, answer.status, preload_content=False, original_response=connection
    )


def contains(bodies: list[bytes], snapshot: Snapshot) -> bool:
    """Whether one of the answers has the count in the field that the snapshot names."""
    says = re.compile(rb'"%s":\s*%d\b' % (snapshot.count_kind.encode(), snapshot.count or 0))
    return any(says.search(body) for body in bodies)


def checked(sources: Sources, kind: str, mutated: Mutant) -> Iterator[Outcome]:
    """Take a look, check every snapshot, and return the outcomes."""
    bodies = [mutated.seen, *(good.body.encode() for name, good in GOOD.items() if name != kind)]  # type: ignore[union-attr]
    for snapshot in sources.look(kind, mutated):
        assert snapshot.outcome is not Outcome.COUNT or contains(bodies, snapshot), (snapshot, mutated.answer)
        assert snapshot.detail.isprintable()
        assert len(snapshot.detail) <= 200
        yield snapshot.outcome


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.usefixtures("transport")
def test_two_thousand_mutated_answers_end_in_typed_outcomes(
    sources: Sources, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    """Six kinds of answer: nothing is raised, nothing is printed, no number is invented."""
    chance, outcomes = Random(f"{kind} 2026"), Counter[Outcome]()
    for _ in range(TIMES[kind]):
        outcomes.update(checked(sources, kind, mutant(GOOD[kind], chance)))
    assert capfd.readouterr() == ("", "")
    assert sources.served[kind] >= TIMES[kind]
    assert sum(TIMES.values()) == 2_000
    assert {Outcome.COUNT, Outcome.SCHEMA, Outcome.TRANSIENT} <= set(outcomes), outcomes
    assert outcomes.total() - outcomes[Outcome.COUNT] > TIMES[kind] // 5, outcomes


@pytest.mark.usefixtures("transport")
def test_the_answers_without_mutation_are_counts(sources: Sources) -> None:
    """So that the test above mutates answers that are valid."""
    seen = [snapshot.count for kind in GOOD for snapshot in sources.look(kind, Mutant(GOOD[kind], b""))]
    assert seen == [100, 1234, 4321, 100, 9001, 100, 9001, 9001]


class MutatedWorld:
    """A world that sends the answers of the sources over the network."""

    def __init__(self, answers: Callable[[], dict[str, HttpAnswer]]) -> None:
        self.answers = answers

    def start_page(self) -> HttpAnswer:
        return self.answers()["start"]

    def profile(self, username: str) -> HttpAnswer:
        return self.answers()["page"]

    def account(self, user_id: str) -> HttpAnswer:
        return self.answers()["account"]

    def post(self, shortcode: str) -> HttpAnswer:
        return self.answers()["post"]

    def member(self, asked: HttpRequest) -> HttpAnswer:
        return self.answers()[kind_of(asked.path, asked.form.get("doc_id", ""))]


@pytest.mark.parametrize("kind", GOOD)
def test_mutated_answers_over_tls_end_in_typed_outcomes(
    standin: InstagramStandIn, sources: Sources, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    """The same through the TLS and HTTP libraries."""
    standin.world, chance = MutatedWorld(lambda: sources.answers), Random(f"{kind} over TLS")
    outcomes = [one for _ in range(30) for one in checked(sources, kind, mutant(GOOD[kind], chance))]
    assert capfd.readouterr() == ("", "")
    assert len(set(outcomes)) > 1
