"""Who asks for a page."""

from dataclasses import dataclass, field

from flask import g

from monitor.model.role import Role


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a browser."""

    secret: str = field(repr=False)
    """The value of their cookie; forms and messages are bound to it."""
    name: str = ""
    """Empty before sign-in."""
    role: Role | None = None
    """None before sign-in."""
    user_id: int | None = None
    """None before sign-in, and for somebody whom a proxy has signed in."""
    session_id: int | None = None
    """Likewise."""
    language: str | None = None
    """That they have chosen; None if their browser decides."""

    def may(self, needed: Role) -> bool:
        """Whether they may do what needs this role."""
        return self.role is not None and self.role.includes(needed)


def visitor() -> Visitor:
    """Who sent the current request."""
    found: Visitor = g.visitor
    return found
