"""Signing in somebody whom an OpenID provider has signed in: a user of the database without a password.

They are known by issuer and subject, which never change. A name that another user has is not given to them,
or a provider could make somebody an existing admin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from monitor.errors import BadInputError
from monitor.events.kind import EventKind
from monitor.model.role import Role, highest
from refilld.services.users import checked_name
from refilld.settings.oidc import OidcSection
from storage import user_sessions, users
from storage.actor import acting, actor
from storage.engine import Database, Transaction
from storage.user_sessions import SessionLife
from storage.users import EXTERNAL, UserRow


class ExternalRefusal(StrEnum):
    """Why somebody may not sign in."""

    NO_ROLE = "no role"
    WRONG_NAME = "wrong name"
    NAME_TAKEN = "name taken"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class ExternalUser:
    """Somebody as a provider knows them."""

    identity: str
    name: str
    role: Role | None
    """The highest of their groups."""
    peer: str
    browser: str


def external_user(claims: Mapping[str, Any], section: OidcSection, peer: str, browser: str) -> ExternalUser:
    """Read the claims of a provider."""
    known = sha256(f"{section.issuer}\n{claims['sub']}".encode()).hexdigest()
    groups = claims.get(section.groups_claim, [])
    listed = groups if isinstance(groups, list) else [groups]
    member_of = {group for group in listed if isinstance(group, str)}
    role = highest(role for group, role in section.roles.items() if group in member_of)
    return ExternalUser(f"{EXTERNAL}{known}", str(claims.get(section.name_claim, "")), role, peer, browser)


def sign_in_external(
    database: Database, who: ExternalUser, life: SessionLife, now: datetime
) -> str | ExternalRefusal:
    """Begin a session and return its token; users are added and get the role of their groups as they come."""
    if who.role is None:
        return ExternalRefusal.NO_ROLE
    try:
        name = checked_name(who.name)
    except BadInputError:
        return ExternalRefusal.WRONG_NAME
    with database.write() as tx:
        known = users.external(tx, who.identity)
        if known is None and users.named(tx, name) is not None:
            return ExternalRefusal.NAME_TAKEN
        if known is not None and known.disabled_at is not None:
            return ExternalRefusal.DISABLED
        with acting(replace(actor(), name=f"page {known.name if known else name}")):
            user = _present(tx, known, name, who, now)
            users.note(tx, EventKind.USER_SIGNED_IN, user.user_id, now)
        return user_sessions.begin(tx, user.user_id, who.peer, who.browser, life, now)


def _present(tx: Transaction, known: UserRow | None, name: str, who: ExternalUser, now: datetime) -> UserRow:
    """The user with the role that they have now."""
    role = who.role or Role.VIEWER
    if known is None:
        return users.get(tx, users.add(tx, name, role, who.identity, now))
    if known.role is not role:
        users.set_role(tx, known.user_id, role, now)
    return users.get(tx, known.user_id)
