"""The buyer's page of one order: what was delivered, what is owed and why; no sign-in, no names."""

from http import HTTPStatus

from flask import Response, abort, g, make_response, request, url_for

from monitor.model.target import Metric
from refilld.answers.rendering import sentence
from refilld.answers.sentences import UNITS
from refilld.charts.buyer_chart import buyer_chart
from refilld.charts.key_points import key_points
from refilld.charts.order_svg import order_svg
from refilld.charts.words import BUYER
from refilld.services.buyer_links import ask_for_refill, order_of_link
from refilld.timeline.load import Thinning, Timeline, load
from refilld.timeline.order_chart import order_chart
from refilld.translations.catalogue import LANGUAGES
from refilld.translations.source_text import translatable
from refilld.web.chart_points import POINT_COLUMNS
from refilld.web.formats import number
from refilld.web.page import DeskPage, PageAction, PageContext
from refilld.web.reader import gettext, read_in, translation
from storage.actor import Actor, acting
from storage.errors import NotFoundError

PARTS = 400
"""Of the time of the chart."""
_NO_PAGE = translatable("There is no such page. Ask the shop for a new link.")


def show(context: PageContext, signed: str) -> Response:
    """The page; search engines are told to leave it out."""
    _require_on(context)
    try:
        with context.database.read() as tx:
            timeline = load(tx, order_of_link(tx, signed), context.now, context.desk.enabled, Thinning(PARTS))
    except NotFoundError:
        abort(HTTPStatus.NOT_FOUND, gettext(_NO_PAGE))
    answer = make_response(_page(context, timeline, signed))
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def ask(context: PageContext, signed: str) -> Response:
    """Record the buyer's request, at most a few times a day."""
    _require_on(context)
    try:
        with acting(Actor("buyer", g.request_id)), context.database.write() as tx:
            asked = ask_for_refill(tx, order_of_link(tx, signed), context.now)
    except NotFoundError:
        abort(HTTPStatus.NOT_FOUND, gettext(_NO_PAGE))
    language = request.form.get("language")
    if language is not None and language in context.desk.texts.languages:
        read_in(language)
    path = url_for("buyer", signed=signed, language=language or None)
    if asked:
        return context.done(gettext("Your request is noted."), path)
    refused = gettext("You have asked several times today. Please come back tomorrow.")
    return context.refused(refused, path)


def _require_on(context: PageContext) -> None:
    if not context.settings.web.buyer_pages:
        abort(HTTPStatus.NOT_FOUND, gettext(_NO_PAGE))


def _page(context: PageContext, timeline: Timeline, signed: str) -> str:
    order, texts = timeline.order.order, context.desk.texts
    language = _language(context, order.language)
    read_in(language)
    metric, words = texts.of(language).metric(order.target.metric), BUYER.into(translation())
    chart = buyer_chart(order_chart(timeline, translation()), metric)
    return context.render(
        "buyer.html",
        order=order,
        delivered=_units(order.target.metric, order.delivered),
        language=language,
        languages=list(texts.languages),
        names=LANGUAGES,
        answer=sentence(timeline.answer, texts.of(language)),
        asks=timeline.mine.covered(context.now),
        chart=order_svg(chart, words),
        points=key_points(chart, words)[::-1],
        point_columns=POINT_COLUMNS,
        count=timeline.target.series.last_count,
        counted_at=timeline.target.last_count_at,
        here=url_for("buyer", signed=signed),
    )


def _units(metric: Metric, units: int) -> str:
    return UNITS[metric].into(translation(), units).format(number=number(units))


def _language(context: PageContext, of_order: str | None) -> str:
    """The first that the link, the order or the browser asks for; otherwise that of the shop."""
    texts = context.desk.texts
    accepted = [language for language, quality in request.accept_languages if quality > 0]
    for wanted in (request.args.get("language"), of_order, *accepted):
        for name in (wanted, wanted.partition("-")[0].lower()) if wanted else ():
            if name in texts.languages:
                return name
    return texts.language


PAGE = DeskPage("buyer", "/buyer/<signed>", "Your order", show, actions=(PageAction("ask", ask),))
