"""Errors are RFC 9457 problem documents, and reveal no internals."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from refilld.api.health import Health
from refilld.api.problems import ProblemKind
from refilld.api.server import LARGEST_BODY
from storage import leases, refill_list
from storage.errors import NotMigratedError, UnreachableError
from tests.refilld.queue_world import Caller, QueueWorld, queue_world

LONGEST_ID = 2**63
LIBRARY_WORDS = re.compile(
    r"Input should|Extra inputs|(String|List) should|Field required|Invalid j|Unable to parse|requested URL"
)
"""Of pydantic and Flask, which are about a program, and not about a request."""
ACTIONS = ("extend", "complete", "fail", "release", "approve", "reject", "requeue", "cancel")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A caller with every scope, and one claimed refill; the server is stopping, so no request waits."""
    with queue_world(tmp_path_factory.mktemp("fuzz")) as world:
        world.queue("1", "2")
        world.stopping.set()
        yield world.caller()


def checked_problem(answer: TestResponse) -> dict[str, Any]:
    """Check the form of a problem response, and return the problem."""
    assert answer.mimetype == "application/problem+json"
    problem: dict[str, Any] = json.loads(answer.data)
    assert problem["status"] == answer.status_code
    assert {"type", "title", "status"} <= problem.keys() <= {"type", "title", "status", "detail", "errors"}
    assert not LIBRARY_WORDS.search(answer.text)
    return problem


def test_an_unknown_path_is_not_found(world: QueueWorld) -> None:
    """Also below the prefix of the API, and with extra slashes."""
    client = world.app().test_client()
    for path in ("/", "/api/v1/nothing", "/api/v1//refills", "/api/v1/refills/", "/%00", "/static/x"):
        assert checked_problem(client.get(path))["type"] == "about:blank"
        assert client.get(path).status_code == 404


def test_a_wrong_method_gets_the_allow_header(world: QueueWorld) -> None:
    """The problem document does not replace it."""
    answer = world.caller().get("/claim")
    assert answer.status_code == 405
    assert checked_problem(answer)["title"] == "Method Not Allowed"
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", None])
def test_only_json_is_accepted(world: QueueWorld, content_type: str | None) -> None:
    """By the declared content type."""
    caller = world.caller()
    answer = caller.client.post(
        "/api/v1/refills/claim", data=b"{}", content_type=content_type, headers=caller.headers
    )
    assert answer.status_code == 415
    checked_problem(answer)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "identity, br"),
        ("Content-Type", "application/json; charset=latin-1"),
        ("Content-Type", 'application/json; charset="UTF-16"'),
    ],
)
def test_only_plain_utf8_is_accepted(world: QueueWorld, header: str, value: str) -> None:
    """The refusal says what to send."""
    caller = world.caller()
    headers = {"Content-Type": "application/json", header: value} | caller.headers
    answer = caller.client.post("/api/v1/refills/claim", data=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "send the body" in checked_problem(answer)["detail"]
    plain = {"Content-Type": 'application/json; charset="UTF-8"', "Content-Encoding": "Identity"}
    again = caller.client.post("/api/v1/refills/claim", data=b"{}", headers=caller.headers | plain)
    assert again.status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b"\xff\xfe{}", b'{"consumer":"\\ud800"}', b"[" * 10_000, b'{"limit":1}}']
)
def test_invalid_json_is_a_bad_request(world: QueueWorld, body: bytes) -> None:
    """This differs from JSON with wrong fields."""
    caller = world.caller()
    answer = caller.client.post(
        "/api/v1/refills/claim", data=body, content_type="application/json", headers=caller.headers
    )
    assert answer.status_code == 400
    assert checked_problem(answer)["type"] == "urn:refilld:invalid-json"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": 10**30}, "limit"),
        ({"limit": "1"}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 1.5}, "limit"),
        ({"limit": None}, "limit"),
        ({"lease_seconds": 29}, "lease_seconds"),
        ({"lease_seconds": 86_401}, "lease_seconds"),
        ({"wait_seconds": -1}, "wait_seconds"),
        ({"wait_seconds": 31}, "wait_seconds"),
        ({"metrics": []}, "metrics"),
        ({"metrics": "likes"}, "metrics"),
        ({"metrics": ["likes", "shares"]}, "metrics.1"),
        ({"consumer": ""}, "consumer"),
        ({"consumer": "x" * 101}, "consumer"),
        ({"consumer": "a\u0000b"}, "consumer"),
        ({"consumer": "a\u202eb"}, "consumer"),
        ({"consumer": 5}, "consumer"),
        ({"max": 5}, "max"),
        ([], "body"),
        ("claim", "body"),
    ],
)
def test_the_error_for_an_invalid_claim_names_the_field(world: QueueWorld, body: object, field: str) -> None:
    """Nothing is claimed."""
    world.queue("1")
    caller = world.caller()
    answer = caller.client.post("/api/v1/refills/claim", json=body, headers=caller.headers)
    assert answer.status_code == 422
    problem = checked_problem(answer)
    assert problem["type"] == "urn:refilld:invalid-request"
    assert [fault["field"] for fault in problem["errors"]] == [field]
    assert len(world.claim()) == 1


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("extend", {"lease_token": "t"}, "lease_seconds"),
        ("complete", {}, "lease_token"),
        ("complete", {"lease_token": "t", "delivered": -1}, "delivered"),
        ("complete", {"lease_token": "t", "delivered": 2**53}, "delivered"),
        ("complete", {"lease_token": "t", "external_id": "a\u0000"}, "external_id"),
        ("complete", {"lease_token": "t", "external_id": "x" * 1001}, "external_id"),
        ("fail", {"lease_token": "t"}, "reason"),
        ("fail", {"lease_token": "t", "reason": "\u001b[2J"}, "reason"),
        ("fail", {"lease_token": "t", "reason": "r", "retryable": "no"}, "retryable"),
        ("fail", {"lease_token": "t", "reason": "r", "retry_after_seconds": 10**12}, "retry_after_seconds"),
        ("release", {"lease_token": "t", "reason": "r"}, "reason"),
        ("approve", {"lease_token": "t"}, "lease_token"),
        ("approve", [], "body"),
    ],
)
def test_actions_refuse_invalid_bodies(
    world: QueueWorld, action: str, body: dict[str, object], field: str
) -> None:
    """Missing, wrong and unknown fields."""
    (refill_id,) = world.queue("1")
    answer = world.caller().post(f"/{refill_id}/{action}", body)
    assert answer.status_code == 422
    assert checked_problem(answer)["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "query",
    [
        "state=lost",
        "limit=0",
        "limit=1001",
        "limit=many",
        "cursor=0",
        f"cursor={LONGEST_ID}",
        "cursor=" + "9" * 5000,
        "order_id=a%00b",
        "order_id=",
        "page=2",
    ],
)
def test_a_list_refuses_unknown_query_parameters(world: QueueWorld, query: str) -> None:
    """A misspelt filter must not return everything."""
    answer = world.caller().get(f"?{query}")
    assert answer.status_code == 422
    assert checked_problem(answer)["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "refill_id", ["0", "999", str(LONGEST_ID), "9" * 5000, "-1", "1.0", "٣", "one", "%00", "1e3", "+1"]
)
@pytest.mark.parametrize("action", ["release", "approve"])
def test_an_impossible_refill_id_is_not_found(world: QueueWorld, action: str, refill_id: str) -> None:
    """For any length."""
    body = {"lease_token": "t"} if action == "release" else None
    answer = world.caller().post(f"/{refill_id}/{action}", body)
    assert answer.status_code == 404
    assert checked_problem(answer)["type"] == "urn:refilld:not-found"


