"""The report as text: 80 columns, about one screen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

from rich.cells import cell_len, set_cell_size

from monitor.model.number_words import counted
from monitor.model.time_words import age, minute
from refilld.report.figures import DropGroup, QueueFigures, Report
from refilld.report.words import (
    limit_words,
    named,
    pause_words,
    release_words,
    shadow_words,
    source_words,
    span,
    sum_words,
    target_words,
)
from refilld.services.queue_pause import MOST_PAUSES
from refilld.terminal import printable

WIDTH = 80
_LABEL = 12
_BODY = WIDTH - _LABEL
_MOST = {
    "paused": MOST_PAUSES,
    "provider": 4,
    "service": 3,
    "metric": 3,
    "held": 3,
    "limit": 4,
    "waiting": 3,
    "source": 3,
}
"""Entries of a group, at most."""
_SCREEN = 61
"""Lines of a report; groups show fewer entries where it would have more."""
_COLUMNS = ("opened", "confirmed", "recovered", "missing", "of guar.")


def render_text(report: Report) -> str:
    """Render a report; no line is wider than 80 columns."""
    title = f"report of {minute(report.now)}Z, the last {span(report.period)}"
    body = list(_empty()) if report.empty else _fitting_sections(report)
    return "\n".join(map(_fitted, [title, *body])) + "\n"


def _fitting_sections(report: Report) -> list[str]:
    for entries in range(max(_MOST.values()), 0, -1):
        lines = list(_sections(report, {group: min(most, entries) for group, most in _MOST.items()}))
        if len(lines) < _SCREEN:
            break
    return lines


def _empty() -> Iterator[str]:
    yield "nothing to report: no order was imported yet"
    yield "  refilld orders import FILE"


def _sections(report: Report, most: Mapping[str, int]) -> Iterator[str]:
    if report.shadow is not None:
        yield from _labelled("shadow mode", wrap(shadow_words(report.shadow), _BODY))
    yield from _labelled("paused", _paused(report, most))
    for one in report.mass_drops:
        fell = f"{one.metric} since {minute(one.started_at)}Z: {one.fallen} of {one.judged} targets fell"
        yield from _labelled("mass drop", [fell])
    yield from _labelled("drops", _drops(report, most))
    yield from _labelled("owed", _owed(report, most))
    yield from _labelled("used today", _limits(report, most))
    yield from _labelled("refilled", [sum_words(report.queue.completed)])
    yield from _labelled("reviews", [_reviews(report)])
    yield from _labelled("customers", _customers(report, most))
    yield from _labelled("ending", _ending(report))
    yield from _labelled("monitor", _monitor(report, most))
    yield from _actions(report)


def _labelled(label: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines behind a label, which only the first of them shows."""
    for line in lines:
        yield f"{label:<{_LABEL}}{line}"
        label = ""


def _paused(report: Report, most: Mapping[str, int]) -> Iterator[str]:
    shown = report.pauses[: most["paused"]]
    for one in shown:
        yield from wrap(pause_words(one), _BODY)
    yield from _more(report.pauses, shown)


def _drops(report: Report, most: Mapping[str, int]) -> Iterator[str]:
    total = report.drops.total
    lost = f"{total.confirmed:,} confirmed with {counted(total.missing, 'unit')}"
    yield f"{total.opened:,} opened, {lost}, {total.recovered:,} recovered"
    groups = {
        "provider": report.drops.by_provider,
        "service": report.drops.by_service,
        "metric": report.drops.by_metric,
    }
    for word, found in groups.items():
        yield from _table(word, found, most[word])


def _table(word: str, groups: Sequence[DropGroup], most: int) -> Iterator[str]:
    """The groups with the most missing units; not if there is one metric, or no name."""
    if all(group.name is None for group in groups) or (word == "metric" and len(groups) == 1):
        return
    yield _row(f"by {word}", _COLUMNS if word == "provider" else _COLUMNS[:-1])
    shown = groups[:most]
    for group in shown:
        numbers = (group.opened, group.confirmed, group.recovered, group.missing)
        share = () if group.percent is None else (f"{group.percent}%",)
        yield _row(named(group.name), (*(f"{number:,}" for number in numbers), *share))
    yield from _more(groups, shown)


def _row(name: str, cells: Sequence[str]) -> str:
    """A name cut to its column, and right-aligned cells."""
    widths = [len(column) for column in _COLUMNS]
    numbers = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=False))
    room = _BODY - sum(width + 2 for width in widths)
    excess = max(len(numbers) - sum(width + 2 for width in widths[: len(cells)]), 0)
    return cut(name, max(room - excess, 1), pad=True) + numbers


