"""Maps failures to outcomes: by the answer's message, else by its redirect or status, else by the exception.

The library's exceptions and their texts are ambiguous, so the answer itself is evaluated first.
"""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.parse import urlsplit

from instaloader.exceptions import AbortDownloadException, BadResponseException, InstaloaderException
from requests import RequestException, Response
from requests.exceptions import InvalidURL
from urllib3.exceptions import HTTPError

from monitor.model.snapshot import Outcome
from monitor.sources.read_result import ReadResult

_NETWORK = (RequestException, HTTPError, HTTPException, OSError)
_UNEXPECTED_BODY = (LookupError, TypeError, AttributeError, ValueError, AssertionError, RecursionError)
FAULTS = (InstaloaderException, AbortDownloadException, *_NETWORK, *_UNEXPECTED_BODY)
"""All exceptions that a look is known to raise."""

_MESSAGES = {
    "please wait": Outcome.RATE_LIMITED,
    "login_required": Outcome.LOGIN_REQUIRED,
    "checkpoint_required": Outcome.BLOCKED,
    "challenge_required": Outcome.BLOCKED,
    "feedback_required": Outcome.BLOCKED,
}
"""Messages of JSON bodies; they come with status 200, 400, 401 and 403."""

_STATUS = {
    401: Outcome.BLOCKED,
    403: Outcome.BLOCKED,
    404: Outcome.NOT_FOUND,
    408: Outcome.TRANSIENT,
    429: Outcome.RATE_LIMITED,
}
_OK = 200
_SERVER_ERROR = 500
_NO_POST = "Fetching Post metadata failed."
"""Text of the BadResponseException for a post without data (deleted, private, blocked, …)."""


def fault(error: Exception, answer: Response | None) -> ReadResult:
    """Map an exception of `FAULTS`, given the last answer, if there was one."""
    if answer is None:
        return _by_error(error)
    return _by_message(answer) or _by_redirect(answer) or _by_status(answer) or _by_error(error)


def empty_page(answer: Response | None) -> ReadResult:
    """Map a profile page without a user, which is no evidence that the profile does not exist."""
    if answer is not None and (refused := _by_message(answer)):
        return refused
    if answer is not None and "accounts/login" in answer.text:
        return ReadResult(Outcome.LOGIN_REQUIRED, detail="the page contains no profile and asks for a login")
    return ReadResult(Outcome.SCHEMA, detail="the page contains no profile")


def retry_after(answer: Response | None, now: datetime) -> timedelta | None:
    """Return the wait that a refusal asks for, in seconds or by a date (RFC 9110, section 10.2.3)."""
    if answer is None or answer.status_code == _OK:
        return None
    value = answer.headers.get("retry-after", "").strip()
    with suppress(ValueError, OverflowError):
        seconds = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else _seconds_to(value, now)
        return timedelta(seconds=seconds) if seconds > 0 else None
    return None


def _seconds_to(date: str, now: datetime) -> float:
    at = parsedate_to_datetime(date)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def _by_message(answer: Response) -> ReadResult | None:
    message = _message(answer)
    for words, outcome in _MESSAGES.items():
        if words in message.lower():
            return ReadResult(outcome, detail=f"HTTP {answer.status_code}: {message}")
    return None


def _by_redirect(answer: Response) -> ReadResult | None:
    if not answer.is_redirect:
        return None
    where = answer.headers["location"].partition("?")[0]
    outcome = Outcome.LOGIN_REQUIRED if "/accounts/login" in where else Outcome.BLOCKED
    return ReadResult(outcome, detail=f"HTTP {answer.status_code}: redirected to {where}")


def _by_status(answer: Response) -> ReadResult | None:
    status = answer.status_code
    if status == _OK:
        return None
    outcome = _STATUS.get(status, Outcome.TRANSIENT if status >= _SERVER_ERROR else Outcome.SCHEMA)
    if outcome is Outcome.NOT_FOUND and urlsplit(answer.url).path == "/":
        # A missing start page says nothing about the target.
        outcome = Outcome.SCHEMA
    return ReadResult(outcome, detail=f"HTTP {status} {answer.reason}: {_message(answer)}".rstrip(": "))


def _by_error(error: Exception) -> ReadResult:
    root = error.__cause__ or error
    detail = _description(root)
    # Before the network errors: the JSONDecodeError of `requests` is one of them, too.
    if isinstance(root, json.JSONDecodeError):
        return ReadResult(Outcome.SCHEMA, detail=detail)
    if isinstance(root, _NETWORK):
        return ReadResult(Outcome.TRANSIENT, detail=detail)
    if isinstance(root, BadResponseException) and str(root) == _NO_POST:
        return ReadResult(
            Outcome.UNAVAILABLE, detail="the answer contains no post: deleted, private or withheld"
        )
    return ReadResult(Outcome.SCHEMA, detail=detail)


def _description(error: BaseException) -> str:
    """Describe an exception by its root cause; an InvalidURL may contain a proxy password."""
    if isinstance(error, InvalidURL):
        return type(error).__name__
    reason = getattr(error.args[0], "reason", None) if error.args else None
    cause = reason if isinstance(reason, Exception) else error
    return f"{type(cause).__name__}: {cause}"


def _message(answer: Response) -> str:
    """Return the `message` of a JSON body; empty if the body is incomplete or has none."""
    # RuntimeError: an incomplete body, or one that is nested too deeply.
    with suppress(RequestException, ValueError, RuntimeError):
        body = answer.json()
        message = body.get("message") if isinstance(body, dict) else None
        return message if isinstance(message, str) else ""
    return ""
