"""Words and numbers of a report that several formats use."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from monitor.model import sums
from monitor.model.duration import format_duration
from monitor.model.money import finest, rounded
from monitor.model.number_words import counted
from monitor.model.sums import Sum
from monitor.model.time_words import age, minute
from refilld.report.figures import HeldGroup, LimitFigures, Report, SourceFigures
from refilld.terminal import printable


def span(period: timedelta) -> str:
    """The length of a period; up to two days in hours."""
    hours, rest = divmod(period, timedelta(hours=1))
    return f"{hours}h" if not rest and 0 < hours <= 48 else format_duration(period)  # noqa: PLR2004


def named(name: str | None) -> str:
    """A name from the shop, on one line."""
    return "(none)" if name is None else printable(name)


def money(found: Sum) -> str:
    """The amounts by currency; empty if nothing has a price."""
    return printable(sums.money(found))


def sum_words(found: Sum, noun: str = "refill") -> str:
    """A sum in words."""
    return printable(sums.sum_words(found, noun))


def shadow_words(held: Sum) -> str:
    """That shadow mode is on, and what would have been queued without it."""
    return f"on, nothing is queued; held instead: {sum_words(held)}"


def limit_words(limit: LimitFigures) -> str:
    """What is used of a daily cap, and how many refills it holds."""
    cap, used = limit.cap, limit.used
    parts = [f"{used.units:,} of {counted(cap.units, 'unit')}"] if cap.units else []
    for currency in sorted(cap.price):
        amount = rounded(used.price.get(currency, Decimal(0)), finest(cap.price[currency]))
        parts.append(f"{amount:,f} of {cap.price[currency]:,f} {printable(currency)}")
    held = f"; {counted(limit.held, 'refill')} held" if limit.held else ""
    return f"{printable(limit.scope)}: {', '.join(parts)}{held}"


def release_words(group: HeldGroup, now: datetime) -> str:
    """What releases held refills: a time (UTC), or the operator."""
    if group.release_at is None:
        return "by you"
    if group.release_at <= now:
        return "at a look"
    at = minute(group.release_at)
    return at if group.release_at.year != now.year else at.removeprefix(f"{now:%Y}-")


def source_words(source: SourceFigures) -> tuple[str, str]:
    """The state of a source with the time that holds, and its requests against the limits."""
    state = source.state
    if source.until is not None:
        state += f" until {minute(source.until)}Z"
    elif source.state == "stopped":
        state += " until resumed"
    if source.reason:
        state += f" ({printable(source.why)})"
    day = f" of {source.requests_per_day:,}" if source.requests_per_day is not None else ""
    hour = f"{source.requests_last_hour:,} of {source.requests_per_hour:,} requests an hour"
    return state, f"{hour}, {source.requests_last_day:,}{day} a day"


def target_words(report: Report) -> Iterator[str]:
    """The looks of the period, what is overdue, and what cannot be read."""
    targets, looks = report.monitor.targets, report.monitor.looks
    last = "never" if targets.last_look_at is None else f"{age(report.now - targets.last_look_at)} ago"
    yield f"last look {last}; {counted(looks.looks, 'look')}, {looks.failed:,} without a count"
    late = "none overdue"
    if targets.due_since is not None:
        late = f"{targets.overdue:,} overdue, the longest for {age(report.now - targets.due_since)}"
    yield f"{counted(targets.targets, 'target')}, {late}"
    numbers = {
        "private": targets.private,
        "gone": targets.gone,
        "of another account": targets.other_account,
        "failing": targets.unread,
        "without a source": targets.no_source,
    }
    unreadable = [f"{number:,} {word}" for word, number in numbers.items() if number]
    if unreadable:
        yield f"cannot be read: {', '.join(unreadable)}"