def test_a_body_that_is_too_large_is_refused(world: QueueWorld) -> None:
    """One byte over the limit; exactly the limit is parsed."""
    caller = world.caller()

    def claim(size: int) -> TestResponse:
        body = b"{" + b" " * (size - 1)
        return caller.client.post(
            "/api/v1/refills/claim", data=body, content_type="application/json", headers=caller.headers
        )

    assert claim(LARGEST_BODY).status_code == 400
    assert claim(LARGEST_BODY + 1).status_code == 413
    checked_problem(claim(LARGEST_BODY + 1))


@pytest.mark.parametrize("since", ["1d", "2026-11-29T00:00:00", "2026-13-01T00:00:00Z", 5])
@pytest.mark.parametrize("path", ["/api/v1/refills/requeue", "/api/v1/webhooks/1/replay"])
def test_a_time_in_another_form_is_told_the_form(world: QueueWorld, path: str, since: object) -> None:
    """With an example, for every time of a body."""
    caller = world.caller()
    answer = caller.client.post(path, json={"since": since}, headers=caller.headers)
    (fault,) = checked_problem(answer)["errors"]
    form = "must be a time with its offset from UTC, such as 2026-03-01T00:00:00Z"
    assert (answer.status_code, fault) == (422, {"field": "since", "detail": form})


def test_a_refusal_does_not_repeat_the_input(world: QueueWorld) -> None:
    """Neither a lease token nor a very long name."""
    (refill_id,) = world.queue("1")
    body = {"lease_token": ["secret"], "delivered": "secret", "n" * 5000: "secret"}
    answer = world.caller().post(f"/{refill_id}/complete", body)
    checked_problem(answer)
    assert "secret" not in answer.text
    assert len(answer.data) < 2000


def test_an_error_lists_the_first_faults_only(world: QueueWorld) -> None:
    """The length of an answer is limited."""
    answer = world.caller().post("/claim", {f"unknown{number}": 1 for number in range(1000)})
    assert len(checked_problem(answer)["errors"]) == 20


