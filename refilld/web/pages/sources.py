"""*Sources*: whether each may look, its budget, what it sees, what to expect; pausing and resuming it."""

from datetime import datetime, timedelta

from flask import request

from monitor.errors import BadInputError
from monitor.model.duration import parse_duration
from monitor.model.time_words import minute
from monitor.sources.registry import installed
from refilld.services.input_limits import without_control_characters
from refilld.services.source_overview import overview
from refilld.services.source_pause import LONGEST_PAUSE, LONGEST_REASON, pause_source, resume_source
from refilld.web.page import Answer, DeskPage, NavGroup, PageAction, PageContext
from storage.errors import NotFoundError

PATH = "/sources"


def show(context: PageContext) -> str:
    """The page."""
    with context.database.read() as tx:
        found = overview(tx, context.settings.sources, context.now)
        forecasts = context.desk.forecasts.get(tx, context.settings, context.now)
    return context.render(
        "sources.html",
        sources=sorted(found, key=lambda one: not one.enabled),
        forecasts=forecasts,
        longest=LONGEST_REASON,
        now=context.now,
    )


def pause(context: PageContext) -> Answer:
    """Pause a source, for a time or until it is resumed."""
    name = _name()
    try:
        until, reason = _until(request.form.get("for", "").strip(), context.now), _reason()
    except BadInputError as error:
        return context.refused(str(error), PATH)
    with context.database.write() as tx:
        result = pause_source(tx, name, until, reason, context.now)
    if result.until is None:
        message = f"{name} is paused until it is resumed."
    else:
        message = f"{name} is paused until {minute(result.until)} UTC."
    if result.changed:
        return context.done(message, PATH)
    already = f"{message} It was paused for as long already; for a shorter pause, resume it first."
    return context.refused(already, PATH)


def resume(context: PageContext) -> Answer:
    """Let a paused or stopped source look again, at once."""
    name = _name()
    with context.database.write() as tx:
        resumed = resume_source(tx, name, context.now)
    if resumed:
        return context.done(f"{name} may look again.", PATH)
    return context.refused(f"{name} was not paused.", PATH)


def _name() -> str:
    name = request.form.get("source", "")
    if name not in installed():
        raise NotFoundError("There is no such source.")
    return name


def _until(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    duration = parse_duration(text, "for")
    if not timedelta(0) < duration <= LONGEST_PAUSE:
        raise BadInputError("for", "must be from 1s to 365d; empty: until it is resumed")
    return now + duration


def _reason() -> str | None:
    text = request.form.get("reason", "").strip()
    if len(text) > LONGEST_REASON:
        raise BadInputError("reason", f"must have at most {LONGEST_REASON} characters")
    try:
        return without_control_characters(text) or None
    except ValueError as error:
        raise BadInputError("reason", str(error)) from None


PAGE = DeskPage(
    "sources",
    PATH,
    "Sources",
    show,
    group=NavGroup.MONITOR,
    letter="s",
    actions=(PageAction("pause", pause), PageAction("resume", resume)),
)
