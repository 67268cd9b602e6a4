"""Errors as RFC 9457 defines them: every answer that is not a success is `application/problem+json`.

`type` distinguishes errors with the same status; it is `about:blank` if the status is enough.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from itertools import takewhile

import structlog
from flask import Flask, Response, has_request_context, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from monitor.errors import BadInputError, RefilldError
from refilld.api.fault_words import fault_words, refusal_words
from refilld.api.responses import to_json
from refilld.services.list_query import QueryFault
from refilld.strict_json import BODY, NotJsonError
from storage.errors import (
    KeyReusedError,
    LeaseLostError,
    NotFoundError,
    NotMigratedError,
    OpenRefillError,
    RepeatDiffersError,
    UnreachableError,
    WrongStateError,
)

log = structlog.get_logger()
MIMETYPE = "application/problem+json"
RETRY_AFTER = "5"
"""Seconds after which a client may retry if the database is not available."""


class ProblemKind(StrEnum):
    """The problem types, without their prefix `urn:refilld:`."""

    INVALID_JSON = "invalid-json"
    INVALID_REQUEST = "invalid-request"
    MISSING_SCOPE = "missing-scope"
    NOT_FOUND = "not-found"
    WRONG_STATE = "wrong-state"
    LEASE_LOST = "lease-lost"
    REPEAT_DIFFERS = "repeat-differs"
    OPEN_REFILL = "open-refill"
    KEY_REUSED = "idempotency-key-reused"


_MAX_FAULTS = 20
_MAX_FIELD_LENGTH = 100
_PROBLEMS: Mapping[type[RefilldError], tuple[HTTPStatus, ProblemKind]] = {
    NotJsonError: (HTTPStatus.BAD_REQUEST, ProblemKind.INVALID_JSON),
    NotFoundError: (HTTPStatus.NOT_FOUND, ProblemKind.NOT_FOUND),
    WrongStateError: (HTTPStatus.CONFLICT, ProblemKind.WRONG_STATE),
    LeaseLostError: (HTTPStatus.CONFLICT, ProblemKind.LEASE_LOST),
    OpenRefillError: (HTTPStatus.CONFLICT, ProblemKind.OPEN_REFILL),
    KeyReusedError: (HTTPStatus.CONFLICT, ProblemKind.KEY_REUSED),
}


class InvalidQueryError(RefilldError):
    """A query string is refused."""

    def __init__(self, faults: Sequence[QueryFault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


UNAVAILABLE = (UnreachableError, NotMigratedError)
"""Errors of the database for which a request may be repeated."""
NOT_AVAILABLE = "The database is not available."
DEFECT = "An unexpected error; it is in the log of refilld."


def problem_fields(
    status: int,
    detail: str | None,
    *,
    kind: ProblemKind | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> dict[str, object]:
    """The fields of a problem."""
    fields: dict[str, object] = {
        "type": f"urn:refilld:{kind}" if kind else "about:blank",
        "title": kind.replace("-", " ").capitalize().replace("json", "JSON") if kind else _phrase(status),
        "status": status,
    }
    if detail:
        fields["detail"] = detail
    if errors:
        fields["errors"] = errors
    return fields


def problem_json(status: int, detail: str | None) -> str:
    """The body of a problem answer."""
    return to_json(problem_fields(status, detail))


def problem(
    status: int,
    detail: str | None = None,
    *,
    kind: ProblemKind | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem answer."""
    body = to_json(problem_fields(status, detail, kind=kind, errors=errors))
    return Response(body, status, headers, mimetype=MIMETYPE)


def refusal(error: Exception) -> dict[str, object] | None:
    """The problem of what a client can mend; None for any other error."""
    if isinstance(error, ValidationError):
        return _of_validation(error)
    if isinstance(error, InvalidQueryError):
        return _invalid([(fault.field, fault.problem) for fault in error.faults])
    if isinstance(error, RepeatDiffersError):
        faults = [{"field": name, "detail": detail} for name, detail in error.faults.items()]
        return problem_fields(HTTPStatus.CONFLICT, str(error), kind=ProblemKind.REPEAT_DIFFERS, errors=faults)
    for error_type, (status, kind) in _PROBLEMS.items():
        if isinstance(error, error_type):
            return problem_fields(status, str(error), kind=kind)
    return _invalid([(error.field, error.problem)]) if isinstance(error, BadInputError) else None


def register(app: Flask) -> None:
    """Answer every error of the application with a problem."""
    app.register_error_handler(HTTPException, _of_framework)
    app.register_error_handler(Exception, of_error)


def _of_framework(error: HTTPException) -> Response:
    """An error of Flask; headers such as Allow are kept."""
    answer = error.get_response()
    kept = {name: value for name, value in answer.headers.items() if not name.startswith("Content-")}
    return problem(answer.status_code, refusal_words(error), headers=kept)


def _of_validation(error: ValidationError) -> dict[str, object]:
    """An invalid request; its values are not repeated because some are secret."""
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        detail = f"{BODY}: {fault_words(found[0])}"
        return problem_fields(HTTPStatus.BAD_REQUEST, detail, kind=ProblemKind.INVALID_JSON)
    return _invalid([(_field(fault["loc"]), fault_words(fault)) for fault in found])


def _field(place: tuple[int | str, ...]) -> str:
    """The field that was sent, with the number of its element; pydantic adds names of its own parts."""
    name, *parts = place or (BODY,)
    return ".".join(map(str, [name, *takewhile(lambda part: isinstance(part, int), parts)]))


def _invalid(found: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Fields with what is wrong with them; the first ones are named."""
    faults = [{"field": field[:_MAX_FIELD_LENGTH], "detail": detail} for field, detail in found[:_MAX_FAULTS]]
    detail = "; ".join(f"{fault['field']}: {fault['detail']}" for fault in faults)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return problem_fields(status, detail, kind=ProblemKind.INVALID_REQUEST, errors=faults)


def of_error(error: Exception) -> Response:
    """An error of the database, what a client can mend, or a defect."""
    if isinstance(error, UNAVAILABLE):
        return _unavailable(error)
    fields = refusal(error)
    if fields is None:
        return _unexpected(error)
    return Response(to_json(fields), int(str(fields["status"])), mimetype=MIMETYPE)


def _unavailable(error: Exception) -> Response:
    """The database cannot be used; why is in the log only."""
    log.error("http.database_unavailable", error=str(error), once_a_minute=True)
    retry = {"Retry-After": RETRY_AFTER}
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, NOT_AVAILABLE, headers=retry)


def _unexpected(error: Exception) -> Response:
    """A defect; the answer has no details."""
    log_defect(error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, DEFECT)


def log_defect(error: Exception) -> None:
    """Log an error that nobody expects, with the route on which it happened, if there is a request."""
    where = {"method": request.method, "rule": str(request.url_rule)} if has_request_context() else {}
    log.error("http.failed", exc_info=error, **where)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
