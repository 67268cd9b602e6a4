"""Who acts: the person or program on whose behalf a transaction is, for the events that it stores."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What an actor is: the first word of its name."""

    PAGE = "page"
    """A person at the pages."""
    CLI = "cli"
    """A person at the prompt."""
    TOKEN = "token"  # noqa: S105  # not a password
    """A program with a token."""
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a program."""

    name: str
    """What it is and its name, such as `cli root`, `token panel` or `job sampling`."""
    request_id: str | None = None
    """Of the HTTP request; None for commands and jobs."""


UNKNOWN = Actor("")
_ACTOR: ContextVar[Actor] = ContextVar("actor", default=UNKNOWN)


def actor() -> Actor:
    """Who acts in this thread."""
    return _ACTOR.get()


def become(who: Actor) -> None:
    """Let what this thread does next be done by this actor."""
    _ACTOR.set(who)


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    """Let everything inside be done by this actor."""
    before = _ACTOR.set(who)
    try:
        yield
    finally:
        _ACTOR.reset(before)
