"""The report as Markdown, for mail and chat."""

import re
from collections.abc import Iterable, Iterator, Sequence

from monitor.model.number_words import counted
from monitor.model.time_words import age, minute
from refilld.report.figures import DropGroup, Report
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
from refilld.services.queue_pause import shown_pauses
from refilld.terminal import printable

_MOST = 5
_MARKUP = re.compile(r"([\\`*_\[\]|~#!])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NO_MENTION = "@\N{ZERO WIDTH SPACE}"
"""A chat would notify everybody of `@everyone`."""


def render_markdown(report: Report) -> str:
    """Render a report; values from the shop cannot be read as markup, links or mentions."""
    title = f"# Report of {minute(report.now)}Z, the last {span(report.period)}"
    body = ["No order was imported yet: `refilld orders import FILE`"] if report.empty else _sections(report)
    return "\n\n".join((title, *body)) + "\n"


def _sections(report: Report) -> Iterator[str]:
    if report.actions:
        lines = (f"{escaped(action.why)}: {_code(action.command)}" for action in report.actions)
        yield _section("Do first", (f"{number}. {line}" for number, line in enumerate(lines, 1)))
    yield _section("Drops", _drops(report))
    yield from _tables(report)
    yield _section("Refills", _refills(report))
    yield _section("Customers and refunds", _customers(report))
    days = (
        f"* {day.day:%Y-%m-%d}: {counted(day.orders, 'order')}, {day.units:,} units open"
        for day in report.ending
    )
    yield _section("Guarantees ending", list(days) or ["* none within a week"])
    yield _section("Monitor", _monitor(report))


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join((f"## {title}", "", *lines))


def _drops(report: Report) -> Iterator[str]:
    if report.shadow is not None:
        yield f"* **shadow mode** is {escaped(shadow_words(report.shadow))}"
    pauses, further = shown_pauses(report.pauses)
    for paused in pauses:
        yield f"* **paused**: {escaped(pause_words(paused))}"
    if further:
        yield f"* **paused**: and {further:,} more"
    for one in report.mass_drops:
        fell = f"{one.fallen} of {one.judged} targets fell"
        yield f"* **mass drop** of {one.metric} since {minute(one.started_at)}Z: {fell}"
    total = report.drops.total
    yield (
        f"* {total.opened:,} opened, {total.confirmed:,} confirmed with {counted(total.missing, 'unit')}, "
        f"{total.recovered:,} recovered"
    )


def _tables(report: Report) -> Iterator[str]:
    drops = report.drops
    for word, groups in (
        ("provider", drops.by_provider),
        ("service", drops.by_service),
        ("metric", drops.by_metric),
    ):
        if any(group.name is not None for group in groups):
            yield "\n".join(_table(word, groups))


def _table(word: str, groups: Sequence[DropGroup]) -> Iterator[str]:
    yield f"| {word} | opened | confirmed | recovered | missing | of guaranteed |"
    yield "|---|---:|---:|---:|---:|---:|"
    for group in groups[:_MOST]:
        share = "" if group.percent is None else f"{group.percent} %"
        numbers = f"{group.opened:,} | {group.confirmed:,} | {group.recovered:,} | {group.missing:,}"
        yield f"| {escaped(named(group.name))} | {numbers} | {share} |"
    if len(groups) > _MOST:
        yield f"| and {len(groups) - _MOST:,} more | | | | | |"


def _refills(report: Report) -> Iterator[str]:
    queue = report.queue
    yield f"* owed: {escaped(sum_words(queue.owed))}"
    for name, found in (("queued", queue.queued), ("claimed", queue.claimed), ("held", queue.held)):
        if found.number:
            yield f"  * {name}: {escaped(sum_words(found))}"
    for group in queue.held_groups:
        what = f"{group.reason}, {group.metric}: {sum_words(group.held)}"
        oldest, released = age(report.now - group.oldest), release_words(group, report.now)
        yield f"    * {escaped(what)}, oldest {oldest}, released {released}"
    if queue.recovered.units:
        yield f"  * held, but recovered, so not owed: {escaped(sum_words(queue.recovered))}"
    for limit in report.limits:
        yield f"* used today of {escaped(limit_words(limit))}"
    yield f"* refilled: {escaped(sum_words(queue.completed))}"
    if queue.oldest_queued is not None:
        yield f"* the oldest queued refill waits for {age(report.now - queue.oldest_queued)}"
    if queue.dead.number:
        yield f"* dead: {escaped(sum_words(queue.dead))}"


def _customers(report: Report) -> Iterator[str]:
    reviews, waiting = report.reviews, report.waiting
    yield f"* refunds to review: {escaped(sum_words(reviews.open, 'review'))}"
    yield f"* {counted(waiting.number, 'order')} whose customer waits for an answer"
    for row in waiting.longest[:_MOST]:
        order = f"order {named(row.order_id)} of {named(row.customer)}, {named(row.service)}"
        yield f"  * {escaped(order)}: {age(report.now - row.asked_at)}"
    if waiting.number > _MOST:
        yield f"  * and {waiting.number - _MOST:,} more"


def _monitor(report: Report) -> Iterator[str]:
    for line in target_words(report):
        yield f"* {escaped(line)}"
    for source in report.monitor.sources:
        yield f"* {escaped(source.name + ': ' + '; '.join(source_words(source)))}"
    if not report.monitor.sources:
        yield "* no source is enabled"


def escaped(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    plain = "".join(_ENTITIES.get(character, character) for character in printable(text))
    plain = _MARKUP.sub(r"\\\1", plain).replace("@", _NO_MENTION)
    return plain.replace("://", "\\://").replace("www.", "www\\.")


def _code(command: str) -> str:
    """A command as a code span, which may contain backticks."""
    longest = max(map(len, re.findall("`+", command)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if longest else ""
    return f"{fence}{padding}{command}{padding}{fence}"
