"""Printing the timeline of one order, with a plot, or as JSON."""

from functools import partial
from textwrap import wrap

from rich.text import Text

from refilld.answers.language_texts import LanguageTexts
from refilld.cli.output import cell, print_json
from refilld.cli.plot import NARROWEST, Curve, drawn
from refilld.terminal import console
from refilld.timeline.document import document
from refilld.timeline.event import TimelineEvent
from refilld.timeline.events import timeline_events
from refilld.timeline.facts import timeline_facts
from refilld.timeline.levels import levels_of
from refilld.timeline.load import Timeline

WIDEST = 120
"""Columns of a plot on a wide terminal."""
NO_TERMINAL = (80, 24)
"""Columns and rows that a plot is sized for without a terminal."""
LINES = 2_000
"""Lines of the timeline that are printed, at most: the newest."""
_INDENT = 22
_MARKS = {"drop.opened": "!", "refill.completed": "+", "look.failed": "x"}


def print_timeline(timeline: Timeline, texts: LanguageTexts, *, as_json: bool) -> None:
    """Print all that is stored about an order."""
    if as_json:
        print_json(document(timeline, texts))
        return
    facts = timeline_facts(timeline, texts)
    answer = f"{timeline.answer.word}: {facts['answer']['sentence']}"
    for name, value in (facts | {"answer": answer}).items():
        if value is not None:
            _print_fact(name, value)
    events = timeline_events(timeline)
    _print_plot(timeline, events)
    _print_title("story")
    if len(events) > LINES:
        _print_hanging(f"{len(events) - LINES:,} earlier lines are left out; --json has them", 0)
    for event in events[-LINES:]:
        _print_event(event)


def _print_fact(name: str, value: object) -> None:
    """Print one line of the facts at the beginning."""
    if isinstance(value, dict):
        value = [f"{key} {cell(one)}" for key, one in value.items()]
    _print_hanging(f"{name:>16}  {cell(value)}", 18)


def _print_event(event: TimelineEvent) -> None:
    until = f" (until {cell(event.until)})" if event.until else ""
    _print_hanging(f"{cell(event.at)}  {cell(event.text)}{until}", _INDENT)


def _print_title(title: str) -> None:
    console().print(f"\n{title}", style="bold")


def _print_hanging(line: str, indent: int) -> None:
    """Print a line, on a terminal wrapped to its width with a hanging indent."""
    out = console()
    width = max(out.width, indent + NARROWEST) if out.is_terminal else len(line)
    # words are not broken, so that a link can be copied
    parts = wrap(line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
    for part in parts:
        out.print(part, markup=False, soft_wrap=True)


def _print_plot(timeline: Timeline, events: tuple[TimelineEvent, ...]) -> None:
    out = console()
    _print_title(f"{timeline.order.order.target.metric} over time")
    if not out.encoding.startswith("utf"):
        out.print("not drawn: this output takes no Unicode")
        return
    width, height = out.size if out.is_terminal else NO_TERMINAL
    curve = Curve(
        counts=[(look.at, look.judged) for look in timeline.looks if look.judged is not None],
        levels=partial(levels_of, timeline),
        marks={event.at: _MARKS[event.kind] for event in events if event.kind in _MARKS},
    )
    coloured = out.is_terminal and not out.no_color
    for line in drawn(curve, min(width, WIDEST), min(max(height // 2, 6), 20), colours=coloured):
        out.print(Text.from_ansi(line), soft_wrap=True)
