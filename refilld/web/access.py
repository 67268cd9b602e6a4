"""Who may send which request: a role for every route, and proof that a form comes from our own page.

A route without a role is refused, so that none is forgotten.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from itertools import chain
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from monitor.model.role import Role
from refilld.web.form_token import FIELD, is_valid
from refilld.web.formats import label
from refilld.web.reader import gettext
from refilld.web.visitor import Visitor, visitor

SIGN_IN = "/sign-in"
PUBLIC = frozenset(
    {"static_files.file", "sign_in", "sign_in.send", "sign_in_oidc", "sign_in_oidc_callback"}
    | {"buyer", "buyer.ask"}
)
"""Routes that need no sign-in."""
LONGEST_PATH = 4_000
"""Characters of a path that a form or a sign-in leads back to."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})


def register(app: Flask, find: Callable[[], Visitor], roles: Mapping[str, Role], origin: str) -> None:
    """Find out who sends each request, and refuse what they may not do.

    `origin` is that of the public URL; without one it is the host that a request is sent to.
    """

    @app.before_request
    def check() -> AnyResponse | None:
        if request.endpoint == "static_files.file":
            return None
        g.visitor = find()
        _require_no_nul([request.path], HTTPStatus.NOT_FOUND)
        if request.method not in READING:
            require_own_form(origin)
            _require_no_nul(chain(*request.form.items(multi=True)), HTTPStatus.BAD_REQUEST)
        if request.endpoint is None or request.endpoint in PUBLIC:
            return None  # a path without a route is answered with 404
        return _refusal(roles.get(request.endpoint))


def _require_no_nul(texts: Iterable[str], status: HTTPStatus) -> None:
    """Refuse what holds a NUL: nobody can type it, and PostgreSQL cannot store it."""
    if any("\0" in text for text in texts):
        abort(status, "The form has a character (NUL) that no text may contain.")


def _refusal(needed: Role | None) -> AnyResponse | None:
    if visitor().role is None:
        return _to_sign_in()
    if needed is None or not visitor().may(needed):
        abort(
            HTTPStatus.FORBIDDEN,
            gettext("This needs the role {role}. Ask an admin for it.", role=label(needed)),
        )
    return None


def _to_sign_in() -> AnyResponse:
    """The page of the sign-in, which leads back; a part of a page is not replaced by it."""
    if request.headers.get("HX-Request"):
        return Response("", HTTPStatus.UNAUTHORIZED, {"HX-Redirect": SIGN_IN})
    wanted = request.full_path.rstrip("?") if request.method in READING else "/"
    return redirect(SIGN_IN if wanted == "/" else f"{SIGN_IN}?next={quote(wanted)}", HTTPStatus.SEE_OTHER)


def own_path(path: str) -> str:
    """The path, if it is one of this site; otherwise that of the first page."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain and len(path) <= LONGEST_PATH and not urlsplit(path).netloc else "/"


def _foreign_form(origin: str) -> str:
    """Why a form is refused; where the pages have one configured address, it is named."""
    if not origin:
        return gettext("This form was not sent by a page of refilld.")
    return gettext(
        "This form was not sent by a page of refilld at {address}. Use the pages there.", address=origin
    )


def require_own_form(origin: str) -> None:
    """Refuse a form that another site has sent, or that was made for another cookie."""
    site, sent_by = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    foreign = site is not None and site not in _OWN_SITE
    if sent_by is not None:
        own = origin or f"{request.scheme}://{request.host}"
        foreign |= sent_by.lower() != own.lower()
    if foreign or (site is None and sent_by is None):
        abort(HTTPStatus.FORBIDDEN, _foreign_form(origin))
    if not is_valid(request.form.get(FIELD, ""), visitor().secret):
        abort(
            HTTPStatus.FORBIDDEN,
            gettext("This form is out of date. Go back, reload the page, and send it again."),
        )
