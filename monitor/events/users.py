"""Events about the people who use the pages."""

from dataclasses import dataclass

from monitor.events.event import Payload
from monitor.model.role import Role


@dataclass(frozen=True, slots=True)
class UserChanged(Payload):
    """A user was added or changed, or has signed in."""

    user_id: int
    name: str
    role: Role
    """The role after the change."""


@dataclass(frozen=True, slots=True)
class SignInLimited(Payload):
    """So many attempts to sign in have failed that no more are accepted for a time."""

    peer: str
    """The address of the last attempt; behind a proxy that of the proxy."""
    failures: int
