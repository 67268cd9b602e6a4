"""Parameter types that several commands use."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum

import click

from monitor.errors import BadInputError
from monitor.model.duration import format_duration, parse_duration
from refilld.services.input_limits import LARGEST_ID, LONGEST_NAME, LONGEST_TEXT, without_control_characters

ROW_ID = click.IntRange(1, LARGEST_ID)
"""The id of a refill or a token."""


def choice(values: Iterable[StrEnum], *, case_sensitive: bool = True) -> click.Choice[str]:
    """A parameter type for one of these values, as it is written everywhere; click would take their names."""
    return click.Choice([str(value) for value in values], case_sensitive=case_sensitive)


def duration_between(shortest: timedelta, longest: timedelta) -> Callable[[str], timedelta]:
    """A parameter type for a duration such as 90s, 30m, 24h or 30d, within bounds."""

    def duration(value: str) -> timedelta:
        try:
            found = parse_duration(value)
        except BadInputError as error:
            raise click.BadParameter(error.problem) from None
        if not shortest <= found <= longest:
            raise click.BadParameter(f"must be {format_duration(shortest)} to {format_duration(longest)}")
        return found

    return duration


DURATION = duration_between(timedelta(seconds=1), timedelta(days=36_500))


def text_up_to(longest: int) -> Callable[[str], str]:
    """A parameter type for text: not empty, at most `longest` characters, no control characters."""

    def text(value: str) -> str:
        if not 1 <= len(value) <= longest:
            raise click.BadParameter(f"must have 1 to {longest} characters")
        try:
            return without_control_characters(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return text


TEXT = text_up_to(LONGEST_TEXT)
NAME = text_up_to(LONGEST_NAME)