def _more(groups: Sequence[object], shown: Sequence[object]) -> Iterator[str]:
    if len(groups) > len(shown):
        yield f"and {len(groups) - len(shown):,} more"


def _owed(report: Report, most: Mapping[str, int]) -> Iterator[str]:
    queue = report.queue
    yield sum_words(queue.owed)
    if queue.queued.number:
        yield f"queued: {sum_words(queue.queued)}{_oldest(report, queue)}"
    if queue.claimed.number:
        yield f"claimed: {sum_words(queue.claimed)}"
    if queue.held.number:
        yield f"held: {sum_words(queue.held)}"
    yield from _held(report, most["held"])
    if queue.recovered.units:
        yield f"held, but recovered, so not owed: {sum_words(queue.recovered)}"
    if queue.dead.number:
        yield f"dead, not queued again: {sum_words(queue.dead)}"


def _held(report: Report, most: int) -> Iterator[str]:
    """Why refills are held, how long the oldest waits, and what releases them."""
    groups = report.queue.held_groups
    if groups:
        yield f"  {'held for':<28}{'refills':>8}{'units':>10}{'oldest':>7}  released"
    for group in groups[:most]:
        reason = cut(f"{group.reason}, {group.metric}", 28, pad=True)
        numbers = f"{group.held.number:>8,}{group.held.units:>10,}{age(report.now - group.oldest):>7}"
        yield f"  {reason}{numbers}  {release_words(group, report.now)}"
    yield from _more(groups, groups[:most])


def _limits(report: Report, most: Mapping[str, int]) -> Iterator[str]:
    """The daily caps; those that hold refills come first."""
    limits = sorted(report.limits, key=lambda limit: limit.held == 0)
    shown = limits[: most["limit"]]
    yield from map(limit_words, shown)
    yield from _more(limits, shown)


def _oldest(report: Report, queue: QueueFigures) -> str:
    return "" if queue.oldest_queued is None else f", oldest {age(report.now - queue.oldest_queued)}"


def _reviews(report: Report) -> str:
    reviews = report.reviews
    if reviews.oldest is None:
        return "no refund to decide"
    words = sum_words(reviews.open, "refund review")
    return f"{words}, oldest {age(report.now - reviews.oldest)}"


def _customers(report: Report, most: Mapping[str, int]) -> Iterator[str]:
    waiting = report.waiting
    if not waiting.number:
        yield "nobody waits for an answer"
        return
    yield f"{counted(waiting.number, 'order')} whose customer waits for an answer"
    shown = waiting.longest[: most["waiting"]]
    for row in shown:
        order, customer = cut(named(row.order_id), 14), cut(named(row.customer), 20)
        waits, service = age(report.now - row.asked_at), cut(named(row.service), 20)
        yield f"{waits:>4}  order {order}  {customer}  {service}"
    if waiting.number > len(shown):
        yield f"and {waiting.number - len(shown):,} more"


def _ending(report: Report) -> Iterator[str]:
    """The guarantees that end on the next days, several days to a line."""
    days = [
        f"{one.day:%m-%d}: {one.orders:,}" + (f" ({one.units:,} units open)" if one.units else "")
        for one in report.ending
    ]
    text = "; ".join(day.replace(" ", "\xa0") for day in days) or "no guarantee ends within a week"
    for line in wrap(text, _BODY, break_long_words=False):
        yield line.replace("\xa0", " ")


def _monitor(report: Report, most: Mapping[str, int]) -> Iterator[str]:
    for words in target_words(report):
        yield from wrap(words, _BODY, subsequent_indent="  ")
    sources = report.monitor.sources
    shown = sorted(sources, key=lambda source: source.until is None and source.state != "stopped")
    for source in shown[: most["source"]]:
        state, requests = source_words(source)
        line = f"{cut(printable(source.name), 14)}: {state}"
        fits = cell_len(line) + cell_len(requests) + 2 <= _BODY
        yield from [f"{line}; {requests}"] if fits else [line, f"  {requests}"]
    yield from _more(sources, shown[: most["source"]])
    if not sources:
        yield "no source is enabled"


def _actions(report: Report) -> Iterator[str]:
    if not report.actions:
        yield "nothing needs you now"
        return
    yield "do first"
    for number, action in enumerate(report.actions, 1):
        yield f"{number}. {printable(action.why)}"
        yield f"     {action.command}"


def _fitted(line: str) -> str:
    return cut(line.rstrip(), WIDTH)


def cut(text: str, width: int, *, pad: bool = False) -> str:
    """Cut a text to a width in terminal cells, with a mark where it was cut."""
    if cell_len(text) > width:
        text = set_cell_size(text, max(width - 1, 0)) + "…"
    return set_cell_size(text, width) if pad else text
