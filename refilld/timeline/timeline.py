"""Looks and events in one order of time; runs of similar looks without an event are folded into one."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby

from refilld.timeline.event import TimelineEvent, TimelineLook
from refilld.timeline.event_words import PLAIN, EventWords
from refilld.translations.source_text import marked


def in_time(
    looks: Iterable[TimelineLook], events: Sequence[TimelineEvent], words: EventWords = PLAIN
) -> Iterator[TimelineEvent]:
    """Looks and events in order of time; at the same time the look first, then the events as given."""
    eventful = {event.at for event in events}
    items: list[TimelineLook | TimelineEvent] = sorted(
        [*looks, *events], key=lambda item: (item.at, isinstance(item, TimelineEvent))
    )
    for _, run in groupby(items, key=lambda item: _fold_key(item, eventful)):
        first, *others = run
        if isinstance(first, TimelineEvent):
            yield first
        else:
            yield _folded([first, *(look for look in others if isinstance(look, TimelineLook))], words)


def _fold_key(item: TimelineLook | TimelineEvent, eventful: Iterable[object]) -> Hashable:
    """Neighbours with the same key are folded; unique for an event and for a look at the time of one."""
    if isinstance(item, TimelineEvent) or item.at in eventful:
        return id(item)
    return "count" if item.count is not None else (item.outcome, item.detail)


def _folded(looks: Sequence[TimelineLook], words: EventWords) -> TimelineEvent:
    first, last = looks[0], looks[-1]
    until = last.at if len(looks) > 1 else None
    counts = [look.count for look in looks if look.count is not None]
    if counts:
        return TimelineEvent(first.at, "look", _counts_in_words(counts, words), until)
    one, several = marked("look failed: {why}"), marked("{number} looks failed: {why}")
    why = words.value(first.outcome) + (f" ({first.detail})" if first.detail else "")
    text = words.said(several if until else one, number=len(looks), why=why)
    return TimelineEvent(first.at, "look.failed", text, until)


def _counts_in_words(counts: Sequence[int], words: EventWords) -> str:
    if len(counts) == 1:
        return words.said(marked("count {count}"), count=counts[0])
    low, high = min(counts), max(counts)
    if low == high:
        return words.said(marked("{number} looks, count {count}"), number=len(counts), count=low)
    return words.said(
        marked("{number} looks, counts {low} to {high}, the last {last}"),
        number=len(counts),
        low=low,
        high=high,
        last=counts[-1],
    )
