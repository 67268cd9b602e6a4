"""Errors as pages, in words that say what to do."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from monitor.errors import BadInputError, RefilldError
from refilld.services.passwords import PasswordsBusyError
from refilld.translations.source_text import labelled, translatable
from refilld.web.reader import gettext, said
from storage.errors import NotFoundError, NotMigratedError, UnreachableError, WrongStateError

log = structlog.get_logger()
_STATUSES: dict[type[RefilldError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    WrongStateError: HTTPStatus.CONFLICT,
    BadInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    PasswordsBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_WORDS = {
    404: translatable("There is no such page."),
    405: translatable("This page cannot be used in this way."),
    413: translatable("The form is too large."),
}


_TITLES = {
    401: labelled("error", "Not signed in"),
    403: labelled("error", "Not allowed"),
    404: labelled("error", "Not found"),
    409: labelled("error", "Not possible now"),
    422: labelled("error", "Not accepted"),
    500: labelled("error", "Error"),
    503: labelled("error", "Not available"),
}
"""Titles of pages; those of other statuses are the phrases of HTTP."""


def register(app: Flask) -> None:
    """Answer every error of the application with a page."""
    app.register_error_handler(HTTPException, _of_framework)
    app.register_error_handler(RefilldError, _of_domain)
    app.register_error_handler(Exception, _unexpected)


def _of_framework(error: HTTPException) -> Response:
    status = error.get_response().status_code
    answer = _page(status, gettext(_WORDS[status]) if status in _WORDS else error.description or "")
    allowed = error.get_response().headers.get("Allow")
    if allowed:
        answer.headers["Allow"] = allowed
    return answer


def _of_domain(error: RefilldError) -> Response:
    if isinstance(error, UnreachableError | NotMigratedError):
        log.error("http.database_unavailable", error=str(error), once_a_minute=True)
        answer = _page(
            HTTPStatus.SERVICE_UNAVAILABLE, gettext("The database is not available. Try again in a minute.")
        )
        answer.headers["Retry-After"] = "5"
        return answer
    for kind, status in _STATUSES.items():
        if isinstance(error, kind):
            return _page(status, str(error))
    return _unexpected(error)


def _unexpected(error: Exception) -> Response:
    """A defect; it is logged, and the page has no details."""
    log.error("http.failed", method=request.method, rule=str(request.url_rule), exc_info=error)
    return _page(
        HTTPStatus.INTERNAL_SERVER_ERROR, gettext("An unexpected error; it is in the log of refilld.")
    )


def _page(status: int, message: str) -> Response:
    title = said(_TITLES[status]) if status in _TITLES else HTTPStatus(status).phrase
    request_id = g.get("request_id", "")
    body = render_template(
        "error.html", status=int(status), title=title, message=message, request_id=request_id
    )
    return make_response(body, status)
