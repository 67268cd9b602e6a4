"""Reading recorded events: a bad line is reported by file, line and field, and the run continues."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import BadInputError
from refilld.backtest.lines import LONGEST_LINE
from refilld.backtest.timestamps import read_timestamp
from tests.refilld.backtest.backtest_world import (
    HOUR,
    SETTLED,
    ReplayResult,
    look_event,
    order_event,
    order_row,
    replayed,
    written,
)

LOOK = look_event(SETTLED, 1900)
GOOD = json.dumps(look_event(SETTLED, 2000)).encode() + b"\n"
COMPLAINT = re.compile(
    r"events\.jsonl:\d+: (row|at|event|link|metric|outcome|count|counted|order_id|flag): .+"
)


def changed(**fields: Any) -> bytes:
    """Give a good look with some fields set, or omitted where the value is `...`"""
    row = {name: value for name, value in (LOOK | fields).items() if value is not ...}
    return json.dumps(row).encode()


def flagged(**fields: Any) -> bytes:
    return json.dumps(order_event(SETTLED, "order_flagged", flag="hold") | fields).encode()


def complaints_about(folder: Path, line: bytes) -> list[str]:
    """Give the complaints about a history with this line between two good ones, which must be accepted."""
    out = replayed(folder, [order_row()], GOOD + line + b"\n" + GOOD)
    assert out.summary is not None
    assert out.summary.snapshots >= 2
    assert out.summary.events_refused == len(out.complaints)
    return out.complaints


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("row", b"nonsense"),
        ("row", b'{"at":'),
        ("row", b"[]"),
        ("row", b"17"),
        ("row", b'"at"'),
        ("row", b"null"),
        ("row", b'{"at": "\xff\xfe"}'),
        ("row", changed(count=float("nan"))),
        ("row", changed(count=float("inf"))),
        ("row", b"[" * 5_000),
        ("row", b'{"a":' * 5_000),
        ("row", b'{"at": "\\ud800"}'),
        ("row", b'{"pad": "' + b"x" * LONGEST_LINE + b'"}'),
        ("at", changed(at=...)),
        ("at", changed(at=None)),
        ("at", changed(at=1_767_312_000)),
        ("at", changed(at=["2026-01-02T00:00:00Z"])),
        ("at", changed(at="2026-01-02T00:00:00")),
        ("at", changed(at="2026-02-30T00:00:00Z")),
        ("at", changed(at="2026-01-02T25:00:00Z")),
        ("at", changed(at="2026-01-02")),
        ("at", changed(at="2026-W01-5T00:00:00Z")),
        ("at", changed(at="20260102T000000Z")),
        ("at", changed(at="0001-01-01T00:00:00+14:00")),
        ("at", changed(at="9999-12-31T23:59:59-14:00")),
        ("at", changed(at="2009-12-31T23:59:59Z")),
        ("at", changed(at="2100-01-01T00:00:00Z")),
        ("at", changed(at=written(SETTLED - HOUR))),
        ("event", changed(event=...)),
        ("event", changed(event="snap")),
        ("event", changed(event={})),
        ("link", changed(link=...)),
        ("link", changed(link=["nasa"])),
        ("link", changed(link="https://example.com/nasa")),
        ("link", changed(link="https://www.instagram.com/esa/")),
        ("link", changed(metric="likes")),
        ("metric", changed(metric=...)),
        ("metric", changed(metric="shares")),
        ("metric", changed(metric=[])),
        ("outcome", changed(outcome=...)),
        ("outcome", changed(outcome="fine")),
        ("outcome", changed(outcome={"count": 1})),
        ("count", changed(count=...)),
        ("count", changed(count=None)),
        ("count", changed(count=True)),
        ("count", changed(count=1900.0)),
        ("count", changed(count="1900")),
        ("count", changed(count=[1900])),
        ("count", changed(count=-1)),
        ("count", changed(count=10**12 + 1)),
        ("count", changed(count=10**400)),
        ("count", changed(outcome="private")),
        ("counted", changed(counted=1)),
        ("counted", changed(counted="x" * 101)),
        ("order_id", flagged(order_id="9")),
        ("order_id", flagged(order_id=None)),
        ("order_id", flagged(order_id="")),
        ("order_id", flagged(order_id=["1"])),
        ("order_id", flagged(order_id=True)),
        ("flag", flagged(flag="rude")),
        ("flag", flagged(flag=None)),
        ("flag", flagged(flag=["hold"])),
    ],
)
def test_a_bad_line_is_refused_by_line_and_field(tmp_path: Path, field: str, line: bytes) -> None:
    (complaint,) = complaints_about(tmp_path, line)
    assert complaint.startswith(f"events.jsonl:2: {field}: ")
    assert len(complaint) < 400
    assert complaint.isprintable()


@pytest.mark.parametrize(
    "line",
    [
        changed(source="instaloader", detail={"a": [1, 2.5, None]}),
        changed(count=10**12),
        changed(counted=None),
        changed(at="2026-01-02T00:00:00.123456Z"),
        changed(at="2026-01-02t01:00:00+01:00", count=0),
        changed(outcome="private", count=None),
        flagged(order_id=1),
        b"",
        b"  \r",
    ],
)
def test_every_spelling_of_a_good_line_is_accepted(tmp_path: Path, line: bytes) -> None:
    out = replayed(tmp_path, [order_row()], GOOD + line + b"\n")
    assert out.complaints == []


def test_a_byte_order_mark_and_other_line_ends_are_accepted(tmp_path: Path) -> None:
    out = replayed(tmp_path, [order_row()], b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n") + GOOD.rstrip())
    assert out.summary is not None
    assert (out.complaints, out.summary.snapshots) == ([], 2)


def test_an_empty_history_is_valid(tmp_path: Path) -> None:
    out = replayed(tmp_path, [order_row()], b"")
    assert (out.lines, out.complaints) == ([], [])


def test_a_refused_event_does_not_move_the_clock(tmp_path: Path) -> None:
    """An event of an unknown order is a month ahead; the looks before that are still in order."""
    late = json.dumps(order_event(SETTLED + 700 * HOUR, "refill_completed", "9")).encode()
    (complaint,) = complaints_about(tmp_path, late)
    assert "order_id" in complaint


def test_a_bad_order_is_reported_by_line_and_omitted(tmp_path: Path) -> None:
    """The second order of an id is refused too: the first row holds."""
    rows = [order_row(), order_row(quantity=500), order_row("2", quantity=0)]
    out = replayed(tmp_path, rows, b"")
    assert [complaint.split(": ")[:2] for complaint in out.complaints] == [
        ["orders.jsonl:2", "order_id"],
        ["orders.jsonl:3", "quantity"],
    ]
    assert out.summary is not None
    assert (out.summary.orders, out.summary.orders_refused) == (1, 2)


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(
        ["count", "private", "snapshot", "refill_requested", "nasa", "hold", "1", "likes", written(SETTLED)]
    ),
)
ROWS = st.dictionaries(st.sampled_from([*LOOK, "order_id", "flag", "counted", "else"]), ODD).map(
    lambda odd: json.dumps(LOOK | odd).encode()
)
LINES = st.one_of(
    st.binary(max_size=80).map(lambda raw: raw.replace(b"\n", b"")), ROWS, st.just(GOOD.rstrip())
)


def fuzzed(lines: list[bytes]) -> ReplayResult:
    with TemporaryDirectory() as folder:
        return replayed(Path(folder), [order_row()], b"\n".join(lines))


@given(st.lists(LINES, max_size=8))
@settings(max_examples=300, deadline=None)
def test_every_line_is_accepted_or_reported(lines: list[bytes]) -> None:
    out = fuzzed(lines)
    assert all(COMPLAINT.fullmatch(complaint) for complaint in out.complaints)
    assert out.summary is not None
    assert out.summary.events_refused == len(out.complaints)


FIRST, LAST = datetime.fromisoformat("2010-01-02"), datetime.fromisoformat("2099-12-30")


@given(st.datetimes(FIRST, LAST), st.integers(-12 * 60, 12 * 60))
@settings(max_examples=300, deadline=None)
def test_a_time_with_an_offset_is_read_exactly(local: datetime, minutes: int) -> None:
    sign, count_offset = ("-" if minutes < 0 else "+"), abs(minutes)
    text = f"{local.isoformat()}{sign}{count_offset // 60:02}:{count_offset % 60:02}"
    read = read_timestamp(text)
    assert (read, read.tzinfo) == (datetime.fromisoformat(text), UTC)


@given(st.text(alphabet="0123456789-:TZW+. ", max_size=26))
@settings(max_examples=300, deadline=None)
def test_an_invalid_time_is_refused(text: str) -> None:
    if re.match(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d", text) is None:
        with pytest.raises(BadInputError, match=r"^at: "):
            read_timestamp(text)
