"""*Silences*: which alerts are kept back, by whom, why, until when; new ones are tried before they begin."""

from http import HTTPStatus

from flask import make_response, request

from monitor.alerts.matchers import LABELS, parse_matchers, text_of
from monitor.alerts.silences import Silence, SilenceState
from monitor.errors import BadInputError
from monitor.model.time_words import minute
from monitor.model.whole_number import whole_number
from refilld.services.input_limits import LARGEST_ID, LONGEST_TEXT
from refilld.services.silencing import MatchedAlerts, TypedSilence, matched_now, new_silence
from refilld.texts.renderer import default_renderer
from refilld.web.list_fields import ListColumn
from refilld.web.page import Answer, DeskPage, NavGroup, PageAction, PageContext
from refilld.web.reader import gettext, language
from storage import silences
from storage.engine import Transaction

PATH = "/silences"
_MOST_LISTED = 200
_MOST_MATCHED = 20
_COLUMNS = (
    ListColumn("id", "Silence"),
    ListColumn("matchers", "Matchers"),
    ListColumn("comment", "Why"),
    ListColumn("author", "By"),
    ListColumn("ends", "Ends"),
    ListColumn("matched", "Last match"),
    ListColumn("actions", ""),
)
_LONGEST_MATCHERS = 4_000


def show(context: PageContext) -> Answer:
    """The page; `matchers` of the URL are in the form."""
    return _page(context, TypedSilence(request.args.get("matchers", "")[:_LONGEST_MATCHERS]))


def preview(context: PageContext) -> Answer:
    """Show what a silence would keep back now, with the form as it was typed."""
    return _page(context, _typed())


def add(context: PageContext) -> Answer:
    """Begin a silence."""
    typed = _typed()
    try:
        new = new_silence(typed, context.visitor.name, context.now)
    except BadInputError as error:
        return make_response(_page(context, typed, error), HTTPStatus.UNPROCESSABLE_ENTITY)
    with context.database.write() as tx:
        silence_id = silences.add(tx, new, context.now)
    return context.done(
        gettext("Silence {id} holds until {time} UTC.", id=silence_id, time=minute(new.ends_at)), PATH
    )


def expire(context: PageContext) -> Answer:
    """End a silence now."""
    silence_id = whole_number(request.form.get("silence_id", ""), LARGEST_ID) or 0

    def change(tx: Transaction) -> str:
        silences.expire(tx, silence_id, context.now)
        return gettext("Silence {id} has ended; what still lasts is told again.", id=silence_id)

    return context.carry_out(change, PATH)


def _typed() -> TypedSilence:
    form = request.form
    return TypedSilence(
        form.get("matchers", "")[:_LONGEST_MATCHERS],
        form.get("ends", ""),
        form.get("comment", ""),
        form.get("unmatched", ""),
    )


def _page(context: PageContext, typed: TypedSilence, error: BadInputError | None = None) -> str:
    with context.database.read() as tx:
        listed = silences.listed(tx, _MOST_LISTED)
        matched, wrong = _matched(tx, typed.matchers)
    expired = [one for one in listed if one.state(context.now) is SilenceState.EXPIRED]
    return context.render(
        "silences.html",
        typed=typed,
        error=error or wrong,
        matched=matched,
        most_matched=_MOST_MATCHED,
        labels=LABELS,
        longest=LONGEST_TEXT,
        columns=_COLUMNS,
        in_force=[one for one in listed if one not in expired],
        expired=expired,
        matchers_of=_matchers,
        text=default_renderer(language()).text,
        now=context.now,
    )


def _matched(tx: Transaction, matchers: str) -> tuple[MatchedAlerts | None, BadInputError | None]:
    """What typed matchers match now; None if nothing was typed, or it is wrong."""
    if not matchers.strip():
        return None, None
    try:
        return matched_now(tx, parse_matchers(matchers)), None
    except BadInputError as error:
        return None, error


def _matchers(silence: Silence) -> str:
    return text_of(silence.matchers)


PAGE = DeskPage(
    "silences",
    PATH,
    "Silences",
    show,
    group=NavGroup.MONITOR,
    actions=(PageAction("preview", preview), PageAction("add", add), PageAction("expire", expire)),
)
