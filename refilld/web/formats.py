"""How values are written on the pages: times, numbers, amounts of money, states."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from flask import Flask
from markupsafe import Markup

from monitor.model.duration import format_duration
from monitor.model.instants import rfc3339
from monitor.model.time_words import minute, second
from refilld.translations.labels import LABELS, label_of
from refilld.translations.numbers import NOUNS, counted_noun, short_age, shown_number, spoken_duration
from refilld.translations.source_text import Label, Sentence
from refilld.web.reader import gettext, translation
from refilld.web.state_tones import tone
from storage.pages import CappedCount

NOTHING = "\N{EN DASH}"


def register(app: Flask) -> None:
    """Let templates use these formats as filters."""
    for one in _FILTERS:
        app.add_template_filter(one, one.__name__)


def time(at: datetime | None) -> str:
    """A time in UTC to the minute, which the script of the pages writes in the zone of the reader."""
    return NOTHING if at is None else _time(at, minute(at))


def time_to_second(at: datetime | None) -> str:
    """A time to the second, likewise."""
    return NOTHING if at is None else _time(at, second(at))


def utc(at: datetime) -> str:
    """A time that stays in UTC."""
    return f"{minute(at)} UTC"


def _time(at: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}">{} UTC</time>').format(rfc3339(at), text)


def since(at: datetime | None, now: datetime) -> str:
    """How long ago a time was, with the time itself on hover."""
    if at is None:
        return NOTHING
    if abs(at - now) < timedelta(minutes=1):
        words = gettext("now")
    elif at <= now:
        words = gettext("{duration} ago", duration=age(now - at))
    else:
        words = gettext("in {duration}", duration=age(at - now))
    return Markup('<time datetime="{}" data-age title="{} UTC">{}</time>').format(
        rfc3339(at), minute(at), words
    )


def age(value: timedelta) -> str:
    """A duration in its largest unit, such as `3h`."""
    return short_age(value, translation())


def spoken(value: timedelta) -> str:
    """A duration in words."""
    return spoken_duration(value, translation())


def number(value: int | None) -> str:
    """A whole number, with separators."""
    return NOTHING if value is None else shown_number(f"{value:,}", translation())


def decimal(value: float | Decimal) -> str:
    """A number with decimals, as it is."""
    return shown_number(str(value), translation())


def signed(value: int | None) -> str:
    """A change, with its sign."""
    if value is None:
        return NOTHING
    return shown_number(f"{value:+,}", translation()).replace("-", "\N{MINUS SIGN}")


def capped(count: CappedCount) -> str:
    """A number of rows; one that was not counted to its end has a plus."""
    return number(count.number) if count.exact else f"{number(count.number)}+"


def rows(count: CappedCount, one: str, many: str) -> str:
    """A number of rows with its noun; a noun that the catalogue does not have is as it is given."""
    shown = capped(count)
    if one in NOUNS:
        return NOUNS[one].into(translation(), count.number).format(number=shown)
    return f"{shown} {one if count.exact and count.number == 1 else many}"


def counted(value: int, noun: str) -> str:
    """A number with its noun."""
    return counted_noun(value, noun, translation())


def money(amount: Decimal | None, currency: str | None = None) -> str:
    """An amount of money with its currency."""
    if amount is None:
        return NOTHING
    return f"{shown_number(f'{amount:,.2f}', translation())} {currency or ''}".rstrip()


def duration(value: timedelta | None) -> str:
    """A duration as the configuration writes it."""
    return NOTHING if value is None else format_duration(value)


def translated(text: str) -> str:
    """A text of the source, such as the title of a column; an empty one stays empty."""
    return translation().gettext(text) if text else ""


def label(value: object) -> str:
    """A state, reason or marked text in the language of the reader; any other value as it is."""
    if isinstance(value, Label | Sentence):
        return value.into(translation())
    if isinstance(value, StrEnum) and value in LABELS.get(type(value), ()):
        return label_of(value, translation())
    return str(value)


_FILTERS: tuple[Callable[..., str], ...] = (
    time, time_to_second, utc, number, signed, money, duration, since, spoken,
    tone, label, capped, rows, counted, decimal, translated,
)  # fmt: skip
