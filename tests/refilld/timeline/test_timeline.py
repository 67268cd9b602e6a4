"""The timeline: all events in order of time, and uneventful looks folded."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model.snapshot import Outcome
from refilld.timeline.event import TimelineEvent, TimelineLook
from refilld.timeline.timeline import in_time

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def counted(hour: int, count: int) -> TimelineLook:
    return TimelineLook(START + hour * HOUR, Outcome.COUNT, count)


def failed(hour: int, outcome: Outcome = Outcome.TRANSIENT, detail: str = "") -> TimelineLook:
    return TimelineLook(START + hour * HOUR, outcome, detail=detail)


def happened(hour: int, text: str = "something happened") -> TimelineEvent:
    return TimelineEvent(START + hour * HOUR, "drop.opened", text)


LOOKS = st.builds(counted, st.integers(0, 50), st.integers(0, 5)) | st.builds(
    failed, st.integers(0, 50), st.sampled_from([Outcome.PRIVATE, Outcome.BLOCKED])
)
EVENTS = st.builds(happened, st.integers(0, 50), st.text(max_size=3))


def summary(*items: TimelineLook | TimelineEvent) -> list[str]:
    looks = [item for item in items if isinstance(item, TimelineLook)]
    return [
        event.text for event in in_time(looks, [item for item in items if isinstance(item, TimelineEvent)])
    ]


def test_uneventful_looks_are_one_line_with_the_range_of_their_counts() -> None:
    """The line has the time of the last look."""
    (line,) = in_time([counted(0, 4990), counted(1, 5010), counted(2, 4980), counted(3, 5000)], [])
    assert line.text == "4 looks, counts 4,980 to 5,010, the last 5,000"
    assert (line.at, line.until) == (START, START + 3 * HOUR)


def test_looks_with_equal_counts_show_one_count() -> None:
    """Many of them as well as a single one."""
    assert summary(counted(0, 1_000), counted(1, 1_000)) == ["2 looks, count 1,000"]
    assert summary(counted(0, 1_000)) == ["count 1,000"]


def test_failed_looks_are_named_with_outcome_and_detail() -> None:
    """Only equal failures are folded."""
    private = [failed(hour, Outcome.PRIVATE) for hour in (0, 1)]
    limited = failed(2, Outcome.RATE_LIMITED, "HTTP 429")
    assert summary(*private, limited, failed(3)) == [
        "2 looks failed: private",
        "look failed: rate_limited (HTTP 429)",
        "look failed: transient",
    ]


def test_an_event_separates_the_looks_around_it() -> None:
    """A look at the same time is before it."""
    before, after = [counted(0, 9), counted(1, 9), counted(2, 8)], [counted(3, 8), counted(4, 8)]
    assert summary(*before, happened(2), *after) == [
        "2 looks, count 9",
        "count 8",
        "something happened",
        "2 looks, count 8",
    ]


def test_events_of_one_time_keep_their_order() -> None:
    """Equal events are all shown."""
    assert summary(happened(0, "b"), happened(0, "a"), happened(0, "a")) == ["b", "a", "a"]


@given(st.lists(LOOKS, max_size=40, unique_by=lambda look: look.at), st.lists(EVENTS, max_size=10))
def test_the_timeline_is_ordered_and_complete(looks: list[TimelineLook], events: list[TimelineEvent]) -> None:
    """Each event once, each look in exactly one line, and no line reaches over the next."""
    lines = list(in_time(looks, events))
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert sorted(line.text for line in lines if line.kind == "drop.opened") == sorted(e.text for e in events)
    spans = [(line.at, line.until or line.at) for line in lines if line.kind.startswith("look")]
    assert all(sum(start <= look.at <= end for start, end in spans) == 1 for look in looks)
    assert all(end <= line.at for (_, end), line in zip(spans, lines, strict=False) if line.at > end)


@given(st.lists(LOOKS, min_size=1, max_size=40, unique_by=lambda look: look.at))
def test_folding_keeps_the_extremes(looks: list[TimelineLook]) -> None:
    """The lowest and the highest count are shown."""
    counts = [f"{look.count:,}" for look in looks if look.count is not None]
    words = " ".join(summary(*looks)).replace(",", "").split()
    assert {min(counts, default=""), max(counts, default="")} - {""} <= set(words)
