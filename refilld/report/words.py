"""Words and numbers of a report that several formats use."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from gettext import NullTranslations

from monitor.model import sums
from monitor.model.duration import format_duration
from monitor.model.money import finest, rounded
from monitor.model.queue_part import QueuePart
from monitor.model.sums import Sum
from monitor.model.time_words import minute
from refilld.report.figures import HeldGroup, LimitFigures, Report, SourceFigures
from refilld.terminal import printable
from refilld.translations.desk_labels import SOURCE_STATES
from refilld.translations.labels import label_of
from refilld.translations.numbers import counted_noun, short_age, shown_number
from refilld.translations.source_text import ENGLISH
from storage.queue_pauses import QueuePause


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


def shadow_words(held: Sum, into: NullTranslations = ENGLISH) -> str:
    """That shadow mode is on, and what would have been queued without it."""
    text = into.gettext("on, nothing is queued; held instead: {sum}")
    return text.format(sum=translated_sum(held, "refill", into))


def pause_words(one: QueuePause, into: NullTranslations = ENGLISH) -> str:
    """What is paused since when, by whom and why."""
    text = into.gettext("{part}, since {time} UTC, by {who}: {why}")
    who = one.paused_by or "?"
    part = part_words(one.part, into)
    return printable(text.format(part=part, time=minute(one.paused_at), who=who, why=one.why))


def part_words(part: QueuePart, into: NullTranslations = ENGLISH) -> str:
    """A part of the queue."""
    label = label_of(part.kind, into)
    return f"{label} {part.value}" if part.value else label


def translated_sum(found: Sum, noun: str, into: NullTranslations) -> str:
    """A sum in words of a language."""
    words = f"{counted_noun(found.number, noun, into)}, {counted_noun(found.units, 'unit', into)}"
    return printable(f"{words}, {amounts}" if (amounts := translated_money(found, into)) else words)


def translated_money(found: Sum, into: NullTranslations) -> str:
    """The amounts by currency; empty if nothing has a price."""
    no_currency = into.gettext("(no currency)")
    parts = [
        f"{shown_number(f'{part.amount:,}', into)} {part.currency or no_currency}"
        for part in found.by_currency
        if part.amount is not None
    ]
    unpriced = sum(part.units for part in found.by_currency if part.amount is None)
    if parts and unpriced:
        without = into.gettext("{units} without a price")
        parts.append(without.format(units=counted_noun(unpriced, "unit", into)))
    return printable(", ".join(parts))


def limit_words(limit: LimitFigures, into: NullTranslations = ENGLISH) -> str:
    """What is used of a daily cap, and how many refills it holds."""
    cap, used = limit.cap, limit.used
    of = into.gettext("{used} of {limit}")
    parts = []
    if cap.units:
        units = shown_number(f"{used.units:,}", into)
        parts.append(of.format(used=units, limit=counted_noun(cap.units, "unit", into)))
    for currency in sorted(cap.price):
        amount = rounded(used.price.get(currency, Decimal(0)), finest(cap.price[currency]))
        most = f"{shown_number(f'{cap.price[currency]:,f}', into)} {printable(currency)}"
        parts.append(of.format(used=shown_number(f"{amount:,f}", into), limit=most))
    words = f"{printable(limit.scope)}: {', '.join(parts)}"
    if not limit.held:
        return words
    return (
        f"{words}; {into.gettext('{refills} held').format(refills=counted_noun(limit.held, 'refill', into))}"
    )


def release_words(group: HeldGroup, now: datetime, into: NullTranslations = ENGLISH) -> str:
    """What releases held refills: a time (UTC), or the operator."""
    if group.release_at is None:
        return into.gettext("by you")
    if group.release_at <= now:
        return into.gettext("at a look")
    at = minute(group.release_at)
    return at if group.release_at.year != now.year else at.removeprefix(f"{now:%Y}-")


def source_words(source: SourceFigures, into: NullTranslations = ENGLISH) -> tuple[str, str]:
    """The state of a source with the time that holds, and its requests against the limits."""
    state = SOURCE_STATES[source.state].into(into)
    if source.until is not None:
        text = into.gettext("{state} until {time}")
        state = text.format(state=state, time=f"{minute(source.until)}Z")
    elif source.state == "stopped":
        state = into.gettext("{state} until resumed").format(state=state)
    if source.reason:
        state += f" ({printable(source.why)})"
    of = into.gettext("{used} of {limit}")

    def shown(used: int, limit: int | None) -> str:
        number = shown_number(f"{used:,}", into)
        return number if limit is None else of.format(used=number, limit=shown_number(f"{limit:,}", into))

    requests = into.gettext("{hour} requests an hour, {day} a day").format(
        hour=shown(source.requests_last_hour, source.requests_per_hour),
        day=shown(source.requests_last_day, source.requests_per_day),
    )
    return state, requests


def target_words(report: Report, into: NullTranslations = ENGLISH) -> Iterator[str]:
    """The looks of the period, what is overdue, and what cannot be read."""
    targets, looks = report.monitor.targets, report.monitor.looks
    last = into.gettext("last look never")
    if targets.last_look_at is not None:
        last = into.gettext("last look {age} ago").format(
            age=short_age(report.now - targets.last_look_at, into)
        )
    failed = into.gettext("{number} without a count").format(number=shown_number(f"{looks.failed:,}", into))
    yield f"{last}; {counted_noun(looks.looks, 'look', into)}, {failed}"
    late = into.gettext("none overdue")
    if targets.due_since is not None:
        late = into.gettext("{number} overdue, the longest for {age}").format(
            number=shown_number(f"{targets.overdue:,}", into),
            age=short_age(report.now - targets.due_since, into),
        )
    yield f"{counted_noun(targets.targets, 'target', into)}, {late}"
    numbers = {
        into.gettext("{number} private"): targets.private,
        into.gettext("{number} gone"): targets.gone,
        into.gettext("{number} of another account"): targets.other_account,
        into.gettext("{number} failing"): targets.unread,
        into.gettext("{number} without a source"): targets.no_source,
    }
    unreadable = [
        text.format(number=shown_number(f"{number:,}", into)) for text, number in numbers.items() if number
    ]
    if unreadable:
        yield into.gettext("cannot be read: {numbers}").format(numbers=", ".join(unreadable))
