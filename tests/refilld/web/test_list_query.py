"""Lists keep filters, sort and page in their URL."""

import pytest

from refilld.web.list_query import FilterField, ListColumn, ListQuery, read_list_query

COLUMNS = (
    ListColumn("at", "At", sort=True),
    ListColumn("units", "Units", sort=True),
    ListColumn("why", "Why"),
)
FILTERS = (
    FilterField("state", "State", (("held", "held"), ("queued", "queued"))),
    FilterField("q", "Search"),
)


def read(**given: str) -> ListQuery:
    return read_list_query("/drops", given, FILTERS, COLUMNS, "-at")


def test_the_url_of_a_list_gives_the_same_list() -> None:
    query = read(state="held", q="a b&c", sort="units", page="3")
    assert query.url == "/drops?state=held&q=a+b%26c&sort=units&page=3"
    assert (query.offset, query.sort, query.descending) == (100, "units", False)


def test_a_list_without_wishes_has_the_plain_url() -> None:
    assert read().url == "/drops"
    assert (read().sort, read().descending, read().page) == ("at", True, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "other"),
        ("sort", "why"),
        ("sort", "at; DROP"),
        ("page", "x"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "\u00b2"),
        ("page", "9" * 5_000),
        ("q", "\0"),
        ("else", "1"),
    ],
)
def test_what_cannot_be_asked_for_is_ignored(name: str, value: str) -> None:
    assert read(**{name: value}).url == "/drops"


def test_another_sort_or_filter_begins_at_the_first_page() -> None:
    query = read(page="4")
    assert query.sorted_by("units") == "/drops?sort=units"
    assert query.sorted_by("at") == "/drops?sort=at"
    assert query.filtered(state="held") == "/drops?state=held"
    assert read(state="held").filtered(state="") == "/drops"


def test_no_list_is_paged_beyond_what_is_counted() -> None:
    assert read(page="99").page == 20
    assert not read(page="20").has_next(1_001)
    assert read(page="20").is_last(1_001)
    assert not read(page="20").is_last(1_000)
    assert read().has_next(51)
    assert not read().has_next(50)
