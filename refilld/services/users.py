"""Adding and changing users, for administrators at the prompt and for users themselves."""

import re
from datetime import datetime

from monitor.errors import BadInputError
from monitor.model.role import Role
from refilld.services import passwords
from storage import sign_in_attempts, users
from storage.engine import Database, Transaction, advisory_lock
from storage.errors import NotFoundError, WrongStateError
from storage.users import UserRow

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


def canonical_name(typed: str) -> str:
    """The name as it is stored; names are the same in upper and lower case."""
    return typed.strip().lower()


def checked_name(typed: str) -> str:
    """The canonical name; raises BadInputError unless it may be used."""
    name = canonical_name(typed)
    if not _NAME.fullmatch(name):
        raise BadInputError("name", "has up to 64 letters, digits and . _ @ + -, such as alice")
    return name


def existing(tx: Transaction, typed: str) -> UserRow:
    """The user of a name; raises NotFoundError."""
    found = users.named(tx, canonical_name(typed))
    if found is None:
        raise NotFoundError(f"there is no user {canonical_name(typed)}; refilld user list shows all")
    return found


def add(database: Database, typed: str, role: Role, password: str, now: datetime) -> UserRow:
    """Add a user; raises BadInputError or WrongStateError."""
    name = checked_name(typed)
    password_hash = passwords.hashed(passwords.checked(password, name))
    with database.write() as tx:
        return users.get(tx, users.add(tx, name, role, password_hash, now))


def set_password(database: Database, typed: str, password: str, now: datetime) -> None:
    """Replace a password, end the user's sessions, and forget their failed attempts to sign in.

    Raises NotFoundError or BadInputError.
    """
    name = canonical_name(typed)
    with database.read() as tx:
        user = existing(tx, name)
    password_hash = passwords.hashed(passwords.checked(password, name))
    with database.write() as tx:
        users.set_password(tx, user.user_id, password_hash, now)
        sign_in_attempts.forget(tx, name)


def set_role(tx: Transaction, typed: str, role: Role, now: datetime) -> bool:
    """Change a role; False if the user has it already. Raises NotFoundError."""
    user = existing(tx, typed)
    if user.role is role:
        return False
    users.set_role(tx, user.user_id, role, now)
    return True


def disable(tx: Transaction, typed: str, now: datetime) -> None:
    """Disable a user; raises NotFoundError or WrongStateError."""
    user = existing(tx, typed)
    if user.disabled_at is not None:
        raise WrongStateError(f"user {user.name} is disabled already")
    users.disable(tx, user.user_id, now)


def enable(tx: Transaction, typed: str, now: datetime) -> None:
    """Enable a disabled user; raises NotFoundError or WrongStateError."""
    user = existing(tx, typed)
    if user.disabled_at is None:
        raise WrongStateError(f"user {user.name} is not disabled")
    users.enable(tx, user.user_id, now)


def require_other_admin(tx: Transaction, user: UserRow) -> None:
    """Raise WrongStateError if nobody else could manage users at the pages."""
    advisory_lock(tx, "refilld last admin")  # or two admins could lock out each other
    if users.enabled_admins(tx) == [user.user_id]:
        raise WrongStateError(f"{user.name} is the last admin; give another user the role admin first")


def remove_totp(tx: Transaction, typed: str, now: datetime) -> None:
    """Remove a second factor, such as of a lost phone; raises NotFoundError or WrongStateError."""
    user = existing(tx, typed)
    if user.totp_secret is None:
        raise WrongStateError(f"user {user.name} has no second factor")
    users.remove_totp(tx, user.user_id, now)
