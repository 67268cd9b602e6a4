"""What an operator should do first, by the figures of a report."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from gettext import NullTranslations
from shlex import quote

from rich.cells import cell_len

from monitor.model.decision import Reason
from refilld.report.figures import Report, ReportAction
from refilld.translations.labels import label_of
from refilld.translations.numbers import counted_noun, short_age, shown_number
from refilld.translations.source_text import ENGLISH

MOST_ACTIONS = 4
SILENT_AFTER = timedelta(hours=1)
"""How long overdue targets may be left without any look."""
LONG_QUEUED = timedelta(hours=6)
"""From this age on a queued refill is a sign that no consumer works."""
_LOOKING = ("ready", "proving")
_IDS = 3
_LONGEST_COMMAND = 70
ALL_IN_JSON = "refilld report --json"
_SHOWN_BY = {Reason.SHADOW: "refilld shadow show", Reason.BACKLOG: "refilld backlog show"}
"""The command that shows and decides what is held for a reason."""


def first_actions(report: Report, into: NullTranslations | None = None) -> tuple[ReportAction, ...]:
    """The first few things to do, the most urgent first, in words of a language.

    Without a language they are English, with reasons as the commands take them.
    """
    found = _actions(report, ENGLISH, str) if into is None else _actions(report, into, _labels(into))
    return tuple(action for _, action in zip(range(MOST_ACTIONS), found, strict=False))


def _labels(into: NullTranslations) -> Callable[[Reason], str]:
    return lambda reason: label_of(reason, into)


def _actions(
    report: Report, into: NullTranslations, reason_words: Callable[[Reason], str]
) -> Iterator[ReportAction]:
    yield from _monitor(report, into)
    yield from _held(report, into, reason_words)
    yield from _waiting(report, into)
    yield from _queue(report, into)
    if report.reviews.open.number:
        why = into.ngettext(
            "{number} refund review to decide",
            "{number} refund reviews to decide",
            report.reviews.open.number,
        )
        yield ReportAction(_filled(why, report.reviews.open.number, into), "refilld reviews list")
    targets = report.monitor.targets.no_source
    if targets:
        why = into.ngettext(
            "{number} target that no enabled source can read",
            "{number} targets that no enabled source can read",
            targets,
        )
        yield ReportAction(_filled(why, targets, into), "refilld doctor")


def _filled(text: str, number: int, into: NullTranslations, **values: str) -> str:
    return text.format(number=shown_number(f"{number:,}", into), **values)


def _monitor(report: Report, into: NullTranslations) -> Iterator[ReportAction]:
    if report.empty:
        return
    if not report.monitor.sources:
        yield ReportAction(into.gettext("no source is enabled, so nothing is read"), "refilld doctor")
    for source in report.monitor.sources:
        if source.state == "stopped":
            text = into.gettext("{source} is stopped ({reason}); after the cause is mended")
            resume = f"refilld sources resume {quote(source.name)}"
            why = text.format(source=source.name, reason=source.reason)
            yield ReportAction(why, resume if _fits(resume) else "refilld sources list")
    targets = report.monitor.targets
    may_look = any(source.state in _LOOKING for source in report.monitor.sources)
    silent = targets.last_look_at is None or report.now - targets.last_look_at >= SILENT_AFTER
    if targets.overdue and silent and may_look:
        yield ReportAction(_silent(report, into), "refilld doctor")


def _silent(report: Report, into: NullTranslations) -> str:
    targets = report.monitor.targets
    overdue = counted_noun(targets.overdue, "target", into)
    if targets.last_look_at is None:
        text = into.gettext("no look ever, and {targets} overdue: is the daemon running?")
        return text.format(targets=overdue)
    text = into.gettext("no look for {age}, and {targets} overdue: is the daemon running?")
    return text.format(age=short_age(report.now - targets.last_look_at, into), targets=overdue)


def _held(
    report: Report, into: NullTranslations, reason_words: Callable[[Reason], str]
) -> Iterator[ReportAction]:
    for group in report.queue.held_groups:
        numbers = (
            counted_noun(group.held.number, "refill", into),
            counted_noun(group.held.units, "unit", into),
        )
        refills = ", ".join(numbers)
        if group.reason is Reason.MASS_DROP:
            text = into.gettext("held for a mass drop of {metric}: {refills}")
            why = text.format(metric=label_of(group.metric, into), refills=refills)
            yield ReportAction(why, "refilld mass-drops list")
        elif group.reason is Reason.SHADOW and report.shadow is not None:
            continue
        elif group.release_at is None:
            text = into.gettext("held until you decide ({reason}): {refills}")
            why = text.format(reason=reason_words(group.reason), refills=refills)
            yield ReportAction(why, _SHOWN_BY.get(group.reason, "refilld refills list --state held"))


def _waiting(report: Report, into: NullTranslations) -> Iterator[ReportAction]:
    waiting = report.waiting
    if waiting.number:
        text = into.ngettext(
            "{number} customer waiting for an answer, the longest for {age}",
            "{number} customers waiting for an answer, the longest for {age}",
            waiting.number,
        )
        age = short_age(report.now - waiting.longest[0].asked_at, into)
        why = _filled(text, waiting.number, into, age=age)
        yield ReportAction(why, _check([row.order_id for row in waiting.longest]))


def _check(order_ids: list[str]) -> str:
    """The command that checks the first of these orders; one that can be pasted, so no id is cut."""
    words: list[str] = []
    for order_id in order_ids[:_IDS]:
        more = [*words, quote(order_id)]
        if _fits(_command(more)):
            words = more
    return _command(words) if words else ALL_IN_JSON


def _fits(command: str) -> bool:
    """Whether a command can be printed whole on one line."""
    return command.isprintable() and cell_len(command) <= _LONGEST_COMMAND


def _command(words: list[str]) -> str:
    dashes = ["--"] if any(word.lstrip("'").startswith("-") for word in words) else []
    return " ".join(["refilld", "check", *dashes, *words])


def _queue(report: Report, into: NullTranslations) -> Iterator[ReportAction]:
    queue = report.queue
    if queue.oldest_queued is not None and report.now - queue.oldest_queued >= LONG_QUEUED:
        text = into.gettext("the oldest queued refill waits for {age}: does fulfilment run?")
        why = text.format(age=short_age(report.now - queue.oldest_queued, into))
        yield ReportAction(why, "refilld refills list --state queued")
    if queue.dead.number:
        text = into.ngettext(
            "{number} refill that fulfilment gave up (dead)",
            "{number} refills that fulfilment gave up (dead)",
            queue.dead.number,
        )
        yield ReportAction(_filled(text, queue.dead.number, into), "refilld refills list --state dead")
