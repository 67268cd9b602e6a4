"""Parsing requests: JSON bodies, query strings and ids, validated by their schemas."""

from typing import TypeVar

from flask import request
from pydantic import BaseModel
from werkzeug.exceptions import UnsupportedMediaType

from monitor.model.whole_number import whole_number
from refilld.api.schemas import Nothing
from refilld.services.input_limits import LARGEST_ID
from storage.errors import NotFoundError

M = TypeVar("M", bound=BaseModel)


def read_body(model: type[M]) -> M:
    """The request's JSON body; raises UnsupportedMediaType or pydantic's ValidationError."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("The body must be application/json.")
    return model.model_validate_json(request.get_data(cache=False))


def read_nothing() -> None:
    """Check that the body is missing or an empty object."""
    if request.get_data():
        read_body(Nothing)


def read_query(model: type[M]) -> M:
    """The request's query string; raises pydantic's ValidationError."""
    return model.model_validate(request.args.to_dict())


def read_id(text: str, noun: str) -> int:
    """An id in a URL; raises NotFoundError if it is not a possible id."""
    found = whole_number(text, LARGEST_ID)
    if found is None:
        raise NotFoundError(f"there is no such {noun}")
    return found
