"""What went wrong in a look, as an outcome: first what the answer said, then its status, then the error.

The library words one refusal in many ways and uses one exception for many; the answer itself is plain.
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
_ODD_BODIES = (LookupError, TypeError, AttributeError, ValueError, AssertionError, RecursionError)
FAULTS = (InstaloaderException, AbortDownloadException, *_NETWORK, *_ODD_BODIES)
"""Everything that a look at a strange answer is known to raise."""

_SAID = {
    "please wait": Outcome.RATE_LIMITED,
    "login_required": Outcome.LOGIN_REQUIRED,
    "checkpoint_required": Outcome.BLOCKED,
    "challenge_required": Outcome.BLOCKED,
    "feedback_required": Outcome.BLOCKED,
}
"""The messages of JSON bodies; they come with 200, 400, 401 and 403 alike."""

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
"""Only the text tells this BadResponseException (deleted, private, blocked, …) from a strange answer."""


def fault(error: Exception, answer: Response | None) -> ReadResult:
    """Say what an error of `FAULTS` means, given the last answer, if there was one."""
    if answer is None:
        return _by_error(error)
    return _by_message(answer) or _by_redirect(answer) or _by_status(answer) or _by_error(error)


def empty_page(answer: Response | None) -> ReadResult:
    """Say what a profile page without a user is: never evidence that there is none."""
    if answer is not None and (said := _by_message(answer)):
        return said
    if answer is not None and "accounts/login" in answer.text:
        return ReadResult(Outcome.LOGIN_REQUIRED, detail="the page shows no profile and asks for a login")
    return ReadResult(Outcome.SCHEMA, detail="the page holds no profile")


def retry_after(answer: Response | None, now: datetime) -> timedelta | None:
    """Return how long a refusal asks to be left alone, in seconds or by a date (RFC 9110, 10.2.3)."""
    if answer is None or answer.status_code == _OK:
        return None
    told = answer.headers.get("retry-after", "").strip()
    with suppress(ValueError, OverflowError):
        seconds = int(told) if re.fullmatch(r"[0-9]{1,9}", told) else _seconds_to(told, now)
        return timedelta(seconds=seconds) if seconds > 0 else None
    return None


def _seconds_to(date: str, now: datetime) -> float:
    at = parsedate_to_datetime(date)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def _by_message(answer: Response) -> ReadResult | None:
    message = _message(answer)
    for words, outcome in _SAID.items():
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
        # The start page is not the target: that it is gone says nothing about a post.
        outcome = Outcome.SCHEMA
    return ReadResult(outcome, detail=f"HTTP {status} {answer.reason}: {_message(answer)}".rstrip(": "))


def _by_error(error: Exception) -> ReadResult:
    root = error.__cause__ or error
    detail = _said(root)
    # Before the network's errors: requests' own JSONDecodeError is one of them, too.
    if isinstance(root, json.JSONDecodeError):
        return ReadResult(Outcome.SCHEMA, detail=detail)
    if isinstance(root, _NETWORK):
        return ReadResult(Outcome.TRANSIENT, detail=detail)
    if isinstance(root, BadResponseException) and str(root) == _NO_POST:
        return ReadResult(
            Outcome.UNAVAILABLE, detail="the answer holds no post: deleted, private or withheld"
        )
    return ReadResult(Outcome.SCHEMA, detail=detail)


def _said(error: BaseException) -> str:
    """Name an error and its innermost cause; an address that cannot be read may hold a proxy's password."""
    if isinstance(error, InvalidURL):
        return type(error).__name__
    reason = getattr(error.args[0], "reason", None) if error.args else None
    cause = reason if isinstance(reason, Exception) else error
    return f"{type(cause).__name__}: {cause}"


def _message(answer: Response) -> str:
    """Return the JSON body's `message`, or nothing; the body may be anything, or have broken off."""
    # RuntimeError is both a body that broke off earlier and one that is nested too deeply.
    with suppress(RequestException, ValueError, RuntimeError):
        body = answer.json()
        message = body.get("message") if isinstance(body, dict) else None
        return message if isinstance(message, str) else ""
    return ""
