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
from refilld.web.reader import gettext
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
        message = gettext("{source} is paused until it is resumed.", source=name)
    else:
        message = gettext("{source} is paused until {time} UTC.", source=name, time=minute(result.until))
    if result.changed:
        return context.done(message, PATH)
    already = gettext(
        "{message} It was paused for as long already; for a shorter pause, resume it first.", message=message
    )
    return context.refused(already, PATH)


def resume(context: PageContext) -> Answer:
    """Let a paused or stopped source look again, at once."""
    name = _name()
    with context.database.write() as tx:
        resumed = resume_source(tx, name, context.now)
    if resumed:
        return context.done(gettext("{source} may look again.", source=name), PATH)
    return context.refused(gettext("{source} was not paused.", source=name), PATH)


def _name() -> str:
    name = request.form.get("source", "")
    if name not in installed():
        raise NotFoundError(gettext("There is no such source."))
    return name


def _until(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    duration = parse_duration(text, "for")
    if not timedelta(0) < duration <= LONGEST_PAUSE:
        raise BadInputError("for", gettext("must be from 1s to 365d; empty: until it is resumed"))
    return now + duration


def _reason() -> str | None:
    text = request.form.get("reason", "").strip()
    if len(text) > LONGEST_REASON:
        raise BadInputError("reason", gettext("must have at most {most} characters", most=LONGEST_REASON))
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
