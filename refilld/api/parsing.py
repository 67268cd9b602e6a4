"""Parsing requests: JSON bodies, query strings and ids, validated by their schemas."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from flask import request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import parse_options_header

from monitor.model.whole_number import whole_number
from refilld.api.problems import InvalidQueryError
from refilld.api.schemas import Body
from refilld.services.input_limits import LARGEST_ID
from refilld.services.list_query import UNREADABLE, ListQuery, QueryFault, QueryFormat
from storage.errors import NotFoundError

M = TypeVar("M", bound=Body)
F = TypeVar("F")
LISTED = 100
"""Rows of a page, if no other number is wanted."""
NOUNS: Mapping[str, str] = MappingProxyType(
    {"refill_id": "refill", "endpoint_id": "webhook endpoint", "delivery_id": "delivery"}
)
"""What has numbers in paths."""


def read_body(model: type[M]) -> M:
    """The request's JSON body; raises UnsupportedMediaType and the errors of `Body.read`."""
    data = request.get_data(cache=False)
    if model.optional and not data:
        return model()
    headers = request.environ
    fault = _media_fault(headers.get("CONTENT_TYPE", ""), headers.get("HTTP_CONTENT_ENCODING", "identity"))
    if fault:
        raise UnsupportedMediaType(fault)
    return model.read(data)


@lru_cache(maxsize=64)
def _media_fault(content_type: str, encoding: str) -> str:
    """Why a body with these headers is not plain JSON; empty if it is."""
    mimetype, parameters = parse_options_header(content_type)
    if mimetype.lower() != "application/json":
        return "The body must be application/json."
    if encoding.strip().lower() != "identity":
        return "No Content-Encoding is known; send the body as it is, without that header."
    if parameters.get("charset", "utf-8").lower() != "utf-8":
        return "The charset is not UTF-8; send the body in UTF-8, without a charset."
    return ""


def read_list(query: QueryFormat[F], now: datetime) -> ListQuery[F]:
    """The list that the request's query string names; raises InvalidQueryError.

    Fields without a value are refused: a filter that was forgotten must not find everything.
    """
    try:
        text = request.query_string.decode()
    except UnicodeDecodeError:
        raise InvalidQueryError([UNREADABLE]) from None
    read = query.parse(text, now, LISTED, empty_allowed=False)
    if isinstance(read, tuple):
        raise InvalidQueryError(read)
    return read


def read_no_query() -> None:
    """Check that there is no query string; raises InvalidQueryError."""
    if request.query_string:
        raise InvalidQueryError([QueryFault("query", "is not known here; leave it out")])


def read_id(text: str, noun: str) -> int:
    """An id in a URL; raises NotFoundError if it is not a possible id."""
    found = whole_number(text, LARGEST_ID)
    if found is None:
        raise NotFoundError(f"there is no such {noun}")
    return found
