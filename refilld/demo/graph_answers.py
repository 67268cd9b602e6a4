"""Answers, errors and rate limit headers in the shapes of Meta's Graph API."""

import json
from typing import Any

from refilld.demo.tunnel import HttpAnswer

IG_USER_ID = "17841400000000001"


def json_answer(body: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> HttpAnswer:
    """An answer with a JSON body and Graph's content type."""
    return HttpAnswer(
        json.dumps(body), status, (("Content-Type", "application/json; charset=UTF-8"), *headers)
    )


def discovery(shown: Any, headers: tuple[tuple[str, str], ...] = ()) -> HttpAnswer:
    """The answer to a business discovery; `shown` may be any value."""
    return json_answer({"business_discovery": shown, "id": IG_USER_ID}, headers=headers)


def error(
    code: int,
    message: str = "An error",
    *,
    subcode: int | None = None,
    status: int = 400,
    transient: bool = False,
    headers: tuple[tuple[str, str], ...] = (),
) -> HttpAnswer:
    """An error answer."""
    body: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        body["error_subcode"] = subcode
    return json_answer(
        {"error": body | {"is_transient": transient, "fbtrace_id": "Astandin"}}, status, headers
    )


def usage(used_percent: int, regain_minutes: int | None = None) -> tuple[tuple[str, str], ...]:
    """Headers with the used share of the rate limits, and the minutes until access is regained."""
    counts = {"call_count": used_percent, "total_time": used_percent // 2, "total_cputime": 0}
    headers = [("X-App-Usage", json.dumps(counts))]
    if regain_minutes is not None:
        case = {"type": "instagram", **counts, "estimated_time_to_regain_access": regain_minutes}
        headers.append(("X-Business-Use-Case-Usage", json.dumps({IG_USER_ID: [case]})))
    return tuple(headers)


NOBODY = error(110, "Invalid user id", subcode=2207013)
THROTTLED = error(4, "Application request limit reached", status=403, transient=True)
EXPIRED = error(190, "Error validating access token: the session has expired", subcode=463, status=401)
DOWN = error(2, "Service temporarily unavailable", status=503, transient=True)
SYNTAX = error(100, "Syntax error in the fields parameter")
NO_SUCH_NODE = error(100, "Unsupported get request: no object with this id", subcode=33)
