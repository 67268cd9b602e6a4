"""Graph's rate limit headers are used only where they are as documented."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from monitor.sources.contract import RateLimitHint, Reading
from monitor.sources.graph.rate_limit_headers import rate_limit_hint
from refilld.demo.graph import SmallGraph
from refilld.demo.graph_answers import discovery, error, usage
from tests.monitor.sources.graph.graph_world import NOW, post, profile

APP = "X-App-Usage"
CASES = "X-Business-Use-Case-Usage"


def cases(**case: Any) -> dict[str, str]:
    return {CASES: json.dumps({"17841400000000001": [{"type": "instagram", **case}]})}


def test_the_headers_of_an_answer_are_in_the_reading(world: SmallGraph, read: Callable[..., Reading]) -> None:
    """The largest of the three shares that Graph reports."""
    assert read(profile()).rate_limit == RateLimitHint()
    world.usage = usage(28)
    assert read(profile()).rate_limit == RateLimitHint(28)
    world.usage = usage(93, regain_minutes=19)
    assert read(profile()).rate_limit == RateLimitHint(93, timedelta(minutes=19))


def test_the_headers_of_a_refusal_are_used(script: Callable[..., None], read: Callable[..., Reading]) -> None:
    """A throttled limit counts as used up, whatever share it reports."""
    script(error(4, status=403, headers=usage(97, regain_minutes=3)))
    assert read(profile()).rate_limit == RateLimitHint(100, timedelta(minutes=3))
    script(error(80002))
    assert read(profile()).rate_limit == RateLimitHint(100)
    script(error(2, status=503, headers=(("Retry-After", "120"), *usage(40))))
    assert read(profile()).rate_limit == RateLimitHint(40, timedelta(minutes=2))


def test_of_several_outcomes_the_worst_counts(
    script: Callable[..., None], read: Callable[..., Reading]
) -> None:
    """A second page may report less, or nothing."""
    page = {"username": "natgeo", "media": {"data": [{}], "paging": {"cursors": {"after": "A"}}}}
    script(discovery(page, usage(80, regain_minutes=1)), discovery(page, usage(60, regain_minutes=2)))
    reading = read(post("ReelAAAAAAA"))
    assert (reading.requests, reading.rate_limit) == (2, RateLimitHint(80, timedelta(minutes=2)))


@pytest.mark.parametrize("name", ["call_count", "total_time", "total_cputime"])
def test_each_share_is_used(name: str) -> None:
    """Graph throttles when any of them is used up."""
    counts = dict.fromkeys(("call_count", "total_time", "total_cputime"), 1) | {name: 76}
    assert rate_limit_hint({APP: json.dumps(counts)}, NOW).used_percent == 76
    assert rate_limit_hint(cases(**counts), NOW).used_percent == 76


def test_a_share_above_100_percent_is_100_percent() -> None:
    """Graph continues to count while it throttles."""
    assert rate_limit_hint({APP: '{"call_count": 130}'}, NOW) == RateLimitHint(100)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "[]",
        "5",
        "{",
        "[" * 60_000,
        '{"call_count": "99"}',
        '{"call_count": true}',
        '{"call_count": -1}',
        '{"call_count": 99.0}',
        '{"call_count": 1e2}',
        '{"call_count": NaN}',
        '{"call_count": [99]}',
        '{"call_count": 999999}',
        '{"call_count": ' + "9" * 5000 + "}",
        '{"other": 99}',
        '{"17": {"call_count": 99}}',
        '{"17": ["call_count"]}',
        '{"17": [[{"call_count": 99}]]}',
        '{"call_count": 5}, {"call_count": 6}',
    ],
)
def test_an_unknown_header_is_ignored(value: str) -> None:
    """Nothing is raised."""
    assert rate_limit_hint({APP: value, CASES: value}, NOW) in (RateLimitHint(), RateLimitHint(99))
    assert rate_limit_hint({APP: value}, NOW) == RateLimitHint()


def test_an_invalid_value_does_not_affect_the_others() -> None:
    """Each value is read on its own."""
    assert rate_limit_hint({APP: '{"call_count": "x", "total_time": 30}'}, NOW) == RateLimitHint(30)
    mixed = {CASES: json.dumps({"1": 5, "2": [7, {"call_count": 20}], "3": [{"call_count": 40}]})}
    assert rate_limit_hint(mixed, NOW) == RateLimitHint(40)


@pytest.mark.parametrize(
    ("minutes", "wait"),
    [
        (0, None),
        (19, timedelta(minutes=19)),
        (10**9, timedelta(days=1)),
        (10**4000, timedelta(days=1)),
        (-5, None),
        (5.5, None),
        ("19", None),
        (True, None),
        (None, None),
    ],
)
def test_the_time_to_regain_access_is_in_minutes_and_at_most_a_day(
    minutes: Any, wait: timedelta | None
) -> None:
    """No header pauses a source forever."""
    assert rate_limit_hint(cases(estimated_time_to_regain_access=minutes), NOW).wait == wait


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("0", None),
        ("9" * 30, timedelta(days=1)),
        ("9" * 5000, None),
        ("Mon, 23 Nov 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 23 Nov 2026 12:05:00 -0000", timedelta(minutes=5)),
        ("Mon, 23 Nov 2026 11:55:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", timedelta(days=1)),
        ("Mon, 99 Nov 2026 12:05:00 GMT", None),
        ("1.5", None),
        ("-1", None),
        ("\u00b2", None),
        ("soon", None),
        ("", None),
        (",", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(text: str, wait: timedelta | None) -> None:
    """Both forms of the HTTP standard."""
    assert rate_limit_hint({"Retry-After": text}, NOW).wait == wait


def test_the_longest_wait_is_used() -> None:
    """Of all waits that the headers contain."""
    headers = cases(estimated_time_to_regain_access=3) | {"Retry-After": "60"}
    assert rate_limit_hint(headers, NOW).wait == timedelta(minutes=3)
