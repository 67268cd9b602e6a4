"""Maps Graph's errors to outcomes: by the error code, else by the HTTP status, else as a network error.

Graph uses several statuses for one error (a rate limit comes as 400, 403 or 429), so the code comes first.
"""

from http.client import HTTPException
from typing import Any

from requests import RequestException
from requests.exceptions import InvalidURL
from urllib3.exceptions import HTTPError

from monitor.model.snapshot import Outcome
from monitor.sources.read_result import LONGEST_QUOTE, ReadResult

NETWORK = (RequestException, HTTPError, HTTPException, OSError, ValueError)
"""All exceptions that a request is known to raise."""

_NO_SUCH_ACCOUNT = 2207013
_INVALID_USER = 110
_NOT_FOUND = "not a professional account, or it does not exist: Graph does not say which"
_CODES = {
    1: Outcome.TRANSIENT,
    2: Outcome.TRANSIENT,
    3: Outcome.BLOCKED,
    4: Outcome.RATE_LIMITED,
    10: Outcome.BLOCKED,
    17: Outcome.RATE_LIMITED,
    32: Outcome.RATE_LIMITED,
    102: Outcome.LOGIN_REQUIRED,
    190: Outcome.LOGIN_REQUIRED,
    **dict.fromkeys(range(200, 300), Outcome.BLOCKED),
    341: Outcome.RATE_LIMITED,
    368: Outcome.BLOCKED,
    613: Outcome.RATE_LIMITED,
    80002: Outcome.RATE_LIMITED,
}
_RESUME = "then refilld sources resume graph"
_TOKEN_ENDED = f"the access token has ended: renew it in sources.graph.token_file, {_RESUME}"
_NOT_PERMITTED = f"the access token lacks a permission: renew it with those of docs/graph.md, {_RESUME}"
_ADVICE = {
    **dict.fromkeys((102, 190), _TOKEN_ENDED),
    **dict.fromkeys((3, 10, *range(200, 300)), _NOT_PERMITTED),
    368: "Meta restricts your account or app for its policies; its support inbox says why",
}
"""What the operator has to do about a refusal that does not end by itself, by code."""
_REFUSALS = frozenset({Outcome.RATE_LIMITED, Outcome.LOGIN_REQUIRED, Outcome.BLOCKED})
_STATUS = {
    401: Outcome.LOGIN_REQUIRED,
    403: Outcome.BLOCKED,
    408: Outcome.TRANSIENT,
    429: Outcome.RATE_LIMITED,
}
_OK = 200
_SERVER_ERROR = 500


def refusal(status: int, body: Any) -> ReadResult | None:
    """Map an error answer; None if it is not an error. `body` is the parsed JSON, None if it is not JSON."""
    error = body.get("error") if isinstance(body, dict) else None
    if status == _OK and error is None:
        return None
    if not isinstance(error, dict):
        return ReadResult(_by_status(status), detail=f"HTTP {status} without a Graph error")
    code, sub = _code(error.get("code")), _code(error.get("error_subcode"))
    outcome = _outcome(status, code, sub, transient=error.get("is_transient") is True)
    if outcome is Outcome.NOT_FOUND:
        return ReadResult(outcome, detail=_NOT_FOUND)
    answered = f"HTTP {status}, code {code}, subcode {sub}: {_error_message(error.get('message'))}"
    advice = _ADVICE.get(code or 0)
    return ReadResult(outcome, detail=f"{advice} ({answered})" if advice else answered)


def unreachable(error: Exception) -> ReadResult:
    """Map an exception of `NETWORK`; an InvalidURL is not quoted, it may contain a proxy password."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    cause = reason if isinstance(reason, Exception) else error
    text = "" if isinstance(cause, InvalidURL) else f": {cause}"
    return ReadResult(Outcome.TRANSIENT, detail=f"{type(cause).__name__}{text}")


def _outcome(status: int, code: int | None, sub: int | None, *, transient: bool) -> Outcome:
    known = None if code is None else _CODES.get(code)
    if known in _REFUSALS:
        return known
    if sub == _NO_SUCH_ACCOUNT or (code == _INVALID_USER and sub is None):
        return Outcome.NOT_FOUND
    if transient:
        return Outcome.TRANSIENT
    return known or _by_status(status)


def _by_status(status: int) -> Outcome:
    return _STATUS.get(status, Outcome.TRANSIENT if status >= _SERVER_ERROR else Outcome.SCHEMA)


def _code(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 10**9 else None


def _error_message(message: Any) -> str:
    return message[:LONGEST_QUOTE] if isinstance(message, str) else "no message"
