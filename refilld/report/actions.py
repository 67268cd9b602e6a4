"""What an operator should do first, by the figures of a report."""

from collections.abc import Iterator
from datetime import timedelta
from shlex import quote

from rich.cells import cell_len

from monitor.model.decision import Reason
from monitor.model.number_words import counted
from monitor.model.time_words import age
from refilld.report.figures import Report, ReportAction

MOST_ACTIONS = 4
SILENT_AFTER = timedelta(hours=1)
"""How long overdue targets may be left without any look."""
LONG_QUEUED = timedelta(hours=6)
"""From this age on a queued refill is a sign that no consumer works."""
_LOOKING = ("ready", "proving")
_IDS = 3
_LONGEST_COMMAND = 70
_ALL_IN_JSON = "refilld report --json"
_SHOWN_BY = {Reason.SHADOW: "refilld shadow show", Reason.BACKLOG: "refilld backlog show"}
"""The command that shows and decides what is held for a reason."""


def first_actions(report: Report) -> tuple[ReportAction, ...]:
    """The first few things to do, the most urgent first."""
    return tuple(action for _, action in zip(range(MOST_ACTIONS), _actions(report), strict=False))


def _actions(report: Report) -> Iterator[ReportAction]:
    yield from _monitor(report)
    yield from _held(report)
    yield from _waiting(report)
    yield from _queue(report)
    if report.reviews.open.number:
        yield ReportAction(
            f"{counted(report.reviews.open.number, 'refund review')} to decide", "refilld reviews list"
        )
    if report.monitor.targets.no_source:
        targets = counted(report.monitor.targets.no_source, "target")
        yield ReportAction(f"{targets} that no enabled source can read", "refilld doctor")


def _monitor(report: Report) -> Iterator[ReportAction]:
    if report.empty:
        return
    if not report.monitor.sources:
        yield ReportAction("no source is enabled, so nothing is read", "refilld doctor")
    for source in report.monitor.sources:
        if source.state == "stopped":
            why = f"{source.name} is stopped ({source.reason}); after the cause is mended"
            resume = f"refilld sources resume {quote(source.name)}"
            yield ReportAction(why, resume if _fits(resume) else "refilld sources list")
    targets = report.monitor.targets
    may_look = any(source.state in _LOOKING for source in report.monitor.sources)
    silent = targets.last_look_at is None or report.now - targets.last_look_at >= SILENT_AFTER
    if targets.overdue and silent and may_look:
        last = "ever" if targets.last_look_at is None else f"for {age(report.now - targets.last_look_at)}"
        why = f"no look {last}, and {counted(targets.overdue, 'target')} overdue: is the daemon running?"
        yield ReportAction(why, "refilld doctor")


def _held(report: Report) -> Iterator[ReportAction]:
    for group in report.queue.held_groups:
        refills = f"{counted(group.held.number, 'refill')}, {counted(group.held.units, 'unit')}"
        if group.reason is Reason.MASS_DROP:
            yield ReportAction(
                f"held for a mass drop of {group.metric}: {refills}", "refilld mass-drops list"
            )
        elif group.reason is Reason.SHADOW and report.shadow is not None:
            continue
        elif group.release_at is None:
            why = f"held until you decide ({group.reason}): {refills}"
            yield ReportAction(why, _SHOWN_BY.get(group.reason, "refilld refills list --state held"))


def _waiting(report: Report) -> Iterator[ReportAction]:
    waiting = report.waiting
    if waiting.number:
        why = f"{counted(waiting.number, 'customer')} waiting for an answer, the longest for "
        why += age(report.now - waiting.longest[0].asked_at)
        yield ReportAction(why, _check([row.order_id for row in waiting.longest]))


def _check(order_ids: list[str]) -> str:
    """The command that checks the first of these orders; one that can be pasted, so no id is cut."""
    words: list[str] = []
    for order_id in order_ids[:_IDS]:
        more = [*words, quote(order_id)]
        if _fits(_command(more)):
            words = more
    return _command(words) if words else _ALL_IN_JSON


def _fits(command: str) -> bool:
    """Whether a command can be printed whole on one line."""
    return command.isprintable() and cell_len(command) <= _LONGEST_COMMAND


def _command(words: list[str]) -> str:
    dashes = ["--"] if any(word.lstrip("'").startswith("-") for word in words) else []
    return " ".join(["refilld", "check", *dashes, *words])


def _queue(report: Report) -> Iterator[ReportAction]:
    queue = report.queue
    if queue.oldest_queued is not None and report.now - queue.oldest_queued >= LONG_QUEUED:
        waits = age(report.now - queue.oldest_queued)
        why = f"the oldest queued refill waits for {waits}: does fulfilment run?"
        yield ReportAction(why, "refilld refills list --state queued")
    if queue.dead.number:
        why = f"{counted(queue.dead.number, 'refill')} that fulfilment gave up (dead)"
        yield ReportAction(why, "refilld refills list --state dead")
