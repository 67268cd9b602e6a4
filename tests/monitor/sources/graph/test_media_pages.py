"""Posts are found by paging through their owner's media, no further than needed."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from monitor.sources.contract import Reading
from refilld.demo.graph import GraphStandIn, ProfessionalAccount, SmallGraph
from refilld.demo.graph_answers import DOWN, NOBODY, THROTTLED, discovery
from refilld.demo.instagram import Post
from tests.monitor.sources.graph.graph_world import post, profile

EDGE = {"username": "natgeo", "followers_count": 5, "media_count": 1000}


def code(number: int) -> str:
    return f"Reel{number:07}"


def page(*media: Mapping[str, Any], after: str | None = None) -> dict[str, Any]:
    """A profile with a page of media; the last page if there is no cursor."""
    paging = {} if after is None else {"paging": {"cursors": {"after": after}}}
    return EDGE | {"media": {"data": [*media], **paging}}


@pytest.fixture
def long(world: SmallGraph) -> SmallGraph:
    """An account with more posts than are paged through."""
    world.accounts["natgeo"] = ProfessionalAccount(5, {code(at): Post(at) for at in range(700)})
    return world


@pytest.mark.parametrize(("number", "requests"), [(0, 1), (99, 1), (100, 2), (250, 3), (499, 5)])
def test_paging_ends_where_the_last_requested_post_was_found(
    long: SmallGraph, read: Callable[..., Reading], standin: GraphStandIn, number: int, requests: int
) -> None:
    """Every page is a counted request."""
    reading = read(profile(), post(code(3)), post(code(number)))
    assert [snapshot.count for snapshot in reading.snapshots] == [5, 3, number]
    assert reading.requests == len(standin.requests) == requests


def test_a_post_behind_the_fifth_page_is_unavailable_and_the_detail_says_why(
    long: SmallGraph, read: Callable[..., Reading]
) -> None:
    """The posts on earlier pages have their counts."""
    reading = read(post(code(499)), post(code(500)))
    assert reading.requests == 5
    found, behind = reading.snapshots
    assert (found.count, behind.outcome, behind.out_of_reach) == (499, Outcome.UNAVAILABLE, True)
    assert behind.detail == "not among the newest 500 media of natgeo, and older ones are not asked for"


@pytest.mark.parametrize(("posts", "requests"), [(0, 1), (2, 1), (100, 2), (130, 2)])
def test_a_missing_post_is_unavailable_once_all_media_were_read(
    world: SmallGraph, read: Callable[..., Reading], posts: int, requests: int
) -> None:
    """A page that is not full ends the list if the number of media agrees, without a further request."""
    world.accounts["natgeo"] = ProfessionalAccount(5, {code(at): Post(at) for at in range(posts)})
    reading = read(profile(), post("missingAAAA"))
    assert (reading.snapshots[0].count, reading.requests) == (5, requests)
    assert reading.snapshots[1].outcome is Outcome.UNAVAILABLE
    assert not reading.snapshots[1].out_of_reach
    assert reading.snapshots[1].detail == f"not among the {posts} media of natgeo"


@pytest.mark.parametrize("edge", [{}, {"media": {"data": []}}, {"media": {"data": []}, "media_count": None}])
def test_an_incomplete_media_list_is_no_evidence_of_absence(
    script: Callable[..., None], look: Callable[..., Snapshot], edge: dict[str, object]
) -> None:
    """Graph leaves out empty fields and media without permission."""
    script(discovery(EDGE | edge))
    assert look(post(code(1))).outcome is Outcome.SCHEMA


def test_without_a_shortcode_the_permalink_identifies_the_post(
    script: Callable[..., None], read: Callable[..., Reading]
) -> None:
    """In any form of its address."""
    places = ["p/CodeAAAAAA1", "reel/CodeAAAAAA2", "natgeo/reel/CodeAAAAAA3"]
    media = [{"permalink": f"https://www.instagram.com/{place}/", "like_count": 7} for place in places]
    script(discovery(page(*media)))
    assert [
        snapshot.count for snapshot in read(*(post(f"CodeAAAAAA{at}") for at in (1, 2, 3))).snapshots
    ] == [
        7,
        7,
        7,
    ]


@pytest.mark.parametrize(
    "nameless",
    [
        {},
        {"shortcode": None, "permalink": f"https://www.instagram.com/p/{code(1)}/"},
        {"shortcode": 5},
        {"permalink": "https://example.com/p/CodeAAAAAA1/"},
        {"permalink": "https://www.instagram.com/natgeo/"},
        {"permalink": ["x"]},
    ],
)
def test_an_unidentified_entry_could_be_the_missing_post(
    script: Callable[..., None], read: Callable[..., Reading], nameless: Mapping[str, Any]
) -> None:
    """So the post is not taken for absent, and the others are read."""
    script(discovery(page({"shortcode": code(2), "like_count": 2}, nameless)))
    found, missing = read(post(code(2)), post(code(1))).snapshots
    assert (found.count, missing.outcome) == (2, Outcome.SCHEMA)
    assert "1 have no shortcode" in missing.detail


def test_of_two_entries_for_one_post_the_first_one_counts(
    script: Callable[..., None], look: Callable[..., Snapshot]
) -> None:
    """The counts of two entries are never combined."""
    script(discovery(page({"shortcode": code(1), "like_count": 2}, {"shortcode": code(1), "like_count": 3})))
    assert look(post(code(1))).count == 2


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(THROTTLED, Outcome.RATE_LIMITED), (DOWN, Outcome.TRANSIENT), (NOBODY, Outcome.NOT_FOUND)],
)
def test_what_was_found_before_a_fault_is_kept(
    script: Callable[..., None], read: Callable[..., Reading], fault: Any, outcome: Outcome
) -> None:
    """Only targets that were not read yet have the outcome of the fault."""
    script(discovery(page({"shortcode": code(1), "like_count": 8}, after="QVFI")), fault)
    reading = read(profile(), post(code(1)), post(code(2), Metric.VIEWS))
    assert [snapshot.count for snapshot in reading.snapshots] == [5, 8, None]
    assert (reading.snapshots[2].outcome, reading.requests) == (outcome, 2)


def test_the_cursor_is_sent_unchanged(
    script: Callable[..., None], standin: GraphStandIn, look: Callable[..., Snapshot]
) -> None:
    """With all characters of base64."""
    script(
        discovery(page({}, after="QVF+a/b_c-d=")), discovery(page({"shortcode": code(1), "like_count": 1}))
    )
    assert look(post(code(1))).count == 1
    assert "media.after%28QVF%2Ba%2Fb_c-d%3D%29.limit%28100%29" in standin.requests[1].path


@pytest.mark.parametrize(
    "cursor", ["a)b", "a,b", "{", "a b", "x" * 1025, "é", "a\n", "limit(5)", 5, None, ["a"], {"a": 1}, True]
)
def test_a_cursor_with_unsafe_characters_is_not_requested(
    script: Callable[..., None], read: Callable[..., Reading], cursor: Any
) -> None:
    """Only names and cursors may become part of the field expression."""
    script(discovery(EDGE | {"media": {"data": [{}], "paging": {"cursors": {"after": cursor}}}}))
    reading = read(profile(), post(code(1)))
    assert (reading.requests, reading.snapshots[0].count) == (1, 5)
    assert reading.snapshots[1].outcome is Outcome.SCHEMA


@pytest.mark.parametrize("round_of", [1, 3])
def test_circular_paging_is_abandoned(
    script: Callable[..., None], read: Callable[..., Reading], round_of: int
) -> None:
    """As soon as a cursor is repeated."""
    script(*(discovery(page({"shortcode": code(9)}, after=f"C{at % round_of}")) for at in range(6)))
    reading = read(post(code(1)))
    assert (reading.requests, reading.snapshots[0].outcome) == (round_of + 1, Outcome.SCHEMA)


def test_an_endless_list_costs_five_requests(
    script: Callable[..., None], read: Callable[..., Reading]
) -> None:
    """However many pages the answers announce."""
    script(*(discovery(page({"shortcode": code(9)}, after=f"C{at}")) for at in range(9)))
    assert read(post(code(1))).requests == 5


@pytest.mark.parametrize("first", [True, False])
def test_an_empty_page_with_a_cursor_is_not_the_last_one(
    script: Callable[..., None], read: Callable[..., Reading], *, first: bool
) -> None:
    """Graph leaves out media without permission, which may be a whole page."""
    filled = [] if first else [discovery(page({"shortcode": code(9)}, after="C0"))]
    found = discovery(page({"shortcode": code(1), "like_count": 7}))
    script(*filled, discovery(page(after="C1")), discovery(page(after="C2")), found)
    reading = read(post(code(1)))
    assert (reading.snapshots[0].count, reading.requests) == (7, len(filled) + 3)


def test_empty_pages_end_at_the_page_limit(script: Callable[..., None], read: Callable[..., Reading]) -> None:
    script(*(discovery(page(after=f"C{at}")) for at in range(9)))
    reading = read(post(code(1)))
    assert (reading.requests, reading.snapshots[0].out_of_reach) == (5, True)


def test_an_empty_page_that_repeats_its_cursor_is_the_last_one(
    script: Callable[..., None], read: Callable[..., Reading]
) -> None:
    script(discovery(page({"shortcode": code(9)}, after="C0")), discovery(page(after="C0")))
    reading = read(post(code(1)))
    assert (reading.requests, reading.snapshots[0].outcome) == (2, Outcome.UNAVAILABLE)
    assert not reading.snapshots[0].out_of_reach
