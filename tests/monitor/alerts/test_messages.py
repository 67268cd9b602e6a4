"""Messages: texts are divided at line borders so that they fit, and nothing of them is lost."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.alerts.messages import CONTINUED, LONGEST_TITLE, MOST_TEXTS, Room, divide, one_line, title
from monitor.events.catalogue import severity_of
from monitor.events.kind import EventKind
from monitor.events.severity import Severity

TEXTS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=60), max_size=70)


def room(size: int, lines: int | None = None, *, title_counts: bool = False) -> Room:
    return Room(size, lines, len, title_counts)


def bodies(texts: list[str], size: int, lines: int | None = None) -> list[str]:
    return [body for _, parts in divide(texts, room(size, lines)) for body in parts]


def test_lines_are_filled_and_never_cut() -> None:
    assert bodies(["one", "two", "three"], 9) == ["one\ntwo", "three"]


def test_a_message_has_at_most_one_batch() -> None:
    assert [count for count, _ in divide(["x"] * (2 * MOST_TEXTS + 1), room(10_000))] == [50, 50, 1]


def test_a_service_with_few_lines_gets_no_more() -> None:
    """Apprise would cut the rest off."""
    assert bodies(["one", "two", "three"], 100, lines=2) == ["one\ntwo", "three"]


def test_a_text_that_is_too_long_is_cut_between_words() -> None:
    """It makes a message of its own; the others stay whole."""
    assert bodies(["hi", "one two three four", "ho"], 12) == ["hi", "one two", "… three four", "ho"]


def test_a_word_that_is_too_long_is_cut() -> None:
    assert bodies(["abcdefghij"], 6) == ["abcdef", "… ghij"]


@given(TEXTS, st.integers(8, 80))
@example(["0000000000000000000\xa00"], 8)
def test_every_text_arrives_whole_and_in_order(texts: list[str], size: int) -> None:
    """Each body fits, and the pieces make up the texts."""
    divided = list(divide(texts, room(size)))
    first = 0
    for count, parts in divided:
        assert all(len(body) <= size for body in parts)
        expected = [one_line(text) for text in texts[first : first + count]]
        joined = "".join(part.removeprefix(CONTINUED) for part in parts)
        assert joined.replace(" ", "") == "\n".join(expected).replace(" ", "")
        first += count
    assert first == len(texts)


def test_a_text_of_several_lines_keeps_them() -> None:
    """One that is too long is cut between its lines, if these fit; spaces at their beginning stay."""
    report = "report\n  one two\n  three"
    assert bodies(["a", report, "b"], 100) == ["a\nreport\n  one two\n  three\nb"]
    assert bodies([report], 17) == ["report\n  one two", "  three"]
    assert bodies([report], 100, lines=2) == ["report\n  one two", "  three"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no\nsuch\r\nuser", "no such  user"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("a\ud800b", "a\ufffdb"),
        ("a\u2028b", "a b"),
        ("👩\u200d👧 é ✓", "👩\u200d👧 é ✓"),
    ],
)
def test_a_text_is_one_line_without_controls(text: str, line: str) -> None:
    """A reason cannot look like another alert, or turn the text around."""
    assert one_line(text) == line


@pytest.mark.parametrize("kind", EventKind)
def test_the_longest_title_is_short(kind: EventKind) -> None:
    assert len(title(kind, MOST_TEXTS, MOST_TEXTS, MOST_TEXTS)) <= LONGEST_TITLE


def test_a_title_has_kind_number_and_severity() -> None:
    """Information has no mark."""
    assert title(EventKind.DROP_CONFIRMED) == "refilld: drop.confirmed"
    assert title(EventKind.DROP_HELD, 2) == "refilld: drop.held (2) [warning]"
    assert title(EventKind.SOURCE_BLOCKED) == "refilld: source.blocked [critical]"
    assert severity_of(EventKind.SOURCE_BLOCKED) is Severity.CRITICAL


def test_a_title_that_is_a_part_of_the_text_takes_its_room() -> None:
    """With its line."""
    left = room(100, 3, title_counts=True).beside("x" * 20)
    assert (left.size, left.lines) == (56, 2)
    assert room(100, 3).beside("x" * 20) == room(100, 3)
