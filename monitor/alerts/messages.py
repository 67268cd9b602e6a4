"""Alerts as messages: their titles, and texts divided so that each message fits its channel."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from monitor.events.catalogue import severity_of
from monitor.events.kind import EventKind
from monitor.events.severity import Severity

LONGEST_TITLE = 80
"""Characters of the longest title."""
MOST_TEXTS = 50
"""Alerts in one message, at most."""
_MOST_LINES = 1000
"""Lines of a message to a channel that has no limit of its own."""
CONTINUED = "… "
"""Marks a line that continues a text from the message before."""

_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_INVISIBLE = (0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
"""Characters that change the direction of text or are not visible at all."""
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_SURROGATES = range(0xD800, 0xE000)
_REPLACED: dict[int, str] = (
    dict.fromkeys((*_CONTROLS, *_INVISIBLE), "")
    | dict.fromkeys(map(ord, _SPACES), " ")
    | dict.fromkeys(_SURROGATES, "\ufffd")
)


@dataclass(frozen=True, slots=True)
class Room:
    """How much one message of a channel holds."""

    size: int
    lines: int | None
    """None without a limit."""
    measure: Callable[[str], int]
    """The size of a text as the channel sends it, with all escapes; of "\\n" that of a line break."""
    title_counts: bool
    """Whether the title is sent as a part of the text."""

    def beside(self, title: str) -> "Room":
        """The room that is left for the text of a message with this title."""
        if not self.title_counts:
            return self
        lines = None if self.lines is None else max(self.lines - 1, 1)
        return Room(self.size - self.measure(title) - _TITLE_MARKUP, lines, self.measure, title_counts=False)


_TITLE_MARKUP = 24
"""Size of the markup and the line break around a title, such as `<b>…</b><br />`."""


def one_line(text: str) -> str:
    """The text in one line, without characters that control a terminal or the direction of text."""
    return text.translate(_REPLACED).strip()


def without_controls(text: str) -> str:
    """The text in its lines, each as `one_line`; spaces at the beginning of a further line stay."""
    first, *others = text.split("\n")
    return "\n".join([one_line(first), *(line.translate(_REPLACED).rstrip() for line in others)])


def title(
    kind: EventKind,
    alerts: int = 1,
    part: int = 1,
    parts: int = 1,
    *,
    repeated: bool = False,
    subject: str = "",
) -> str:
    """The title of a message: the kind, the number of alerts, and the severity unless it is `info`.

    A subject of the shop stands for the kind and the severity.
    """
    severity = severity_of(kind)
    number = f" ({alerts})" if alerts > 1 else ""
    urgent = "" if severity is Severity.INFO else f" [{severity}]"
    named = f"{subject}{number}" if subject else f"refilld: {kind}{number}{urgent}"
    again = ", still" if repeated else ""
    return named + again + (f" {part}/{parts}" if parts > 1 else "")


def divide(texts: Sequence[str], room: Room) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Divide texts into messages; yields the number of texts of each message, and its bodies.

    A message has one body with as many texts as fit. A text that is too long for a body makes a message of
    several bodies.
    """
    lines: list[str] = []
    left = room.size
    for text in map(without_controls, texts):
        size = _size(text, room)
        full = len(lines) >= MOST_TEXTS or _lines(lines) + _lines([text]) > (room.lines or _MOST_LINES)
        if lines and (full or size > left):
            yield len(lines), ("\n".join(lines),)
            lines, left = [], room.size
        if size > room.size or _lines([text]) > (room.lines or _MOST_LINES):
            yield 1, tuple(_pages(text, room))
        else:
            lines.append(text)
            left -= size
    if lines:
        yield len(lines), ("\n".join(lines),)


def _lines(texts: Sequence[str]) -> int:
    return sum(text.count("\n") + 1 for text in texts)


def _size(text: str, room: Room) -> int:
    """The size of a text with the line break after it."""
    newline = room.measure("\n")
    return sum(room.measure(line) + newline for line in text.split("\n"))


def _pages(text: str, room: Room) -> Iterator[str]:
    """Divide a text that is too long: between its lines, or within a line that is too long itself."""
    page: list[str] = []
    for line in text.split("\n"):
        longer = "\n".join([*page, line])
        if page and (_size(longer, room) > room.size or len(page) >= (room.lines or _MOST_LINES)):
            yield "\n".join(page)
            page = []
        if _size(line, room) > room.size:
            yield from _pieces(line, room)
        else:
            page.append(line)
    if page:
        yield "\n".join(page)


def _pieces(text: str, room: Room) -> Iterator[str]:
    """Cut a text that is too long: after a word, or within a word that is too long itself."""
    piece, left = "", room.size
    for word in _words(text, room):
        size = room.measure(word)
        if piece and size > left:
            yield piece.rstrip(" ")
            piece, left = CONTINUED, room.size - room.measure(CONTINUED)
        if word != " " or piece not in {"", CONTINUED}:
            piece += word
            left -= size
    yield piece.rstrip(" ")


def _words(text: str, room: Room) -> Iterator[str]:
    """The words of a text, each with the space after it; the characters of a word that is too long."""
    most = room.size - room.measure(CONTINUED)
    for word in re.findall(r"[^ ]* ?", text):
        if room.measure(word) <= most:
            yield word
        else:
            yield from word
