"""Sign-in at an OpenID provider: the way there, and the way back."""

from http import HTTPStatus

import structlog
from flask import Response, abort, g, make_response, redirect, request

from refilld.oidc import attempt as attempts
from refilld.oidc.attempt import SignInAttempt
from refilld.oidc.errors import OidcError
from refilld.services.external_sign_in import ExternalRefusal, external_user, sign_in_external
from refilld.translations.source_text import translatable
from refilld.web.access import own_path
from refilld.web.browser_name import browser_name
from refilld.web.oidc_flow import CALLBACK as CALLBACK_PATH
from refilld.web.page import Answer, DeskPage, PageContext
from refilld.web.pages.sign_in import sign_in_form, signed_in
from refilld.web.reader import gettext
from storage.user_sessions import SessionLife

log = structlog.get_logger()
PATH = "/sign-in/oidc"
LONGEST_CODE = 4_000
_UNUSABLE = translatable(
    "Sign-in at the provider does not work at present; the reason is in the log of refilld."
)
_STALE = translatable("This sign-in was begun in another browser, or more than ten minutes ago. Try again.")
_DENIED = translatable("The provider has not signed you in.")
_REFUSALS = {
    ExternalRefusal.NO_ROLE: translatable("None of your groups has a role here. Ask an admin of refilld."),
    ExternalRefusal.WRONG_NAME: translatable(
        "The provider sent a name that cannot be used here. Ask an admin of refilld."
    ),
    ExternalRefusal.NAME_TAKEN: translatable("Another user has your name here. Ask an admin of refilld."),
    ExternalRefusal.DISABLED: translatable("You are disabled here. Ask an admin of refilld."),
}


def begin(context: PageContext) -> Answer:
    """Lead to the provider; the answer binds the attempt to the cookie of the browser."""
    _require_provider(context)
    wanted = own_path(request.args.get("next", "/"))
    attempt = attempts.begun(context.visitor.secret, wanted, context.now)
    try:
        url = context.desk.oidc.get(context.settings.web).url(attempt)
    except OidcError as error:
        return _unusable(context, error, wanted)
    g.form_shown = True  # the cookie is kept
    answer: Response = make_response(redirect(url, HTTPStatus.SEE_OTHER))
    return answer


def callback(context: PageContext) -> Answer:
    """Begin a session for somebody whom the provider has signed in."""
    _require_provider(context)
    attempt = attempts.returned(context.visitor.secret, request.args.get("state", ""), context.now)
    if attempt is None:
        return _refused(context, _STALE, "/", HTTPStatus.BAD_REQUEST)
    code = request.args.get("code", "")[:LONGEST_CODE]
    if not code:
        log.info("oidc.denied", error=request.args.get("error", "")[:100])
        return _refused(context, _DENIED, attempt.wanted, HTTPStatus.UNAUTHORIZED)
    try:
        return _sign_in(context, code, attempt)
    except OidcError as error:
        return _unusable(context, error, attempt.wanted)


def _sign_in(context: PageContext, code: str, attempt: SignInAttempt) -> Response:
    web = context.settings.web
    claims = context.desk.oidc.get(web).claims(code, attempt, context.now)
    browser = browser_name(request.headers.get("User-Agent", ""))
    who = external_user(claims, web.oidc, request.remote_addr or "", browser)
    life = SessionLife(web.session_idle, web.session_lifetime)
    result = sign_in_external(context.database, who, life, context.now)
    if isinstance(result, ExternalRefusal):
        return _refused(context, _REFUSALS[result], attempt.wanted, HTTPStatus.FORBIDDEN)
    return signed_in(context, own_path(attempt.wanted), result)


def _require_provider(context: PageContext) -> None:
    if not context.settings.web.oidc.issuer:
        abort(HTTPStatus.NOT_FOUND)


def _unusable(context: PageContext, error: OidcError, wanted: str) -> Response:
    log.error("oidc.failed", error=str(error), once_a_minute=True)
    return _refused(context, _UNUSABLE, wanted, HTTPStatus.BAD_GATEWAY)


def _refused(context: PageContext, words: str, wanted: str, status: HTTPStatus) -> Response:
    return make_response(sign_in_form(context, wanted, gettext(words)), status)


PAGE = DeskPage("sign_in_oidc", PATH, "Sign in", begin)
CALLBACK = DeskPage("sign_in_oidc_callback", CALLBACK_PATH, "Sign in", callback)