@pytest.mark.parametrize("error", [UnreachableError("db at 10.0.0.5: refused"), NotMigratedError("run init")])
def test_an_unreachable_database_is_a_503_with_retry_after(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Its address is only in the log."""

    def fail(*_: object, **__: object) -> None:
        raise error

    caller = world.caller()
    monkeypatch.setattr(leases, "claim", fail)
    with structlog.testing.capture_logs() as logs:
        answer = caller.post("/claim", {})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert checked_problem(answer)["detail"] == "The database is not available."
    assert [(entry["event"], entry["error"]) for entry in logs] == [("http.database_unavailable", str(error))]


def test_an_internal_error_is_logged_and_not_shown(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response says only that the server failed; the log has the details."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inner details")

    caller = world.caller()
    monkeypatch.setattr(refill_list, "read_page", fail)
    with structlog.testing.capture_logs() as logs:
        answer = caller.get("?order_id=17")
    assert answer.status_code == 500
    assert "inner" not in answer.text
    assert checked_problem(answer)["title"] == "Internal Server Error"
    (entry,) = logs
    assert (entry["event"], entry["rule"]) == ("http.failed", "/api/v1/refills")
    assert isinstance(entry["exc_info"], ZeroDivisionError)


def test_responses_are_not_cached(world: QueueWorld) -> None:
    """They hold lease tokens."""
    caller = world.caller()
    for answer in (caller.post("/claim", {}), caller.get("/nothing")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_documentation_names_every_type_of_problem_and_no_other() -> None:
    """The two lists are equal."""
    text = (Path(__file__).parents[3] / "docs/http.md").read_text()
    assert set(re.findall(r"`urn:refilld:([a-z-]+)`", text)) == set(ProblemKind)


def test_liveness_is_independent_of_health(world: QueueWorld) -> None:
    """Readiness fails on a fault, which is logged but not shown."""
    client = world.app().test_client()
    assert client.get("/readyz").json == {"status": "ready", "queue": "open", "pauses": 0}
    world.health = Health(("job sampling makes no progress",))
    with structlog.testing.capture_logs() as logs:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "sampling" not in str(checked_problem(answer))
    assert logs[0]["faults"] == world.health.faults
    assert client.get("/healthz").json == {"status": "alive"}


FIELDS = st.sampled_from(
    [
        *("limit", "lease_seconds", "wait_seconds", "metrics", "consumer"),
        *("lease_token", "external_id", "delivered", "reason", "retryable", "retry_after_seconds"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["likes", "t", "1" * 400, "\x00"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(), inner),
    max_leaves=12,
)
LIKELY = st.dictionaries(FIELDS, SCALARS | st.lists(st.sampled_from(["likes", "views"]), max_size=3))
PATHS = st.sampled_from(
    ["/claim", *(f"/{number}/{action}" for number in (1, 7, LONGEST_ID) for action in ACTIONS)]
)


def never_ours(answer: TestResponse) -> None:
    assert answer.status_code < 500
    if answer.status_code >= 400:
        checked_problem(answer)


@settings(max_examples=300, deadline=None)
@given(path=PATHS, body=LIKELY | JSON)
def test_no_json_causes_an_internal_error(fuzzed: Caller, path: str, body: object) -> None:
    """Every body is accepted or refused."""
    never_ours(fuzzed.post(path, body))


@settings(max_examples=200, deadline=None)
@given(path=PATHS, data=st.binary(), content_type=st.sampled_from(["application/json", "text/plain", ""]))
def test_no_bytes_cause_an_internal_error(fuzzed: Caller, path: str, data: bytes, content_type: str) -> None:
    """Also bytes that are not JSON."""
    answer = fuzzed.client.post(
        f"/api/v1/refills{path}", data=data, content_type=content_type, headers=fuzzed.headers
    )
    never_ours(answer)


@settings(max_examples=200, deadline=None)
@given(
    query=st.dictionaries(
        st.sampled_from(["state", "order_id", "limit", "cursor"]) | st.text(max_size=5),
        st.text() | st.integers().map(str),
        max_size=4,
    )
)
def test_no_query_causes_an_internal_error(fuzzed: Caller, query: dict[str, str]) -> None:
    """For every query string."""
    answer = fuzzed.client.get("/api/v1/refills", query_string=query, headers=fuzzed.headers)
    never_ours(answer)


@settings(max_examples=200, deadline=None)
@given(path=st.text(), header=st.text(st.characters(min_codepoint=32, max_codepoint=255)))
def test_no_path_and_no_header_cause_an_internal_error(fuzzed: Caller, path: str, header: str) -> None:
    """Also before authentication."""
    answer = fuzzed.client.get(f"/api/v1/{path}", headers={"Authorization": header.strip()})
    never_ours(answer)
