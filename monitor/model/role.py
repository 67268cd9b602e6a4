"""What a person may do on the pages of the desk."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """The role of a user, from the least to the most."""

    VIEWER = "viewer"
    """Reads everything but secrets."""
    OPERATOR = "operator"
    """Also acts on orders, refills, reviews and alerts."""
    ADMIN = "admin"
    """Also manages what connects to the program, such as webhooks and users."""

    def includes(self, needed: "Role") -> bool:
        """Whether who has this role may do what needs the other one."""
        return _ORDER.index(self) >= _ORDER.index(needed)


def highest(roles: Iterable[Role]) -> Role | None:
    """The role that includes all others; None without any."""
    return max(roles, key=_ORDER.index, default=None)


_ORDER = tuple(Role)
