"""How values are written on the pages: times, numbers, amounts of money."""

from datetime import datetime, timedelta
from decimal import Decimal

from flask import Flask
from markupsafe import Markup

from monitor.model.duration import format_duration
from monitor.model.instants import rfc3339
from monitor.model.time_words import age, minute, second, spoken

NOTHING = "\N{EN DASH}"


def register(app: Flask) -> None:
    """Let templates use these formats as filters."""
    for one in (time, time_to_second, utc, number, signed, money, duration, since, spoken):
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
    words = f"{age(now - at)} ago" if at <= now else f"in {age(at - now)}"
    return Markup('<time datetime="{}" data-age title="{} UTC">{}</time>').format(
        rfc3339(at), minute(at), words
    )


def number(value: int | None) -> str:
    """A whole number, with commas."""
    return NOTHING if value is None else f"{value:,}"


def signed(value: int | None) -> str:
    """A change, with its sign."""
    return NOTHING if value is None else f"{value:+,}".replace("-", "\N{MINUS SIGN}")


def money(amount: Decimal | None, currency: str | None = None) -> str:
    """An amount of money with its currency."""
    return NOTHING if amount is None else f"{amount:,.2f} {currency or ''}".rstrip()


def duration(value: timedelta | None) -> str:
    """A duration as the configuration writes it."""
    return NOTHING if value is None else format_duration(value)
