"""What the sections share: their base class, durations, and errors about one key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from monitor.errors import BadInputError
from monitor.model.duration import parse_duration


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_duration(str(value))
    except BadInputError as error:
        raise ValueError(error.problem) from None


def window_or_lifetime(value: object) -> object:
    return None if value == "lifetime" else value


def wrong(problem: str, *key: str) -> ValidationError:
    """An error about one key below the validated section."""
    fault = PydanticCustomError("value_error", "{problem}", {"problem": problem})
    return ValidationError.from_exception_data(
        "settings", [InitErrorDetails(type=fault, loc=key, input=None)]
    )


def valid(text: str, parse: Callable[[str], object]) -> str:
    """The text, if it can be parsed; ValueError with the problem otherwise."""
    try:
        parse(text)
    except BadInputError as error:
        raise ValueError(error.problem) from None
    return text


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Lifetime = Annotated[Annotated[Duration, Field(gt=timedelta(0))] | None, BeforeValidator(window_or_lifetime)]
"""A duration, or None for "lifetime" (without end)."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
