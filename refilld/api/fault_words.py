"""What is wrong with a body or a request, in words of refilld instead of those of its libraries."""

from collections.abc import Mapping
from http import HTTPStatus

from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException

_TIMES = (
    "datetime_type",
    "datetime_parsing",
    "datetime_from_date_parsing",
    "datetime_object_invalid",
    "timezone_aware",
)
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(_TIMES, "must be a time with its offset from UTC, such as 2026-03-01T00:00:00Z"),
    "missing": "is missing",
    "extra_forbidden": "is not known here; leave it out",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be a text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "has too many digits",
    "bool_type": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} elements",
    "too_long": "must have at most {max_length} elements",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "json_invalid": "is not JSON: {error}",
}
"""By the type of a validation error; the errors of validators of refilld have their own words."""
_ONE = {"string_too_short": "must not be empty", "too_short": "must not be empty"}
"""Where one character, or one element, is the least."""
_REFUSED: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "There is no such path; /openapi.json has all of them.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path takes other methods, which the header Allow names.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 1 MiB.",
}


def fault_words(fault: ErrorDetails) -> str:
    """What is wrong with the field of a fault."""
    context = fault.get("ctx", {})
    words = _WORDS.get(fault["type"])
    if words is None:
        return fault["msg"].removeprefix("Value error, ")
    if context.get("min_length") == 1:
        words = _ONE[fault["type"]]
    return words.format_map(context)


def refusal_words(error: HTTPException) -> str | None:
    """Why the framework refuses a request: its own sentence only if refilld has written it."""
    if error.description != type(error).description:
        return error.description
    return _REFUSED.get(error.code or 0)
