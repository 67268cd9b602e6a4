"""Query strings of lists: what is written is read again, and errors become faults, not exceptions."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from refilld.services.decision_query import DECISIONS
from refilld.services.delivery_query import DELIVERIES
from refilld.services.drop_query import DROPS
from refilld.services.event_query import ALERTS, EVENTS
from refilld.services.list_query import ListQuery, QueryFormat
from refilld.services.mass_drop_query import MASS_DROPS
from refilld.services.order_query import ORDERS
from refilld.services.refill_query import REFILLS
from refilld.services.review_query import REVIEWS
from storage.pages import Cursor, PageRequest
from tests.builders import DAY, NOW

FORMATS: dict[str, QueryFormat[Any]] = {
    "orders": ORDERS, "drops": DROPS, "decisions": DECISIONS, "refills": REFILLS, "reviews": REVIEWS,
    "events": EVENTS, "alerts": ALERTS, "deliveries": DELIVERIES, "mass drops": MASS_DROPS,
}  # fmt: skip
INTERNAL = {"about_drops", "jobs"}
"""Fields of filters that no URL has."""
WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=50)
TIMES = st.timedeltas(timedelta(days=-9999), timedelta(days=9999)).map(lambda age: NOW + age)
NAMED: dict[str, st.SearchStrategy[Any]] = {
    "link": st.sampled_from(["https://www.instagram.com/nasa/", "https://www.instagram.com/p/Cabc_-1/"]),
    "drop_state": st.sampled_from(["suspected", "waiting", "refused"]),
}


def values_of(query: QueryFormat[Any], name: str) -> st.SearchStrategy[Any]:
    """Values of a field, by its type."""
    if name in NAMED:
        return NAMED[name]
    hint = get_type_hints(query.make)[name]
    (kind, *_) = (
        [one for one in get_args(hint) if one is not type(None)] if isinstance(hint, UnionType) else [hint]
    )
    if issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    if kind is str and name == "state":
        return st.sampled_from(["pending", "failed"])
    found: dict[type, st.SearchStrategy[Any]] = {
        str: WORDS, bool: st.just(True), int: st.integers(1, 2**63 - 1), datetime: TIMES,
    }  # fmt: skip
    return found[kind]


@st.composite
def queries(draw: st.DrawFn, query: QueryFormat[Any]) -> ListQuery[Any]:
    chosen = draw(st.lists(st.sampled_from(sorted(query.fields)), unique=True))
    wanted = query.make(**{name: draw(values_of(query, name)) for name in chosen})
    key = st.integers(1, 2**63 - 1) if query.numbered else WORDS
    cursor = st.builds(Cursor, st.none() | TIMES, key, st.booleans())
    page = st.builds(PageRequest, st.integers(1, 1000), st.none() | cursor, st.booleans())
    return ListQuery(wanted, draw(page))


@pytest.mark.parametrize("noun", FORMATS)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_list_is_read_as_it_was_written(noun: str, data: st.DataObject) -> None:
    """With every field, any cursor, and either order."""
    query = data.draw(queries(FORMATS[noun]))
    assert FORMATS[noun].parse(FORMATS[noun].write(query), NOW) == query


@pytest.mark.parametrize("noun", FORMATS)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@example(text="=")
@given(text=st.text(max_size=200) | st.from_regex(r"(since|limit|cursor|link|state|metric)=[\w.%&=+-]{0,40}"))
def test_no_query_string_raises(noun: str, text: str) -> None:
    """It is read, or each fault names its field; `=` is one without a name."""
    found = FORMATS[noun].parse(text, NOW)
    assert isinstance(found, ListQuery) or all(fault.field and fault.problem for fault in found)


@pytest.mark.parametrize("noun", FORMATS)
def test_a_url_has_every_field_of_a_filter(noun: str) -> None:
    query = FORMATS[noun]
    filter_type: Any = query.make
    assert {field.name for field in fields(filter_type)} - INTERNAL == set(query.fields)


def test_every_fault_is_told_at_once() -> None:
    text = "status=Lost&service=&since=yesterday&limit=5000&cursor=x&color=red&metric=likes&metric=views"
    faults = ORDERS.parse(text + "&link=https://example.com/a", NOW)
    assert isinstance(faults, tuple)
    assert {fault.field: str(fault).partition(": ")[2].partition(";")[0] for fault in faults} == {
        "color": "is not known",
        "metric": "is given twice",
        "status": "'Lost' is not known",
        "since": "'yesterday' is neither a duration such as 7d nor a time such as 2026-03-01T00:00:00Z",
        "limit": "'5000' is not possible",
        "cursor": "'x' is no place in this list",
        "link": "'https://example.com/a' is not on instagram.com",
    }


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "9" * 19 + "0", "0" * 19 + "1" + "9" * 20, "\u0661"])
def test_a_number_that_is_no_id_is_a_fault(number: str) -> None:
    """Also one that is too large for the database behind many zeros."""
    found = DELIVERIES.parse(f"endpoint_id={number}", NOW)
    assert isinstance(found, tuple)
    assert [fault.field for fault in found] == ["endpoint_id"]


def test_an_age_is_a_time_before_now_and_empty_fields_do_not_filter() -> None:
    found = DROPS.parse("before=7d&service=&since=2026-01-01T00:00:00%2B02:00", NOW)
    assert isinstance(found, ListQuery)
    assert (found.filter.before, found.filter.service) == (NOW - 7 * DAY, None)
    assert found.filter.since == datetime(2025, 12, 31, 22, tzinfo=UTC)
    assert timedelta(0) == found.filter.since.utcoffset()
