"""Every class of error has its outcome, with any HTTP status."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from monitor.model.snapshot import Outcome, Snapshot
from monitor.sources.contract import Reading
from refilld.demo.graph import TOKEN, GraphStandIn
from refilld.demo.graph_answers import NOBODY, discovery, error, json_answer
from refilld.demo.tunnel import HttpAnswer
from tests.monitor.sources.graph.graph_world import post, profile

USER = {"username": "natgeo", "followers_count": 5}
CODES = [
    *((code, Outcome.RATE_LIMITED) for code in (4, 17, 32, 613, 341, 80002)),
    *((code, Outcome.LOGIN_REQUIRED) for code in (190, 102)),
    *((code, Outcome.BLOCKED) for code in (10, 3, 200, 230, 299, 368)),
]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
@pytest.mark.parametrize(("code", "outcome"), CODES)
def test_a_refusal_is_recognized_by_its_code(
    script: Callable[..., None], look: Callable[..., Snapshot], code: int, outcome: Outcome, status: int
) -> None:
    """A limit may have status 400, 403 or 429, and may be marked as transient."""
    script(error(code, "No more", subcode=463, status=status, transient=True))
    seen = look(profile())
    assert seen.outcome is outcome
    assert f"HTTP {status}, code {code}, subcode 463: No more" in seen.detail


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        *((code, "the access token has ended: renew it") for code in (102, 190)),
        *((code, "the access token lacks a permission: renew it") for code in (3, 10, 200, 299)),
        (368, "Meta restricts your account or app for its policies"),
    ],
)
def test_a_refusal_that_the_operator_has_to_end_says_how(
    script: Callable[..., None], look: Callable[..., Snapshot], code: int, advice: str
) -> None:
    script(error(code, "No more", status=401))
    assert look(profile()).detail.startswith(advice)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (error(1), Outcome.TRANSIENT),
        (error(2, status=500), Outcome.TRANSIENT),
        (error(100, transient=True), Outcome.TRANSIENT),
        (error(100, status=503), Outcome.TRANSIENT),
        (error(100), Outcome.SCHEMA),
        (error(100, subcode=33), Outcome.SCHEMA),
        (error(2635, "you are calling a deprecated version"), Outcome.SCHEMA),
        (error(5, status=401), Outcome.LOGIN_REQUIRED),
        (error(5, status=403), Outcome.BLOCKED),
        (error(5, status=429), Outcome.RATE_LIMITED),
        (NOBODY, Outcome.NOT_FOUND),
        (error(100, subcode=2207013), Outcome.NOT_FOUND),
        (error(110), Outcome.NOT_FOUND),
        (error(110, subcode=5), Outcome.SCHEMA),
        (error(4, subcode=2207013), Outcome.RATE_LIMITED),
    ],
)
def test_other_errors_are_classified_by_subcode_flag_or_status(
    script: Callable[..., None], look: Callable[..., Snapshot], answer: HttpAnswer, outcome: Outcome
) -> None:
    """A refusal by the source never counts as the absence of a target."""
    script(answer)
    assert look(profile()).outcome is outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (204, Outcome.SCHEMA),
        (301, Outcome.SCHEMA),
        (302, Outcome.SCHEMA),
        (400, Outcome.SCHEMA),
        (401, Outcome.LOGIN_REQUIRED),
        (403, Outcome.BLOCKED),
        (404, Outcome.SCHEMA),
        (408, Outcome.TRANSIENT),
        (429, Outcome.RATE_LIMITED),
        (500, Outcome.TRANSIENT),
        (503, Outcome.TRANSIENT),
        (560, Outcome.TRANSIENT),
    ],
)
@pytest.mark.parametrize("body", ["", "<html>", '{"error": "x"}', "[]", '{"business_discovery": {}}'])
def test_without_a_graph_error_the_status_decides(
    script: Callable[..., None], look: Callable[..., Snapshot], status: int, outcome: Outcome, body: str
) -> None:
    """An answer of a proxy, or an HTML page."""
    script(HttpAnswer("" if status == 204 else body, status))
    assert look(profile()).outcome is outcome


def test_a_redirect_is_not_followed(
    script: Callable[..., None], standin: GraphStandIn, read: Callable[..., Reading]
) -> None:
    """The token is sent to one host only."""
    place = ("Location", "https://graph.facebook.com/elsewhere")
    script(HttpAnswer("moved", 302, (place,)))
    assert (read(profile()).requests, len(standin.requests)) == (1, 1)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"x"',
        "5",
        "{",
        "for(;;);{}",
        '{"business_discovery": null}',
        '{"business_discovery": []}',
        "[" * 100_000,
        b"\xff\xfe\x00",
        '{"business_discovery": {"username": "natgeo", "followers_count": ' + "9" * 5000 + "}}",
    ],
)
def test_an_invalid_body_is_a_schema_outcome(
    script: Callable[..., None], look: Callable[..., Snapshot], body: str | bytes
) -> None:
    """Malformed, of another type, or deeply nested."""
    script(HttpAnswer(body))
    assert look(profile()).outcome is Outcome.SCHEMA


@pytest.mark.parametrize(
    "odd", [None, True, -1, 5.0, "5", [5], {"count": 5}, 10**12, 10**30, float("nan"), float("inf")]
)
def test_only_a_whole_number_is_a_count(
    script: Callable[..., None], look: Callable[..., Snapshot], odd: Any
) -> None:
    """Within the range that is possible on Instagram."""
    script(discovery(USER | {"followers_count": odd}))
    assert look(profile()).outcome is Outcome.SCHEMA


@pytest.mark.parametrize("odd", [True, -1, 5.0, "5", [5], 10**12])
def test_an_invalid_count_of_one_post_does_not_affect_the_others(
    script: Callable[..., None], read: Callable[..., Reading], odd: Any
) -> None:
    """The other entries of the page are read."""
    media = [{"shortcode": "ReelAAAAAA1", "like_count": odd}, {"shortcode": "ReelAAAAAA2", "like_count": 4}]
    script(discovery(USER | {"media": {"data": media}}))
    strange, plain = read(post("ReelAAAAAA1"), post("ReelAAAAAA2")).snapshots
    assert (strange.outcome, plain.count) == (Outcome.SCHEMA, 4)


@pytest.mark.parametrize(
    "edge", [None, 5, [], {}, {"data": None}, {"data": {}}, {"data": [5]}, {"data": [{}], "paging": 5}]
)
def test_media_of_another_schema_are_a_schema_outcome(
    script: Callable[..., None], read: Callable[..., Reading], edge: Any
) -> None:
    """The followers in the same answer are still read."""
    script(discovery(USER | {"media": edge}))
    followers, likes = read(profile(), post("ReelAAAAAAA")).snapshots
    assert (followers.count, likes.outcome) == (5, Outcome.SCHEMA)


@pytest.mark.parametrize("name", ["nasa", "", None, 5, ["natgeo"], "natgeo ", "natgeo"])
def test_the_answer_must_be_about_the_requested_account(
    script: Callable[..., None], look: Callable[..., Snapshot], name: Any
) -> None:
    """Followers of another account are no count."""
    script(discovery({"username": name, "followers_count": 5}))
    assert look(profile()).outcome is (Outcome.COUNT if name == "natgeo" else Outcome.SCHEMA)


def test_the_case_of_a_name_does_not_matter(
    script: Callable[..., None], look: Callable[..., Snapshot]
) -> None:
    """Usernames are case-insensitive."""
    script(discovery(USER | {"username": "NatGeo"}))
    assert look(profile()).count == 5


def test_an_answer_with_numbers_and_an_error_is_no_count(
    script: Callable[..., None], look: Callable[..., Snapshot]
) -> None:
    """A partial answer is not used."""
    script(json_answer({"business_discovery": USER, "error": {"code": 2, "message": "x"}}))
    assert look(profile()).outcome is Outcome.TRANSIENT


@pytest.mark.parametrize(
    "error_object", [{}, {"code": "190"}, {"code": True}, {"code": 10**40}, {"code": None}]
)
def test_an_error_of_another_shape_is_a_schema_outcome(
    script: Callable[..., None], look: Callable[..., Snapshot], error_object: Any
) -> None:
    """Nothing is raised."""
    script(json_answer({"error": error_object}, 400))
    assert look(profile()).outcome is Outcome.SCHEMA


@pytest.mark.parametrize("spelling", [TOKEN, TOKEN[:-1], f"'{TOKEN}'", TOKEN + "x" * 5000])
def test_a_token_that_graph_repeats_is_not_shown(
    script: Callable[..., None], look: Callable[..., Snapshot], spelling: str
) -> None:
    """Graph repeats malformed tokens, and could repeat others."""
    script(error(190, f"Malformed access token {spelling}"))
    assert "(HTTP 400, code 190, subcode None: Malformed access token" in look(profile()).detail
    assert TOKEN[:-1] not in look(profile()).detail
    script(discovery({"username": spelling}))
    assert TOKEN[:-1] not in look(profile()).detail


def test_a_detail_is_one_line_of_two_hundred_characters(
    script: Callable[..., None], look: Callable[..., Snapshot]
) -> None:
    """Whatever the answer contains."""
    script(error(2, "a\nb\x1b[31m\ud800 " * 1_000))
    detail = look(profile()).detail
    assert (len(detail), detail.isprintable()) == (200, True)
    script(HttpAnswer(json.dumps({"error": {"code": 2, "message": "x" * 3_000_000}})))
    assert len(look(profile()).detail) < 200
