"""Parts of the OpenAPI document that follow from no type: headers, parts of paths, and statuses in words."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from monitor.model.order import Flag
from refilld.orders_file.rows import LONGEST_ID
from refilld.services.input_limits import IDEMPOTENCY_KEY, LARGEST_ID

OF_EVERY_ANSWER = ("X-Request-Id", "Cache-Control", "X-Content-Type-Options")
OF_TOKENS = ("RateLimit-Policy", "RateLimit")
"""Headers of the answers to requests with a token, if its requests are limited."""
_ID = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
PATH_PARTS: Mapping[str, dict[str, Any]] = {
    "refill_id": _ID,
    "endpoint_id": _ID,
    "delivery_id": _ID,
    "order_id": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_ID,
        "description": "A slash in it is written %2F",
    },
    "flag": {"type": "string", "enum": [str(flag) for flag in Flag]},
}
"""The schemas of the parts of paths."""
QUERY_FIELDS: Mapping[str, str] = {
    "order_id": "The id of an order",
    "link": "The profile or post",
    "metric": "What was sold",
    "service": "The service of the order, as it was sent",
    "provider": "The provider of the order",
    "customer": "The customer of the order",
    "status": "The status of the order in the panel",
    "drop_state": "The state of the open drop of the order",
    "flag": "A flag that is set on the order",
    "state": "The state of the row",
    "open_only": "Only drops that are open",
    "decision": "What was decided, of drops the newest decision",
    "reason": "Why it was decided",
    "consumer": "Who has claimed the refill last, by the name in the claim",
    "kind": "The kind of the event",
    "severity": "The severity of the event",
    "source": "The source of counts that the event is about",
    "actor": "A part of the name of who caused the event",
    "actor_kind": "What kind of actor caused the event",
    "since": "From this time on: of orders the completion, of drops the opening, else when the row was made",
    "before": "Before this time; likewise",
    "limit": "Rows of the page, at most; 100 without it",
    "sort": "Newest first, unless the oldest are wanted first",
    "cursor": "The place of the page",
}
"""The fields of query strings in words; a filter finds the rows of which it is true."""
REQUEST_HEADERS: Mapping[str, dict[str, Any]] = {
    "Accept-Language": {"type": "string", "description": "Languages of sentences, the best first"},
    "Idempotency-Key": {
        "type": "string",
        "pattern": IDEMPOTENCY_KEY,
        "description": "A new one for each request; within 24 hours the same gets the first answer",
    },
}


def _header(description: str, **schema: object) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"} | schema}


HEADERS: Mapping[str, dict[str, Any]] = {
    "X-Request-Id": _header("Names the request in the log and in events"),
    "Cache-Control": _header("Answers may hold secrets", const="no-store"),
    "X-Content-Type-Options": _header("The type is as it is told", const="nosniff"),
    "Link": _header("The next page, if there is one"),
    "Content-Language": _header("The language of sentences"),
    "Idempotent-Replayed": _header("Set if this is the answer to an earlier request", const="true"),
    "WWW-Authenticate": _header("What is wrong with the token"),
    "RateLimit-Policy": _header("Requests (q) that the token may send in a window of seconds (w)"),
    "RateLimit": _header("Requests that are left (r) until the next window, in seconds (t)"),
    "Retry-After": _header("Seconds after which the request may be repeated", type="integer"),
}
_WORDS: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "The request or its JSON is malformed",
    HTTPStatus.UNAUTHORIZED: "There is no valid token",
    HTTPStatus.FORBIDDEN: "The token does not have the scope",
    HTTPStatus.NOT_FOUND: "There is no such thing",
    HTTPStatus.CONFLICT: "The state does not allow it, or the lease is lost",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 1 MiB",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not application/json in UTF-8, or is compressed",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A field is refused; errors names it",
    HTTPStatus.TOO_MANY_REQUESTS: "The token has sent too many requests in this minute",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are larger than 32 KiB",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault of refilld, which is in its log",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database is not available, or all threads are busy; come back later",
}


def described_status(status: HTTPStatus) -> str:
    """A status in words."""
    return _WORDS.get(status, status.phrase)
