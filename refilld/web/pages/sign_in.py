"""*Sign in*: name, password, and the code of a second factor; always with the same words of refusal."""

from http import HTTPStatus

from flask import Response, g, make_response, redirect, request

from refilld.services.sign_in import Credentials, SignInOutcome, sign_in
from refilld.translations.source_text import translatable
from refilld.web.access import SIGN_IN, own_path
from refilld.web.browser_name import browser_name
from refilld.web.page import Answer, DeskPage, PageAction, PageContext
from refilld.web.reader import gettext
from refilld.web.visitors import set_cookie
from storage import users
from storage.user_sessions import SessionLife

LONGEST_FIELD = 1_000
_REFUSALS = {
    SignInOutcome.WRONG: (
        HTTPStatus.UNAUTHORIZED,
        translatable("Name, password or code is wrong. A code can be used once only."),
    ),
    SignInOutcome.LIMITED: (
        HTTPStatus.TOO_MANY_REQUESTS,
        translatable("Too many attempts have failed. Try again in 15 minutes, or ask an administrator."),
    ),
}


def show(context: PageContext) -> Answer:
    """The form."""
    if context.visitor.role is not None:
        return _see(own_path(request.args.get("next", "/")))
    return sign_in_form(context, own_path(request.args.get("next", "/")))


def sign_in_form(context: PageContext, wanted: str, refusal: str = "", name: str = "") -> str:
    """The page with the form, and with the link to the provider if there is one."""
    provider = context.settings.web.oidc.host
    with context.database.read() as tx:
        first = not users.exist(tx)
    return context.render(
        "sign_in.html", wanted=wanted, name=name, refusal=refusal, provider=provider, first=first
    )


def send(context: PageContext) -> Answer:
    """Begin a session."""
    wanted = own_path(request.form.get("next", "/"))
    web = context.settings.web
    life = SessionLife(web.session_idle, web.session_lifetime)
    result = sign_in(context.database, typed_credentials(typed("name")), life, context.now)
    if result.outcome is not SignInOutcome.DONE:
        status, words = _REFUSALS[result.outcome]
        return make_response(sign_in_form(context, wanted, gettext(words), typed("name")), status)
    return signed_in(context, wanted, result.token)


def signed_in(context: PageContext, wanted: str, token: str) -> Response:
    """Lead to a page with a new session; the value of the cookie of before means nothing afterwards."""
    answer = _see(wanted)
    g.pop("new_secret", None)
    set_cookie(answer, context.settings.web, token)
    return answer


def refusal(outcome: SignInOutcome) -> str:
    """Why somebody was refused who has typed their password."""
    return gettext(_REFUSALS[outcome][1])


def typed_credentials(name: str) -> Credentials:
    """The password and the code of a form, with where it comes from."""
    browser = browser_name(request.headers.get("User-Agent", ""))
    return Credentials(name, typed("password"), typed("code"), request.remote_addr or "", browser)


def typed(field: str) -> str:
    """What was typed into a field of the form."""
    return request.form.get(field, "")[:LONGEST_FIELD]


def _see(path: str) -> Response:
    answer: Response = make_response(redirect(path, HTTPStatus.SEE_OTHER))
    return answer


PAGE = DeskPage("sign_in", SIGN_IN, "Sign in", show, actions=(PageAction("send", send),))
