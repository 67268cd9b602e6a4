"""Routing: the best allowed source that has not failed to find the target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evaluation.source_choice import SourceRoute, best_route
from tests.effort import examples

GRAPH, PAGES, PLUG = (
    SourceRoute("graph", "profile:a"),
    SourceRoute("instaloader", "profile:a"),
    SourceRoute("plug", "a"),
)
WAYS = (GRAPH, PAGES, PLUG)


def test_the_best_source_that_can_see_a_target_looks_at_it() -> None:
    assert best_route(WAYS, [], frozenset()) == GRAPH
    assert best_route(WAYS[1:], [None], frozenset()) == PAGES


def test_a_target_that_no_source_can_read_has_no_source() -> None:
    assert best_route([], [None], frozenset()) is None


def test_a_service_allows_its_sources_and_prefers_the_first() -> None:
    assert best_route(WAYS, [("plug", "graph")], frozenset()) == PLUG
    assert best_route(WAYS, [("instaloader",)], frozenset()) == PAGES
    assert best_route(WAYS, [()], frozenset()) is None


def test_the_services_of_all_orders_must_allow_a_source() -> None:
    """The first order with a preference determines the order of sources."""
    assert best_route(WAYS, [None, ("plug", "instaloader"), ("instaloader", "plug")], frozenset()) == PLUG
    assert best_route(WAYS, [("plug", "graph"), ("graph", "instaloader")], frozenset()) == GRAPH
    assert best_route(WAYS, [("plug",), ("graph",)], frozenset()) is None


def test_a_source_that_has_not_found_a_target_is_followed_by_the_next() -> None:
    assert best_route(WAYS, [], {"graph"}) == PAGES
    assert best_route(WAYS, [], {"graph", "instaloader"}) == PLUG
    assert best_route(WAYS, [("plug", "graph")], {"plug"}) == GRAPH


@pytest.mark.parametrize("allowed", [[], [("graph", "instaloader")]])
def test_when_no_source_has_found_a_target_the_last_one_reports_it(allowed: list[tuple[str, ...]]) -> None:
    last = PLUG if not allowed else PAGES
    assert best_route(WAYS, allowed, {"graph", "instaloader", "plug"}) == last


SOURCES = st.sampled_from(["graph", "instaloader", "plug"])


@given(
    st.lists(st.sampled_from(WAYS), unique=True),
    st.lists(st.none() | st.lists(SOURCES, unique=True), max_size=3),
    st.frozensets(SOURCES),
)
@examples(150)
def test_a_route_is_found_exactly_if_one_is_allowed(
    ways: list[SourceRoute], allowed: list[list[str] | None], unseen_by: frozenset[str]
) -> None:
    """One that has not found the target is chosen only if there is no other."""
    may = [way for way in ways if all(names is None or way.source in names for names in allowed)]
    found = best_route(ways, allowed, unseen_by)
    assert (found in may) if may else (found is None)
    if found is not None and found.source in unseen_by:
        assert all(way.source in unseen_by for way in may)
